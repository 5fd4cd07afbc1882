// aclDataBuffer: address and size of memory that belongs to the user [COM-009].
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "base/handle_table.h"

namespace cairn {

struct DataBuffer {
  static constexpr HandleType kHandleType = HandleType::kDataBuffer;

  DataBuffer(void* address, size_t bytes) : data(address), size(bytes) {}
  std::atomic<void*> data;
  std::atomic<size_t> size;

  static void set(const Ref<DataBuffer>& buffer, void* address, size_t bytes) {
    buffer->data.store(address, std::memory_order_relaxed);
    buffer->size.store(bytes, std::memory_order_relaxed);
    publish(buffer);
  }
  /// The contents are also the open words of the handle, so that a question costs no reference. To be called
  /// for a new one; set() does it for a change.
  static void publish(const Ref<DataBuffer>& buffer) {
    buffer.words()[0].store(reinterpret_cast<uint64_t>(buffer->data.load(std::memory_order_relaxed)),
                            std::memory_order_release);
    buffer.words()[1].store(buffer->size.load(std::memory_order_relaxed), std::memory_order_release);
  }
  struct Contents {
    void* data;
    size_t size;
  };
  /// Refuses a handle as find() does.
  static Result<Contents> read(const void* handle, const char* argument, std::string_view rule) {
    std::array<uint64_t, 2> words;
    if (handle_table<DataBuffer>().read(handle, words)) [[likely]]
      return Contents{reinterpret_cast<void*>(words[0]), words[1]};
    return bad_handle(ACL_ERROR_INVALID_PARAM, rule, kHandleType, argument, handle);
  }
};

}  // namespace cairn
