// Where the constants of an IR lie in its weights.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "engine/imported_network.h"

namespace cairn {

/// Reads the layers of type Const in the text that the engine wrote: tensor name -> place.
std::map<std::string, NetworkIr::Place, std::less<>> find_ir_constants(std::string_view xml);

}  // namespace cairn
