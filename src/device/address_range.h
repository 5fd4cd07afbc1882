// The addresses of one device, and the memory behind them.
//
// In host mode the range that programs see is inaccessible, so that host code which dereferences a device
// pointer faults as it would on the card; our own code has a view of its own. In device mode both are one.
//
// The view is anonymous memory, with huge pages where the system has them: a first touch takes a tenth of the
// time, and copies are quicker. Memory that is mapped at several places (aclrtMapMem) lies in a file.
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

  /// Gives the pages of regions to the system, those of the view and those of the file.
  void discard(size_t first_region, size_t count);
  /// Lets regions show the file from a region of it on. In host mode only our own code sees that.
  Status show(size_t region, size_t count, size_t file_region);
  /// Ends that: the regions have memory of their own again.
  void hide(size_t region, size_t count);

 private:
  std::byte* reserve(size_t alignment_slack, int protection) const;

  size_t size_ = 0;
  std::byte* visible_ = nullptr;
  std::byte* view_ = nullptr;
  int file_ = -1;
  bool lies_in_file_ = false;  ///< The whole view does.
};

}  // namespace cairn
