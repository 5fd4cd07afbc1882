// Any text as an AIPP configuration. What the parser accepts is resolved for a small model, and where that
// works the kernel runs on an image; the address sanitizer watches both ends.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "aipp/aipp_config.h"
#include "aipp/aipp_kernel.h"

namespace {

constexpr size_t kLargestBuffer = size_t{1} << 22;

// A model input that fits the parameters as often as possible: the size that AIPP will write, if that is
// sensible.
cairn::AippOutput fitting_output(const cairn::AippParams& params) {
  const auto side = [](bool crop, int32_t cropped, int32_t source, int32_t before, int32_t after) {
    const int64_t inner = crop && cropped != 0 ? cropped : source;
    const int64_t size = inner == 0 ? 8 : inner + before + after;
    return std::clamp<int64_t>(size, 1, 600);
  };
  cairn::AippOutput output;
  output.width = side(params.crop, params.crop_size_w, params.src_image_size_w, params.left_padding_size,
                      params.right_padding_size);
  output.height = side(params.crop, params.crop_size_h, params.src_image_size_h, params.top_padding_size,
                       params.bottom_padding_size);
  output.channels = std::max(1, cairn::aipp_channels(params.input_format));
  return output;
}

void run(const cairn::AippParams& params, const cairn::AippOutput& output) {
  const auto kernel = cairn::AippKernel::create(params, output);
  if (!kernel.is_ok()) {
    if (kernel.code() == 0 || kernel.status().text().empty()) std::abort();
    return;
  }
  if (kernel->input_bytes() > kLargestBuffer || kernel->output_bytes() > kLargestBuffer) return;
  const std::vector<uint8_t> input(kernel->input_bytes(), 77);
  std::vector<uint8_t> result(kernel->output_bytes());
  kernel->run(input.data(), result.data());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto ops = cairn::parse_aipp_config(std::string_view(reinterpret_cast<const char*>(data), size));
  if (!ops.is_ok()) {
    if (ops.code() == 0 || ops.status().text().empty()) std::abort();
    return 0;
  }
  for (const cairn::AippConfigOp& op : *ops) {
    cairn::AippOutput output = fitting_output(op.params);
    output.type = static_cast<cairn::AippDataType>(size % 4);
    output.layout = static_cast<cairn::AippLayout>(size / 4 % 2);
    run(op.params, output);
  }
  return 0;
}
