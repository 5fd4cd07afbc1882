// The description of a model as a ge.proto.ModelDef and back. Internal to src/om.
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string>

#include "base/status.h"
#include "om/om_model.h"

namespace ge::proto {
class ModelDef;
}

namespace cairn::om {

/// The serialised ModelDef, without padding. The same model gives the same bytes.
Result<std::string> encode_model_def(const OmModel& model);

/// Fills everything but `ir_xml`, `weights` and `partition_sizes`. `weight_bytes` bounds the constants.
Status decode_model_def(std::span<const std::byte> bytes, uint64_t weight_bytes, OmUse use, OmModel& model);

/// Parses a ModelDef within a bounded amount of memory, and hands it to `use`.
Status with_model_def(std::span<const std::byte> bytes,
                      const std::function<Status(const ge::proto::ModelDef&)>& use);

/// The partition MODEL_DEF of a file whose header and table are good.
Result<std::span<const std::byte>> find_model_def(std::span<const std::byte> file);

}  // namespace cairn::om
