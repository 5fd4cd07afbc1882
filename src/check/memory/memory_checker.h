// Finds accesses outside allocations, after free and before the first write, wrong frees, and host code that
// touches device memory.
#pragma once

#include <unordered_map>

#include "check/checker.h"
#include "check/memory/byte_ranges.h"

namespace cairn::check {

class MemoryChecker final : public Checker {
 public:
  using Checker::Checker;

  bool memory_freed(MemoryPlace place, void* start) override;
  void memory_mapped(int device, const void* start, size_t size, bool is_new) override;
  void memory_unmapped(const void* start) override;
  void free_refused(MemoryPlace place, const void* pointer) override;
  void access_refused(const void* pointer, size_t size) override;
  void host_access_refused(const void* pointer, size_t size) override;
  void host_faulted(const void* address) override;
  void accessed(const char* function, std::span<const MemoryAccess> accesses) override;
  void task_launched(const void* stream, const char* function,
                     std::span<const MemoryAccess> accesses) override;
  void device_released(int device) override;

 private:
  /// In program order; asynchronous tasks count when they are launched.
  void check(const char* function, std::span<const MemoryAccess> accesses);
  /// The same accesses, with one part for each mapping that they cross.
  std::vector<MemoryAccess> split_at_mappings(std::span<const MemoryAccess> accesses) const;
  void check_bounds(const char* function, const MemoryAccess& access);
  void check_written(const char* function, const MemoryAccess& access);
  void copy_written(const MemoryAccess& from, const MemoryAccess& to);
  void mark_written(const MemoryAccess& access);
  void report_host_access(const void* address, const std::string& what);

  /// What was written of each living device allocation; missing where nothing was.
  std::unordered_map<const std::byte*, ByteRanges> written_;
};

}  // namespace cairn::check
