#include "model/model_gears.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "base/observer.h"
#include "device/guarded_copy.h"
#include "device/runtime.h"
#include "model/dataset.h"
#include "model/model.h"
#include "tensor/data_buffer.h"

namespace cairn {
namespace {

std::string_view kind_name(OmGearKind kind) {
  switch (kind) {
    case OmGearKind::kBatch:
      return "batch size";
    case OmGearKind::kImage:
      return "image size";
    default:
      return "dims";
  }
}

/// The dims of all inputs of the network, one after the other.
std::vector<int64_t> all_dims(const OmShapes& shapes) {
  std::vector<int64_t> all;
  for (const OmTensor& input : shapes.network_inputs)
    all.insert(all.end(), input.dims.begin(), input.dims.end());
  return all;
}

/// `numbers(shapes)` of each gear.
template <class Numbers>
std::string list_gears(std::span<const OmShapes> gears, Numbers&& numbers) {
  constexpr size_t kMostCharacters = 600;
  std::string text;
  for (const OmShapes& shapes : gears) {
    if (text.size() > kMostCharacters) return text + ", ...";
    const std::vector<int64_t> values = numbers(shapes);
    const std::string joined = fmt::format("{}", fmt::join(values, ", "));
    text += (text.empty() ? "" : ", ") + (values.size() == 1 ? joined : fmt::format("[{}]", joined));
  }
  return text;
}

bool has_gears(const ModelInfo& info, OmGearKind kind) {
  return info.gear_kind == kind;
}

Status check_kind(const Model& model, OmGearKind kind) {
  const ModelInfo& info = model.info();
  if (has_gears(info, kind)) return {};
  if (!info.gear_kind)
    return error(ACL_ERROR_MODEL_NOT_DYNAMIC, "GDM-035",
                 "model {} has no gears; convert it with --dynamic_{}", model.id(),
                 kind == OmGearKind::kBatch   ? "batch_size"
                 : kind == OmGearKind::kImage ? "image_size"
                                              : "dims");
  return error(ACL_ERROR_INVALID_PARAM, "MDL-072",
               "the gears of model {} are of kind {}, not {}; call {}, the gears are {}", model.id(),
               kind_name(*info.gear_kind), kind_name(kind), gear_setter(*info.gear_kind),
               gear_text(info.gears));
}

Status check_index(const ModelInfo& info, size_t index) {
  const size_t expected = info.inputs.size() - 1;
  if (index == expected) return {};
  return error(ACL_ERROR_INVALID_PARAM, "MDL-031",
               "index = {} is not the input {}, which is {}; ask acl.mdl.get_input_index_by_name", index,
               kGearInputName, expected);
}

/// The memory of the gear input, large enough for the numbers.
struct GearMemory {
  void* user;
  size_t number_bytes;  ///< Of each number: 4, or 8 if there is room.
};

Result<GearMemory> gear_memory(const Dataset& dataset, size_t index, size_t numbers) {
  const void* handle = dataset.buffer(index);
  if (handle == nullptr)
    return error(ACL_ERROR_INVALID_PARAM, "GDM-040",
                 "the dataset has {} data buffers; the one for input {} ({}) is missing, add it with "
                 "acl.mdl.add_dataset_buffer",
                 dataset.count(), index, kGearInputName);
  CAIRN_ASSIGN(const DataBuffer::Contents buffer, DataBuffer::read(handle, "dataset", "GDM-040"));
  const auto [data, size] = buffer;
  if (data == nullptr)
    return error(ACL_ERROR_GE_DYNAMIC_INPUT_ADDR_INVALID, "GDM-040",
                 "the data buffer of input {} ({}) has no memory; allocate {} bytes", index, kGearInputName,
                 numbers * sizeof(uint32_t));
  if (size < numbers * sizeof(uint32_t))
    return error(ACL_ERROR_GE_DYNAMIC_INPUT_LENGTH_INVALID, "GDM-040",
                 "the data buffer of input {} ({}) has {} bytes, it needs {}; ask "
                 "acl.mdl.get_input_size_by_index",
                 index, kGearInputName, size, numbers * sizeof(uint32_t));
  const bool wide = size / sizeof(uint64_t) >= numbers;
  return GearMemory{data, wide ? sizeof(uint64_t) : sizeof(uint32_t)};
}

Status write_numbers(const char* function, const GearMemory& memory, const std::vector<int64_t>& values) {
  std::vector<std::byte> bytes(values.size() * memory.number_bytes);
  for (size_t i = 0; i < values.size(); ++i)  // Little endian: the low bytes come first.
    std::memcpy(&bytes[i * memory.number_bytes], &values[i], memory.number_bytes);
  CAIRN_ASSIGN(std::byte * target,
               Runtime::get().resolve_any(memory.user, bytes.size(), kGearInputName.data(), "GDM-040"));
  observe([&](Observer& watching) {
    const MemoryAccess write{memory.user, bytes.size(), MemoryAccess::Kind::kWrite};
    watching.accessed(function, {&write, 1});
  });
  if (guarded_copy(target, bytes.data(), bytes.size())) return {};
  return error(ACL_ERROR_GE_DYNAMIC_INPUT_ADDR_INVALID, "GDM-040",
               "{} of input {} is neither device memory nor host memory that can be written", memory.user,
               kGearInputName);
}

/// `matches(shapes)`: this gear is meant.
template <class Matches>
Status set_matching(const char* function, uint32_t model_id, const void* dataset, size_t index,
                    OmGearKind kind, std::string_view rule, const std::string& given, Matches&& matches) {
  CAIRN_ASSIGN(const std::shared_ptr<Model> model, ModelTable::get().find(model_id));
  CAIRN_ASSIGN(const Ref<Dataset> inputs, find<Dataset>(dataset, "dataset", "MDL-152"));
  const ModelInfo& info = model->info();
  CAIRN_RETURN_IF_ERROR(check_kind(*model, kind));
  CAIRN_RETURN_IF_ERROR(check_index(info, index));
  const auto gear = std::ranges::find_if(info.gears, matches);
  if (gear == info.gears.end())
    return error(ACL_ERROR_GE_DYNAMIC_BATCH_SIZE_INVALID, rule,
                 "the {} {} is no gear of model {}; its gears are {}", kind_name(kind), given, model_id,
                 kind == OmGearKind::kDims ? list_gears(info.gears, all_dims) : gear_text(info.gears));
  CAIRN_ASSIGN(const GearMemory memory, gear_memory(*inputs, index, gear->gear.size()));
  CAIRN_RETURN_IF_ERROR(write_numbers(function, memory, gear->gear));
  const auto number = static_cast<size_t>(gear - info.gears.begin());
  inputs->set_gear(model_id, number, gear->gear);
  model->set_current_gear(number);
  return {};
}

}  // namespace

std::string_view gear_setter(OmGearKind kind) {
  switch (kind) {
    case OmGearKind::kBatch:
      return "acl.mdl.set_dynamic_batch_size";
    case OmGearKind::kImage:
      return "acl.mdl.set_dynamic_hw_size";
    default:
      return "acl.mdl.set_input_dynamic_dims";
  }
}

std::string gear_text(std::span<const OmShapes> gears) {
  return list_gears(gears, [](const OmShapes& shapes) { return shapes.gear; });
}

Status set_gear(const char* function, uint32_t model_id, const void* dataset, size_t index, OmGearKind kind,
                std::span<const uint64_t> values) {
  const std::string_view rule = kind == OmGearKind::kBatch ? "MDL-032" : "MDL-034";
  return set_matching(function, model_id, dataset, index, kind, rule,
                      fmt::format("{}", fmt::join(values, ", ")), [&](const OmShapes& shapes) {
                        return std::ranges::equal(shapes.gear, values, [](int64_t gear, uint64_t value) {
                          return static_cast<uint64_t>(gear) == value;
                        });
                      });
}

Status set_gear_by_dims(uint32_t model_id, const void* dataset, size_t index, const aclmdlIODims& dims) {
  if (dims.dimCount > ACL_MAX_DIM_CNT)
    return error(ACL_ERROR_INVALID_PARAM, "MDL-047", "dimCount is {}; it is at most {}", dims.dimCount,
                 ACL_MAX_DIM_CNT);
  const std::vector<int64_t> wanted(dims.dims, dims.dims + dims.dimCount);
  return set_matching("aclmdlSetInputDynamicDims", model_id, dataset, index, OmGearKind::kDims, "MDL-048",
                      fmt::format("[{}]", fmt::join(wanted, ", ")),
                      [&](const OmShapes& shapes) { return all_dims(shapes) == wanted; });
}

void fill_batches(const ModelInfo& info, aclmdlBatch& out) {
  out = {};
  if (!has_gears(info, OmGearKind::kBatch)) return;
  for (const OmShapes& shapes : info.gears)
    if (out.batchCount < ACL_MAX_BATCH_NUM)
      out.batch[out.batchCount++] = static_cast<uint64_t>(shapes.gear[0]);
}

void fill_image_sizes(const ModelInfo& info, aclmdlHW& out) {
  out = {};
  if (!has_gears(info, OmGearKind::kImage)) return;
  for (const OmShapes& shapes : info.gears) {
    if (out.hwCount == ACL_MAX_HW_NUM) return;
    out.hw[out.hwCount][0] = static_cast<uint64_t>(shapes.gear[0]);
    out.hw[out.hwCount][1] = static_cast<uint64_t>(shapes.gear[1]);
    ++out.hwCount;
  }
}

size_t count_dims_gears(const ModelInfo& info) {
  return has_gears(info, OmGearKind::kDims) ? info.gears.size() : 0;
}

Status fill_dims_gears(const ModelInfo& info, std::span<aclmdlIODims> out) {
  if (count_dims_gears(info) == 0)
    return error(ACL_ERROR_MODEL_NOT_DYNAMIC, "MDL-142",
                 "the model has no gears of dims; convert it with --dynamic_dims");
  if (out.size() != info.gears.size())
    return error(ACL_ERROR_INVALID_PARAM, "MDL-141",
                 "gearCount = {}, the model has {} gears; ask acl.mdl.get_input_dynamic_gear_count",
                 out.size(), info.gears.size());
  for (size_t i = 0; i < out.size(); ++i) {
    const std::vector<int64_t> dims = all_dims(info.gears[i]);
    if (dims.size() > ACL_MAX_DIM_CNT)
      return error(ACL_ERROR_GE_SHAPE_INVALID, "MDL-139",
                   "the inputs have {} dims together, at most {} can be described", dims.size(),
                   ACL_MAX_DIM_CNT);
    out[i] = {};
    out[i].dimCount = dims.size();
    std::ranges::copy(dims, out[i].dims);
  }
  return {};
}

}  // namespace cairn
