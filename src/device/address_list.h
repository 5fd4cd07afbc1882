// Addresses of the buffers of a call, small enough for a task.
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <span>

namespace cairn {

/// Some addresses, in place unless there are many.
class AddressList {
 public:
  explicit AddressList(size_t count)
      : count_(count), many_(count > kInPlace ? std::make_unique<void*[]>(count) : nullptr) {}
  std::span<void*> span() { return {many_ ? many_.get() : few_.data(), count_}; }

 private:
  static constexpr size_t kInPlace = 13;
  size_t count_;
  std::array<void*, kInPlace> few_{};
  std::unique_ptr<void*[]> many_;
};

}  // namespace cairn
