// aclDataBuffer: address and size of memory that belongs to the user [COM-009].
#pragma once

#include <atomic>
#include <cstddef>

#include "base/handle_table.h"

namespace cairn {

struct DataBuffer {
  static constexpr HandleType kHandleType = HandleType::kDataBuffer;

  DataBuffer(void* address, size_t bytes) : data(address), size(bytes) {}
  std::atomic<void*> data;
  std::atomic<size_t> size;
};

}  // namespace cairn
