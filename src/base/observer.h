// Who watches the runtime: the check mode (src/check). The runtime tells what a program does, where it does
// it.
//
// Normally nobody watches: then each of these places costs one relaxed load and a predicted branch. What is
// told is told in the thread that does it, in program order, with no lock of the runtime held that another
// call waits for while it holds the interpreter's lock.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>

#include "base/status.h"

namespace cairn {

enum class HandleType : uint8_t;
enum class MemoryPlace : uint8_t { kDevice, kHost };

/// A range of bytes, at the address that the program named, and what a call or task does with it.
struct MemoryAccess {
  enum class Kind : uint8_t {
    kRead,
    kReadParts,  ///< Reads some of the bytes: pictures have gaps between their lines.
    kCopy,       ///< Reads all of them into the range that follows in the list.
    kWrite,
  };
  const void* address;
  size_t size;
  Kind kind;
};

/// What an instruction of the program that faulted wanted to do.
enum class Touch : uint8_t { kRead, kWrite, kUnknown };

/// Streams and events are named by the address of their object. Every function may be called by any thread.
class Observer {
 public:
  Observer() = default;
  Observer(const Observer&) = delete;
  Observer& operator=(const Observer&) = delete;
  virtual ~Observer() = default;

  // --- calls of the API; `function` is a string literal ---
  virtual void call_begins(const char* /*function*/) {}
  virtual void call_ended(const char* /*function*/, const Status& /*status*/) {}
  /// Where the program is now; compares equal for the same call stack. For code_ignored.
  virtual const void* call_site() { return nullptr; }
  /// The program made another call without a look at the code of a failed one.
  virtual void code_ignored(const char* /*function*/, int /*code*/, const void* /*site*/) {}

  // --- objects that have handles ---
  virtual void object_made(HandleType, const void* /*handle*/, const void* /*object*/) {}
  /// The handle has ended; the object may live on until its last task is done.
  virtual void object_ended(HandleType, const void* /*handle*/, const void* /*object*/) {}
  /// A call was given a handle that denotes no living object of the wanted type.
  virtual void handle_refused(HandleType /*wanted*/, const void* /*handle*/) {}

  // --- memory ---
  /// `size`: as the program asked for.
  virtual void memory_allocated(MemoryPlace, int /*device*/, const void* /*start*/, size_t /*size*/) {}
  /// Device memory: its addresses are not given out again yet. Host memory: true to keep the block; the
  /// observer then calls std::free.
  virtual bool memory_freed(MemoryPlace, void* /*start*/) { return false; }
  virtual void free_refused(MemoryPlace, const void* /*pointer*/) {}
  /// Memory for aclrtMallocHost, aligned to 64 bytes, which memory_freed keeps; null to take it from the
  /// system.
  virtual void* host_memory(size_t /*size*/) { return nullptr; }
  /// Where our own code reaches memory that the program knows as `pointer`; differs for host_memory. No lock.
  virtual void* own_view(const void* pointer) const { return const_cast<void*>(pointer); }
  /// Device memory that aclrtMapMem shows at [start, start + size). `is_new`: it was mapped nowhere before.
  virtual void memory_mapped(int /*device*/, const void* /*start*/, size_t /*size*/, bool /*is_new*/) {}
  virtual void memory_unmapped(const void* /*start*/) {}
  virtual void addresses_reserved(int /*device*/, const void* /*start*/, size_t /*size*/) {}
  virtual void addresses_released(const void* /*start*/) {}
  /// How many bytes of freed device memory are held back before addresses are used again.
  virtual size_t bytes_kept_after_free() { return 0; }
  /// A call or task was refused because the range is not inside one allocation of the device.
  virtual void access_refused(const void* /*pointer*/, size_t /*size*/) {}
  /// A function that works on host memory was given device memory.
  virtual void host_access_refused(const void* /*pointer*/, size_t /*size*/) {}
  /// Host code touched device memory and is about to end. Called by the signal handler.
  virtual void host_faulted(const void* /*address*/) {}
  /// An instruction faulted. True if it was kept from memory of host_memory, which it may touch now: it is to
  /// be done again. `is_own`: of ours, not of the program. Called by the signal handler.
  virtual bool host_touched(const void* /*address*/, Touch /*touch*/, bool /*is_own*/) { return false; }

  // --- the order of things ---
  /// The calling thread reads and writes now.
  virtual void accessed(const char* /*function*/, std::span<const MemoryAccess>) {}
  /// A task is about to be added to the stream.
  virtual void task_launched(const void* /*stream*/, const char* /*function*/,
                             std::span<const MemoryAccess>) {}
  virtual void event_recorded(const void* /*event*/, const void* /*stream*/) {}
  virtual void event_reset(const void* /*event*/) {}
  virtual void stream_waits(const void* /*stream*/, const void* /*event*/) {}
  /// The calling thread knows that all tasks of the stream are done.
  virtual void stream_found_done(const void* /*stream*/) {}
  /// The calling thread knows that the newest record of the event is done.
  virtual void event_found_done(const void* /*event*/) {}
  /// A callback is about to be added to the stream. Returns a number for the two functions that follow.
  virtual uint64_t callback_launched(const void* /*stream*/, bool /*blocking*/) { return 0; }
  virtual void callback_begins(uint64_t /*callback*/) {}
  virtual void callback_ended(uint64_t /*callback*/) {}
  /// The device is about to end what is left on it.
  virtual void device_released(int /*device*/) {}
  virtual void finalized() {}
};

/// Null when nobody watches. Set once, before the first call of the API.
extern std::atomic<Observer*> current_observer;

inline Observer* observer() {
  return current_observer.load(std::memory_order_relaxed);
}

/// For entry points, which have to stay small: observer()->call_begins and ->call_ended.
[[gnu::cold]] void tell_call_begins(const char* function);
[[gnu::cold]] void tell_call_ended(const char* function, const Status& status);

/// Calls tell(observer) if there is one.
template <class Tell>
void observe(Tell&& tell) {
  if (Observer* const watching = observer(); watching != nullptr) [[unlikely]]
    tell(*watching);
}

}  // namespace cairn
