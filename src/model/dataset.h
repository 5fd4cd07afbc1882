// aclmdlDataset: the data buffers of a model's inputs or outputs, in order.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <span>
#include <vector>

#include "base/handle_table.h"
#include "om/om_gears.h"
#include "tensor/tensor_desc.h"

namespace cairn {

/// Thread-safe. The data buffers stay the user's: destroying the dataset leaves them alone.
class Dataset {
 public:
  static constexpr HandleType kHandleType = HandleType::kDataset;

  Dataset() = default;
  Dataset(const Dataset&) = delete;
  Dataset& operator=(const Dataset&) = delete;
  ~Dataset();

  /// Appends a data buffer's handle.
  void add(void* data_buffer);
  size_t count() const;
  /// The n-th handle, null if there are not so many.
  void* buffer(size_t index) const;
  /// Copies the handles; false if their number is not handles.size().
  bool copy(std::span<void*> handles) const;

  /// Of an input dataset: the model runs in this gear from now on.
  void set_gear(uint32_t model_id, size_t gear, std::vector<int64_t> values);
  /// Which of the model's gears was set, maybe for another model with the same gear; empty if none was.
  std::optional<size_t> gear(uint32_t model_id, std::span<const OmShapes> gears) const;

  /// The description of the n-th tensor, made or changed; it belongs to the dataset. False if there are not
  /// so many buffers.
  bool describe(size_t index, aclDataType type, std::vector<int64_t> dims, aclFormat format);
  /// A handle of that description, null if there is none.
  void* description(size_t index) const;
  /// Its dims, empty without one.
  std::optional<std::vector<int64_t>> described_dims(size_t index) const;
  bool has_descriptions() const { return has_descriptions_.load(std::memory_order_relaxed); }

 private:
  mutable std::mutex mutex_;
  std::vector<void*> buffers_;
  std::vector<Ref<TensorDesc>> descriptions_;  ///< Null for tensors without one.
  std::atomic<bool> has_descriptions_{false};
  uint32_t gear_model_ = 0;  ///< That gear_ is one of; 0: none was set.
  size_t gear_ = 0;
  std::vector<int64_t> gear_values_;  ///< The numbers of the gear.
};

/// aclmdlSetDatasetTensorDesc: only the shape counts [MDL-068].
Status describe_tensor(Dataset& dataset, const TensorDesc& desc, size_t index);

}  // namespace cairn
