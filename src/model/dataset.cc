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

}  // namespace cairn
