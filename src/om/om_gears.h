// The shapes and sizes that the inputs and outputs of a model have in each of its gears.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "om/om_model.h"

namespace cairn {

/// ACL_DYNAMIC_TENSOR_NAME.
inline constexpr std::string_view kGearInputName = "ascend_mbatch_shape_data";

/// A model with all dims known: in one gear, or a model without gears.
struct OmShapes {
  std::vector<int64_t> gear;                    ///< The gear's numbers; empty without gears.
  std::vector<OmTensor> network_inputs;         ///< What the network takes, one for each of its inputs.
  std::vector<std::optional<AippParams>> aipp;  ///< Of each network input; complete.
  std::vector<size_t> input_bytes;              ///< Of the user's buffers, one for each input of the model.
  std::vector<std::vector<int64_t>> output_dims;
  std::vector<size_t> output_bytes;
};

/// Puts a gear's numbers in the place of the dims that are -1.
///   batch: every -1 is the batch. image: the -1 of the input are height and width.
///   dims: the -1 of all inputs in order, or each input with -1 takes all numbers.
Result<std::vector<std::vector<int64_t>>> fill_gear(const std::vector<std::vector<int64_t>>& open,
                                                    OmGearKind kind, std::span<const int64_t> values);

/// One entry per gear, one without gears. Fails where dims are missing, wrong or too large.
Result<std::vector<OmShapes>> shapes_of(const OmModel& model);

/// The gear whose inputs have the most bytes together; the first of several.
size_t largest_gear(std::span<const OmShapes> gears);

/// Dims and bytes of inputs and outputs become those that the API reports: the bytes of the largest of all
/// gears, the output dims of the largest gear.
void report_largest(std::span<const OmShapes> gears, std::vector<OmInput>& inputs,
                    std::vector<OmTensor>& outputs);

/// The input that takes the gear: int32, one number for each of the gear's.
OmInput make_gear_input(const OmGears& gears);

}  // namespace cairn
