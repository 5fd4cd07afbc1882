// Which of the models that want to run now goes first (ACL_MDL_PRIORITY_INT32).
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>

namespace cairn {

/// A run of a model with a lower priority lets those with a higher one go first: it begins when none of them
/// is under way, or after kLongestWait, so that it cannot starve. Runs that have begun go on. As long as no
/// model with a priority other than 0 is loaded this costs one load per run. Thread-safe.
class ModelPriorities {
 public:
  static constexpr int kLowest = 7;
  static constexpr auto kLongestWait = std::chrono::milliseconds(500);

  static ModelPriorities& get();

  /// Called when a model is loaded and when it goes.
  void add(int priority) { lower_models_.fetch_add(priority > 0 ? 1 : 0, std::memory_order_relaxed); }
  void remove(int priority) { lower_models_.fetch_sub(priority > 0 ? 1 : 0, std::memory_order_relaxed); }

  /// A turn of a model, for as long as the object lives.
  class Turn {
   public:
    Turn(ModelPriorities& priorities, int priority) {
      if (priorities.lower_models_.load(std::memory_order_relaxed) == 0) [[likely]]
        return;
      priorities.begin(priority);
      priorities_ = &priorities;
      priority_ = priority;
    }
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;
    ~Turn() {
      if (priorities_ != nullptr) priorities_->end(priority_);
    }

   private:
    ModelPriorities* priorities_ = nullptr;
    int priority_ = 0;
  };

 private:
  void begin(int priority);
  void end(int priority);
  bool higher_runs(int priority) const;  // Under mutex_.

  std::atomic<uint32_t> lower_models_{0};  ///< Loaded models with a priority other than 0.
  std::mutex mutex_;
  std::condition_variable ended_;
  std::array<uint32_t, kLowest + 1> running_{};  ///< By priority; those that wait to begin included.
};

}  // namespace cairn
