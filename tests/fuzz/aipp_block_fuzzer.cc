// Any bytes as the parameter block of dynamic AIPP, as a program could leave them in device memory. The first
// bytes choose the model's input. What the block's reader and the rules accept must run; the address
// sanitizer watches both ends.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <vector>

#include "aipp/aipp_block.h"
#include "engine/dynamic_aipp.h"

namespace {

constexpr size_t kChoices = 6;
constexpr size_t kImages = 3;
constexpr size_t kMostBytes = size_t{1} << 18;

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
  const auto& p = *params;
  const int64_t width = (p.crop ? p.crop_size_w : p.src_image_size_w);
  const int64_t height = (p.crop ? p.crop_size_h : p.src_image_size_h);
  const int64_t border_w = p.padding ? int64_t{p.left_padding_size} + p.right_padding_size : 0;
  const int64_t border_h = p.padding ? int64_t{p.top_padding_size} + p.bottom_padding_size : 0;
  if (width + border_w < 1 || width + border_w > 300 || height + border_h < 1 || height + border_h > 300)
    return;
  output.width = width + border_w;
  output.height = height + border_h;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < kChoices) return 0;
  cairn::AippOutput output = chosen_output({data, kChoices});
  std::vector<std::byte> block(cairn::aipp_block_bytes(kImages));
  const size_t given = std::min(block.size(), size - kChoices);
  std::copy_n(reinterpret_cast<const std::byte*>(data) + kChoices, given, block.begin());
  if (data[0] % 2 == 0) fit(output, block);

  const std::vector<uint8_t> images(kMostBytes, 77);
  std::vector<uint8_t> result(
      static_cast<size_t>(output.batch * output.channels * output.width * output.height) * sizeof(float));
  cairn::DynamicAipp aipp({output, 1, kImages, images.size()});
  const cairn::Status first = aipp.run(block.data(), images.data(), result.data());
  const cairn::Status second = aipp.run(block.data(), images.data(), result.data());
  if (first.code() != second.code() || (!first.is_ok() && first.text().empty())) std::abort();
  return 0;
}
