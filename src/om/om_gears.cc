#include "om/om_gears.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "acl/acl_mdl.h"
#include "om/om_types.h"

namespace cairn {
namespace {

Status wrong_gear(std::string_view what) {
  return error(ACL_ERROR_GE_EXEC_LOAD_MODEL_PARTITION_FAILED, "MDL-001",
               "the gears of the om file are damaged: {}; convert the model again", what);
}

size_t count_open(const std::vector<int64_t>& dims) {
  return static_cast<size_t>(std::ranges::count(dims, int64_t{-1}));
}

Result<size_t> bytes_of(const OmTensor& tensor) {
  const auto bytes = om::tensor_bytes(tensor.data_type, tensor.dims);
  if (!bytes) return wrong_gear(fmt::format("type or shape of {} is invalid", tensor.name));
  return static_cast<size_t>(*bytes);
}

/// The network's input behind AIPP, and the bytes of the images in front of it.
Result<size_t> fill_aipp(const OmAipp& aipp, const OmTensor& network_input,
                         std::optional<AippParams>& params) {
  CAIRN_ASSIGN(const AippOutput output, om_aipp_output(network_input));
  CAIRN_ASSIGN(params, resolve(aipp.params, output));
  uint64_t bytes = aipp_image_bytes(params->input_format, params->src_image_size_w, params->src_image_size_h);
  if (output.batch < 0 || __builtin_mul_overflow(bytes, static_cast<uint64_t>(output.batch), &bytes))
    return wrong_gear(fmt::format("input {} is too large", network_input.name));
  return static_cast<size_t>(bytes);
}

Status fill_inputs(const OmModel& model, std::vector<std::vector<int64_t>> dims, OmShapes& shapes) {
  for (const OmInput& input : model.inputs) {
    if (input.role != OmInputRole::kData) {
      shapes.input_bytes.push_back(input.bytes);
      continue;
    }
    OmTensor tensor = input.engine_tensor();
    tensor.dims = std::move(dims[shapes.network_inputs.size()]);
    CAIRN_ASSIGN(tensor.bytes, bytes_of(tensor));
    size_t user_bytes = tensor.bytes;
    shapes.aipp.emplace_back();
    if (input.aipp) {
      CAIRN_ASSIGN(user_bytes, fill_aipp(*input.aipp, tensor, shapes.aipp.back()));
    }
    shapes.input_bytes.push_back(user_bytes);
    shapes.network_inputs.push_back(std::move(tensor));
  }
  return {};
}

Status fill_outputs(const OmModel& model, OmShapes& shapes) {
  if (shapes.output_dims.size() != model.outputs.size())
    return wrong_gear(
        fmt::format("a gear has {} outputs, the model {}", shapes.output_dims.size(), model.outputs.size()));
  for (size_t i = 0; i < model.outputs.size(); ++i) {
    OmTensor output = model.outputs[i];
    output.dims = shapes.output_dims[i];
    CAIRN_ASSIGN(const size_t bytes, bytes_of(output));
    shapes.output_bytes.push_back(bytes);
  }
  return {};
}

}  // namespace

Result<std::vector<std::vector<int64_t>>> fill_gear(const std::vector<std::vector<int64_t>>& open,
                                                    OmGearKind kind, std::span<const int64_t> values) {
  size_t all = 0;
  for (const std::vector<int64_t>& dims : open)
    all += count_open(dims);
  // Batch and image size are the same for every input that has them.
  const bool each_whole = kind != OmGearKind::kDims || all != values.size();
  std::vector<std::vector<int64_t>> filled = open;
  size_t next = 0;
  for (std::vector<int64_t>& dims : filled) {
    const size_t count = count_open(dims);
    if (count == 0) continue;
    if (each_whole && count != values.size())
      return wrong_gear(
          fmt::format("an input leaves {} dims open, a gear has {} numbers", count, values.size()));
    if (each_whole) next = 0;
    for (int64_t& dim : dims)
      if (dim == -1) dim = values[next++];
  }
  if (all == 0 || std::ranges::any_of(values, [](int64_t value) { return value <= 0; }))
    return wrong_gear("a number is not greater than 0, or no input leaves a dim open");
  return filled;
}

Result<std::vector<OmShapes>> shapes_of(const OmModel& model) {
  std::vector<std::vector<int64_t>> open;
  for (const OmInput& input : model.inputs)
    if (input.role == OmInputRole::kData) open.push_back(input.engine_tensor().dims);
  std::vector<OmShapes> all;
  if (!model.gears) {
    OmShapes shapes;
    for (const OmTensor& output : model.outputs)
      shapes.output_dims.push_back(output.dims);
    CAIRN_RETURN_IF_ERROR(fill_inputs(model, std::move(open), shapes));
    CAIRN_RETURN_IF_ERROR(fill_outputs(model, shapes));
    all.push_back(std::move(shapes));
    return all;
  }
  for (const OmGears::Gear& gear : model.gears->list) {
    OmShapes shapes;
    shapes.gear = gear.values;
    shapes.output_dims = gear.outputs;
    CAIRN_ASSIGN(std::vector<std::vector<int64_t>> dims, fill_gear(open, model.gears->kind, gear.values));
    CAIRN_RETURN_IF_ERROR(fill_inputs(model, std::move(dims), shapes));
    CAIRN_RETURN_IF_ERROR(fill_outputs(model, shapes));
    all.push_back(std::move(shapes));
  }
  if (all.empty()) return wrong_gear("there are none");
  return all;
}

bool has_open_shapes(const OmModel& model) {
  const auto is_open = [](const OmTensor& tensor) { return count_open(tensor.dims) > 0; };
  return !model.gears &&
         (std::ranges::any_of(model.inputs, is_open) || std::ranges::any_of(model.outputs, is_open));
}

size_t largest_gear(std::span<const OmShapes> gears) {
  const auto total = [](const OmShapes& shapes) {
    return std::accumulate(shapes.input_bytes.begin(), shapes.input_bytes.end(), size_t{0});
  };
  size_t largest = 0;
  for (size_t i = 1; i < gears.size(); ++i)
    if (total(gears[i]) > total(gears[largest])) largest = i;
  return largest;
}

void report_largest(std::span<const OmShapes> gears, std::vector<OmInput>& inputs,
                    std::vector<OmTensor>& outputs) {
  const OmShapes& largest = gears[largest_gear(gears)];
  for (size_t i = 0; i < inputs.size(); ++i) {
    inputs[i].bytes = largest.input_bytes[i];
    for (const OmShapes& gear : gears)
      inputs[i].bytes = std::max(inputs[i].bytes, gear.input_bytes[i]);
  }
  for (size_t i = 0; i < outputs.size(); ++i) {
    outputs[i].dims = largest.output_dims[i];
    outputs[i].bytes = largest.output_bytes[i];
    for (const OmShapes& gear : gears)
      outputs[i].bytes = std::max(outputs[i].bytes, gear.output_bytes[i]);
  }
}

OmInput make_gear_input(const OmGears& gears) {
  OmInput input;
  input.name = kGearInputName;
  input.data_type = ACL_INT32;
  input.format = ACL_FORMAT_ND;
  input.dims = {static_cast<int64_t>(gears.list.empty() ? 0 : gears.list[0].values.size())};
  input.dims_v2 = input.dims;
  input.bytes = static_cast<size_t>(input.dims[0]) * sizeof(int32_t);
  input.role = OmInputRole::kGear;
  return input;
}

}  // namespace cairn
