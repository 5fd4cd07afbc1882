// aclmdlDataset: the data buffers of a model's inputs or outputs, in order.
#pragma once

#include <cstddef>
#include <mutex>
#include <span>
#include <vector>

#include "base/handle_table.h"

namespace cairn {

/// Thread-safe. The data buffers stay the user's: destroying the dataset leaves them alone.
class Dataset {
 public:
  static constexpr HandleType kHandleType = HandleType::kDataset;

  /// Appends a data buffer's handle.
  void add(void* data_buffer);
  size_t count() const;
  /// The n-th handle, null if there are not so many.
  void* buffer(size_t index) const;
  /// Copies the handles; false if their number is not handles.size().
  bool copy(std::span<void*> handles) const;

 private:
  mutable std::mutex mutex_;
  std::vector<void*> buffers_;
};

}  // namespace cairn
