// The observer of the check mode: keeps the facts, and passes on what it is told to the checkers that are on.
#pragma once

#include <memory>
#include <mutex>
#include <string_view>
#include <vector>

#include "check/checker.h"

namespace cairn::check {

class Checks final : public Observer {
 public:
  /// `kinds`: names separated by commas, or "all".
  explicit Checks(std::string_view kinds);
  /// At the end of the process: what is left over, and the summary. True if anything was reported.
  bool finish();
  /// For fork: the lock is held across it, and the child, which has its parent's objects, reports no leaks.
  void lock_for_fork();
  void unlock_after_fork(bool is_child);

  void call_begins(const char* function) override;
  void call_ended(const char* function, const Status& status) override;
  const void* call_site() override;
  void code_ignored(const char* function, int code, const void* site) override;
  void object_made(HandleType type, const void* handle, const void* object) override;
  void object_ended(HandleType type, const void* handle, const void* object) override;
  void handle_refused(HandleType wanted, const void* handle) override;
  void memory_allocated(MemoryPlace place, int device, const void* start, size_t size) override;
  bool memory_freed(MemoryPlace place, void* start) override;
  void free_refused(MemoryPlace place, const void* pointer) override;
  void* host_memory(size_t size) override;
  void* own_view(const void* pointer) const override { return closable_.own_view(pointer); }
  void memory_mapped(int device, const void* start, size_t size, bool is_new) override;
  void memory_unmapped(const void* start) override;
  void addresses_reserved(int device, const void* start, size_t size) override;
  void addresses_released(const void* start) override;
  size_t bytes_kept_after_free() override { return Heap::kMostFreedBytes; }
  void access_refused(const void* pointer, size_t size) override;
  void host_access_refused(const void* pointer, size_t size) override;
  void host_faulted(const void* address) override;
  bool host_touched(const void* address, Touch touch, bool is_own) override;
  void accessed(const char* function, std::span<const MemoryAccess> accesses) override;
  void task_launched(const void* stream, const char* function,
                     std::span<const MemoryAccess> accesses) override;
  void event_recorded(const void* event, const void* stream) override;
  void event_reset(const void* event) override;
  void stream_waits(const void* stream, const void* event) override;
  void stream_found_done(const void* stream) override;
  void event_found_done(const void* event) override;
  uint64_t callback_launched(const void* stream, bool blocking) override;
  void callback_begins(uint64_t callback) override;
  void callback_ended(uint64_t callback) override;
  void device_released(int device) override;
  void finalized() override;

 private:
  template <class Tell>
  void tell(Tell tell);
  /// An allocation by the call that the thread is in.
  Allocation made_here(MemoryPlace place, int device, const void* start, size_t size) const;

  std::mutex mutex_;
  Facts facts_;
  ClosableMemory& closable_ = facts_.heap.closable();
  bool watches_calls_ = false;  ///< The checker of kind api is on.
  bool closes_memory_ = false;  ///< The checker of kind sync is on.
  std::vector<std::unique_ptr<Checker>> checkers_;
  bool is_forked_ = false;
};

}  // namespace cairn::check
