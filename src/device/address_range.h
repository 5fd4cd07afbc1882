// The addresses of one device: a reserved range over a memory file.
//
// In host mode the range that programs see is inaccessible, so that host code which dereferences a device
// pointer faults as it would on the card; our own code uses a second mapping of the same file. In device mode
// both are one mapping.
#pragma once

#include <cstddef>

#include "base/status.h"

namespace cairn {

class AddressRange {
 public:
  AddressRange() = default;
  AddressRange(const AddressRange&) = delete;
  AddressRange& operator=(const AddressRange&) = delete;
  ~AddressRange();

  /// Once: reserves `size` bytes; the start is that of a region. `visible`: programs may touch the memory.
  Status create(size_t size, bool visible);

  /// Bytes of addresses.
  size_t size() const { return size_; }
  bool contains(const void* pointer) const { return offset_of(pointer) < size_; }
  /// Of any address; that of a foreign one is size() or more.
  size_t offset_of(const void* pointer) const {
    return static_cast<size_t>(static_cast<const std::byte*>(pointer) - visible_);
  }
  /// The address that programs know.
  std::byte* visible(size_t offset) const { return visible_ + offset; }
  /// Where our own code may read and write.
  std::byte* view(size_t offset) const { return view_ + offset; }

  /// Gives the pages of regions to the system.
  void discard(size_t first_region, size_t count);
  /// Lets regions show the file at another place. In host mode only our own code sees that.
  Status show(size_t region, size_t count, size_t file_region);

 private:
  std::byte* reserve(size_t alignment_slack, int protection) const;

  size_t size_ = 0;
  std::byte* visible_ = nullptr;
  std::byte* view_ = nullptr;
  int file_ = -1;
};

}  // namespace cairn
