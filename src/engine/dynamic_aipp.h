// Dynamic AIPP in front of one input of a network.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "aipp/aipp_kernel.h"
#include "base/status.h"
#include "engine/engine.h"

namespace cairn {

/// What is fixed when the model is loaded.
struct DynamicAippInput {
  AippOutput output;            ///< The network's input.
  size_t parameters = 0;        ///< Index of the model's input that takes the parameters, ...
  size_t block_images = 0;      ///< ... and for how many images it has room.
  size_t most_bytes = 0;        ///< Of all images.
  bool has_open_batch = false;  ///< The parameters tell for how many images they are: the batch or more.
};

/// Of input `index` of the model, where the network's input is `output`.
DynamicAippInput dynamic_aipp_input(const ModelInfo& info, size_t index, const AippOutput& output);

/// The kernels of one inference request, kept as long as the parameters stay the same. Not thread-safe;
/// nothing is allocated but by the constructor.
class DynamicAipp {
 public:
  explicit DynamicAipp(const DynamicAippInput& input);

  /// Reads the parameters, which may be anything and may change meanwhile, and then writes all images of the
  /// batch. `block` has aipp_block_bytes(block_images), `images` has most_bytes.
  Status run(const void* block, const uint8_t* images, void* output);

  /// With the parameters of the last run, see AippKernel.
  bool may_overflow() const;

 private:
  Status make_kernels();

  DynamicAippInput input_;
  std::vector<std::byte> block_;  ///< The parameters that `kernels_` were made for.
  std::vector<std::byte> next_;
  std::vector<AippKernel> kernels_;  ///< One for each image; empty while there are no good parameters.
};

}  // namespace cairn
