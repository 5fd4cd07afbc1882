// The description of a model as a ge.proto.ModelDef and back. Internal to src/om.
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "base/status.h"
#include "om/om_model.h"

namespace cairn::om {

/// The serialised ModelDef, without padding. The same model gives the same bytes.
Result<std::string> encode_model_def(const OmModel& model);

/// Fills everything but `ir_xml`, `weights` and `partition_sizes`. `weight_bytes` bounds the constants.
Status decode_model_def(std::span<const std::byte> bytes, uint64_t weight_bytes, OmUse use, OmModel& model);

}  // namespace cairn::om
