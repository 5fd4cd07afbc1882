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

}  // namespace cairn
