// Any bytes as the parameter block of dynamic AIPP, as a program could leave them in device memory. The first
// bytes choose the model's input. What the block's reader and the rules accept must run; the address
// sanitizer watches both ends.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <span>
#include <vector>

#include "aipp/aipp_block.h"
#include "engine/dynamic_aipp.h"
#include "model/open_aipp.h"

namespace {

constexpr size_t kChoices = 6;
constexpr size_t kImages = 3;
constexpr size_t kMostBytes = size_t{1} << 18;
constexpr int64_t kMostSide = 300;

cairn::AippOutput chosen_output(std::span<const uint8_t> choices) {
  cairn::AippOutput output;
  output.batch = 1 + choices[0] % kImages;
  output.channels = std::array{1, 3, 4}[choices[1] % 3];
  output.layout = static_cast<cairn::AippLayout>(choices[2] % 2);
  output.type = static_cast<cairn::AippDataType>(choices[3] % 4);
  output.width = 1 + choices[4];
  output.height = 1 + choices[5] % 64;
  return output;
}

/// The size that image 0 would have, so that good blocks often get as far as the kernel.
void fit(cairn::AippOutput& output, std::span<const std::byte> block) {
  const auto params = cairn::read_aipp_block(block, kImages, 0);
  if (!params.is_ok()) return;
  const auto [width, height] = cairn::aipp_output_size(*params);
  if (width < 1 || width > kMostSide || height < 1 || height > kMostSide) return;
  output.width = width;
  output.height = height;
}

/// What the block says where the network's input leaves all sizes open; false if that is refused. A shape is
/// set for the input if `output` has an even width.
bool fit_ranges(cairn::AippOutput& output, std::span<const std::byte> block) {
  using cairn::DimRange;
  const bool nchw = output.layout == cairn::AippLayout::kNchw;
  const DimRange batch{1, kImages};
  const DimRange channels = DimRange::fixed(output.channels);
  const DimRange side{1, kMostSide};
  cairn::OmInput input;
  input.format = nchw ? ACL_FORMAT_NCHW : ACL_FORMAT_NHWC;
  input.ranges = nchw ? std::vector{batch, channels, side, side} : std::vector{batch, side, side, channels};
  for (const DimRange& range : input.ranges)
    input.dims.push_back(range.is_fixed() ? range.least : -1);
  std::optional<std::vector<int64_t>> described;
  if (output.width % 2 == 0) described = {output.batch, output.height, output.width, output.channels};
  const auto dims = cairn::dims_of_run(input, block, described);
  if (!dims.is_ok()) return false;
  output.batch = (*dims)[0];
  output.height = (*dims)[nchw ? 2 : 1];
  output.width = (*dims)[nchw ? 3 : 2];
  for (size_t i = 0; i < dims->size(); ++i)
    if (!input.range(i).contains((*dims)[i])) std::abort();
  return true;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < kChoices) return 0;
  cairn::AippOutput output = chosen_output({data, kChoices});
  std::vector<std::byte> block(cairn::aipp_block_bytes(kImages));
  const size_t given = std::min(block.size(), size - kChoices);
  std::copy_n(reinterpret_cast<const std::byte*>(data) + kChoices, given, block.begin());
  const bool is_open = data[1] % 2 != 0;
  if (is_open && !fit_ranges(output, block)) return 0;
  if (data[0] % 2 == 0) fit(output, block);

  const std::vector<uint8_t> images(kMostBytes, 77);
  std::vector<uint8_t> result(
      static_cast<size_t>(output.batch * output.channels * output.width * output.height) * sizeof(float));
  cairn::DynamicAipp aipp({output, 1, kImages, images.size(), is_open});
  const cairn::Status first = aipp.run(block.data(), images.data(), result.data());
  const cairn::Status second = aipp.run(block.data(), images.data(), result.data());
  if (first.code() != second.code() || (!first.is_ok() && first.text().empty())) std::abort();
  return 0;
}
