// aclDataBuffer: address and size of memory that belongs to the user [COM-009].
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "base/handle_table.h"

namespace cairn {

/// The contents lie in the open words of the handle, so that reading them takes no reference.
struct DataBuffer {
  static constexpr HandleType kHandleType = HandleType::kDataBuffer;

  struct Contents {
    void* data;
    size_t size;
  };
  static void set(const Ref<DataBuffer>& buffer, void* data, size_t size) {
    buffer.words()[0].store(reinterpret_cast<uint64_t>(data), std::memory_order_release);
    buffer.words()[1].store(size, std::memory_order_release);
  }
  static Contents contents(const Ref<DataBuffer>& buffer) {
    return {reinterpret_cast<void*>(buffer.words()[0].load(std::memory_order_acquire)),
            buffer.words()[1].load(std::memory_order_acquire)};
  }
  /// Refuses a handle as find() does.
  static Result<Contents> read(const void* handle, const char* argument, std::string_view rule) {
    std::array<uint64_t, 2> words;
    if (handle_table<DataBuffer>().read(handle, words)) [[likely]]
      return Contents{reinterpret_cast<void*>(words[0]), words[1]};
    return bad_handle(ACL_ERROR_INVALID_PARAM, rule, kHandleType, argument, handle);
  }
};

}  // namespace cairn
