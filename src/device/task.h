// One unit of work of a stream: a closure kept in place, so that launching allocates nothing.
#pragma once

#include <cstddef>
#include <new>
#include <type_traits>
#include <utility>

#include "base/status.h"

namespace cairn {

class Stream;

/// What a task did. A parked task has arranged for Stream::resume to be called; the stream goes on after
/// that.
class [[nodiscard]] TaskOutcome {
 public:
  TaskOutcome(Status status) : status_(std::move(status)) {}  // NOLINT(google-explicit-constructor)
  static TaskOutcome parked() {
    TaskOutcome outcome{Status()};
    outcome.parked_ = true;
    return outcome;
  }
  bool is_parked() const { return parked_; }
  Status& status() { return status_; }

 private:
  Status status_;
  bool parked_ = false;
};

/// A move-only closure `TaskOutcome(Stream&)` or `Status(Stream&)` of at most kCapacity bytes.
class Task {
 public:
  static constexpr size_t kCapacity = 160;

  Task() = default;
  template <class Closure, class = std::enable_if_t<!std::is_same_v<std::decay_t<Closure>, Task>>>
  Task(Closure&& closure) {  // NOLINT(google-explicit-constructor)
    using Held = std::decay_t<Closure>;
    static_assert(sizeof(Held) <= kCapacity && alignof(Held) <= alignof(std::max_align_t));
    static_assert(std::is_nothrow_move_constructible_v<Held>);
    new (storage_) Held(std::forward<Closure>(closure));
    static constexpr Operations kOperations = {
        [](void* held, Stream& stream) -> TaskOutcome { return (*static_cast<Held*>(held))(stream); },
        [](void* from, void* to) noexcept {
          auto* held = static_cast<Held*>(from);
          if (to != nullptr) new (to) Held(std::move(*held));
          held->~Held();
        }};
    operations_ = &kOperations;
  }
  Task(Task&& other) noexcept : operations_(std::exchange(other.operations_, nullptr)) {
    if (operations_) operations_->move_or_destroy(other.storage_, storage_);
  }
  Task& operator=(Task&& other) noexcept {
    if (this != &other) {
      reset();
      operations_ = std::exchange(other.operations_, nullptr);
      if (operations_) operations_->move_or_destroy(other.storage_, storage_);
    }
    return *this;
  }
  ~Task() { reset(); }

  TaskOutcome run(Stream& stream) { return operations_->run(storage_, stream); }
  /// Destroys the closure.
  void reset() {
    if (operations_) operations_->move_or_destroy(storage_, nullptr);
    operations_ = nullptr;
  }
  explicit operator bool() const { return operations_ != nullptr; }

 private:
  struct Operations {
    TaskOutcome (*run)(void*, Stream&);
    void (*move_or_destroy)(void* from, void* to) noexcept;
  };
  const Operations* operations_ = nullptr;
  alignas(std::max_align_t) std::byte storage_[kCapacity];
};

}  // namespace cairn
