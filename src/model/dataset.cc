#include "model/dataset.h"

#include <algorithm>

namespace cairn {

void Dataset::add(void* data_buffer) {
  const std::lock_guard lock(mutex_);
  buffers_.push_back(data_buffer);
}

size_t Dataset::count() const {
  const std::lock_guard lock(mutex_);
  return buffers_.size();
}

void* Dataset::buffer(size_t index) const {
  const std::lock_guard lock(mutex_);
  return index < buffers_.size() ? buffers_[index] : nullptr;
}

bool Dataset::copy(std::span<void*> handles) const {
  const std::lock_guard lock(mutex_);
  if (buffers_.size() != handles.size()) return false;
  std::ranges::copy(buffers_, handles.begin());
  return true;
}

Dataset::~Dataset() {
  for (const Ref<TensorDesc>& each : descriptions_)
    if (each) handle_table<TensorDesc>().remove(each.handle());
}

bool Dataset::describe(size_t index, aclDataType type, std::vector<int64_t> dims, aclFormat format) {
  const std::lock_guard lock(mutex_);
  if (index >= buffers_.size()) return false;
  if (descriptions_.size() <= index) descriptions_.resize(index + 1);
  Ref<TensorDesc>& kept = descriptions_[index];
  // The user may have destroyed the handle.
  if (kept && handle_table<TensorDesc>().find(kept.handle()) == kept) {
    kept->assign(type, std::move(dims), format);
    return true;
  }
  auto made = TensorDesc::create(type, std::move(dims), format);
  if (!made.is_ok()) return false;
  kept = handle_table<TensorDesc>().insert(std::move(*made));
  has_descriptions_.store(true, std::memory_order_relaxed);
  return static_cast<bool>(kept);
}

void* Dataset::description(size_t index) const {
  const std::lock_guard lock(mutex_);
  if (index >= descriptions_.size() || !descriptions_[index]) return nullptr;
  void* const handle = descriptions_[index].handle();
  return handle_table<TensorDesc>().find(handle) == descriptions_[index] ? handle : nullptr;
}

std::optional<std::vector<int64_t>> Dataset::described_dims(size_t index) const {
  const std::lock_guard lock(mutex_);
  if (index >= descriptions_.size() || !descriptions_[index]) return std::nullopt;
  return descriptions_[index]->dims();
}

void Dataset::set_gear(uint32_t model_id, size_t gear, std::vector<int64_t> values) {
  const std::lock_guard lock(mutex_);
  gear_model_ = model_id;
  gear_ = gear;
  gear_values_ = std::move(values);
}

std::optional<size_t> Dataset::gear(uint32_t model_id, std::span<const OmShapes> gears) const {
  const std::lock_guard lock(mutex_);
  if (gear_model_ == 0) return std::nullopt;
  if (gear_model_ == model_id) return gear_;
  for (size_t i = 0; i < gears.size(); ++i)
    if (gears[i].gear == gear_values_) return i;
  return std::nullopt;
}

Status describe_tensor(Dataset& dataset, const TensorDesc& desc, size_t index) {
  if (std::ranges::any_of(desc.dims(), [](int64_t dim) { return dim < 0; }))
    return error(ACL_ERROR_INVALID_PARAM, "MDL-069",
                 "the description's dims are [{}]; the shape of the data must be known, give sizes from 0 on",
                 fmt::join(desc.dims(), ", "));
  if (dataset.describe(index, desc.type(), desc.dims(), desc.format())) return {};
  return error(ACL_ERROR_INVALID_PARAM, "MDL-071",
               "index {} is out of range, the dataset has {} data buffers; add them first", index,
               dataset.count());
}

}  // namespace cairn
