#include "model/model_priorities.h"

#include <algorithm>

namespace cairn {

ModelPriorities& ModelPriorities::get() {
  static auto* priorities = new ModelPriorities;  // Never destroyed: tasks may run when the process ends.
  return *priorities;
}

bool ModelPriorities::higher_runs(int priority) const {
  return std::any_of(running_.begin(), running_.begin() + priority, [](uint32_t runs) { return runs > 0; });
}

void ModelPriorities::begin(int priority) {
  std::unique_lock lock(mutex_);
  ++running_[static_cast<size_t>(priority)];
  ended_.wait_for(lock, kLongestWait, [&] { return !higher_runs(priority); });
}

void ModelPriorities::end(int priority) {
  {
    const std::lock_guard lock(mutex_);
    --running_[static_cast<size_t>(priority)];
  }
  ended_.notify_all();
}

}  // namespace cairn
