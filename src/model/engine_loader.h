// Opens libcairn_engine.so, which links the compute engine, when the first model is needed: programs without
// models neither load nor need it.
#pragma once

#include "base/status.h"
#include "engine/engine.h"

namespace cairn {

/// The engine of this process, or an error that says what is missing. A failed attempt is repeated by the
/// next call. Thread-safe.
Result<Engine*> load_engine();

}  // namespace cairn
