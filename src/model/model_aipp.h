// aclmdlAIPP: the parameters of dynamic AIPP for the images of a batch, and how they get into a model's
// input.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "aipp/aipp_params.h"
#include "base/handle_table.h"
#include "base/status.h"

namespace cairn {

/// Thread-safe. The setters check what can be told without the model; all else is checked when the parameters
/// are set on an input.
class ModelAipp {
 public:
  static constexpr HandleType kHandleType = HandleType::kAippParams;

  /// ACL_ERROR_GE_AIPP_BATCH_EMPTY for a batch of 0, or one that no model can have.
  static Result<std::unique_ptr<ModelAipp>> create(uint64_t batch);

  /// Of the input that takes the parameters, in a model with this batch.
  static Result<size_t> data_bytes(uint64_t batch);

  struct Csc {
    std::array<int16_t, 9> matrix;
    std::array<uint8_t, 3> output_bias;
    std::array<uint8_t, 3> input_bias;
  };
  struct Crop {
    int32_t left;
    int32_t top;
    int32_t width;
    int32_t height;
  };
  struct Padding {
    int32_t top;
    int32_t bottom;
    int32_t left;
    int32_t right;
  };

  // For all images.
  Status set_input_format(int64_t format);
  Status set_csc(int8_t on, const Csc& csc);
  Status set_rbuv_swap(int8_t on);
  Status set_ax_swap(int8_t on);
  Status set_source_size(int32_t width, int32_t height);
  // For image `image` of the batch. A switch that is off makes the numbers beside it meaningless.
  Status set_crop(int8_t on, const Crop& crop, uint64_t image);
  /// Only "off" is possible [AIPP-059].
  Status set_resize(int8_t on, uint64_t image);
  Status set_padding(int8_t on, const Padding& padding, uint64_t image);
  Status set_mean(const std::array<int16_t, 4>& mean, uint64_t image);
  Status set_min(const std::array<float, 4>& min, uint64_t image);
  Status set_reciprocal(const std::array<float, 4>& reciprocal, uint64_t image);

  /// One entry for each image.
  std::vector<AippParams> images() const;

 private:
  explicit ModelAipp(size_t batch);
  AippInputFormat input_format() const;
  template <class Change>
  Status change_all(const Change& change);
  template <class Change>
  Status change_one(uint64_t image, const Change& change);

  mutable std::mutex mutex_;
  std::vector<AippParams> images_;
};

/// Writes the parameters into the data buffer of the dataset that belongs to the model's input `index`, which
/// is one that takes parameters (aclmdlSetInputAIPP), ...
Status set_input_aipp(uint32_t model, const void* dataset, size_t index, const void* aipp);
/// ... or an image input with dynamic AIPP (aclmdlSetAIPPByInputIndex).
Status set_aipp_by_input_index(uint32_t model, const void* dataset, size_t index, const void* aipp);

}  // namespace cairn
