// aclrtDrvMemHandle: memory of a device that has no address until it is mapped.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "base/handle_table.h"
#include "device/device_memory.h"

namespace cairn {

/// Regions of a device's memory without an address; they go back to it with the last reference.
class MemoryPiece {
 public:
  MemoryPiece(DeviceMemory& memory, uint64_t epoch, size_t first_region, size_t region_count, PageKind pages)
      : memory_(memory),
        epoch_(epoch),
        first_region_(first_region),
        region_count_(region_count),
        pages_(pages) {}
  MemoryPiece(const MemoryPiece&) = delete;
  MemoryPiece& operator=(const MemoryPiece&) = delete;
  ~MemoryPiece() { memory_.free_physical(*this); }

  DeviceMemory& memory() const { return memory_; }
  uint64_t epoch() const { return epoch_; }
  size_t first_region() const { return first_region_; }
  size_t region_count() const { return region_count_; }
  size_t size() const { return region_count_ << kRegionShift; }
  PageKind pages() const { return pages_; }

 private:
  DeviceMemory& memory_;
  const uint64_t epoch_;
  const size_t first_region_;
  const size_t region_count_;
  const PageKind pages_;
};

/// What the handle denotes: the memory goes when the handle has ended and nothing is mapped any more.
struct PhysicalMemory {
  static constexpr HandleType kHandleType = HandleType::kPhysicalMemory;
  std::shared_ptr<MemoryPiece> memory;
};

}  // namespace cairn
