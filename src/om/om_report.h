// What an .om file holds, for people and programs.
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "base/status.h"
#include "om/om_model.h"

namespace cairn {

/// The text of `atc --mode=6`.
std::string om_display_info(const OmModel& model);

/// The text of `cairn inspect`: inputs, outputs, AIPP, operators, sizes. `list_operators` adds a line for
/// each operator.
std::string om_inspection(const OmModel& model, uint64_t file_bytes, bool list_operators);

/// The same as JSON.
std::string om_inspection_json(const OmModel& model, uint64_t file_bytes, bool list_operators);

/// The JSON of `atc --mode=1`: the model definition of a file, without raw data.
Result<std::string> om_json(std::span<const std::byte> file);
Result<std::string> om_json(const OmModel& model);

/// The same of a model definition written as text, as DUMP_GE_GRAPH does.
Result<std::string> graph_dump_json(std::string_view text);

/// How much of a graph om_proto_text shows.
enum class OmTextDetail : uint8_t {
  kEverything = 1,
  kWithoutValues = 2,  ///< Of constants.
  kRelations = 3,      ///< Operators, their tensors and how they are connected.
};

/// The model definition as protobuf text (ge_ir.proto).
Result<std::string> om_proto_text(const OmModel& model, OmTextDetail detail);

}  // namespace cairn
