// JPEG streams to the decoder: header, then pixels into a buffer of exactly the size that the format needs,
// so that any write beyond it is found. The first two bytes choose output format, strides and rounding.
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "media/codec/jpeg_decoder.h"

namespace {

constexpr uint32_t kMostPixels = 1 << 18;  // Larger pictures take long and find nothing else.
constexpr int kFormats[] = {
    PIXEL_FORMAT_YUV_SEMIPLANAR_420, PIXEL_FORMAT_YVU_SEMIPLANAR_420, PIXEL_FORMAT_YUV_SEMIPLANAR_422,
    PIXEL_FORMAT_YVU_SEMIPLANAR_444, PIXEL_FORMAT_YVU_SEMIPLANAR_440, PIXEL_FORMAT_YUV_400,
};

uint32_t rounded(uint32_t side, uint32_t alignment, bool up) {
  return up ? (side + alignment - 1) / alignment * alignment : side / alignment * alignment;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using cairn::PixelFormat;
  if (size < 2) return 0;
  const uint8_t choice = data[0];
  const uint8_t padding = data[1];
  // A copy of its own lets the sanitizer see reads beyond the stream.
  const std::vector<uint8_t> stream(data + 2, data + size);
  cairn::JpegDecoder decoder(stream);
  const auto info = decoder.read_info();
  if (!info.is_ok()) {
    if (info.code() != ACL_ERROR_UNSUPPORTED_JPEG) std::abort();
    return 0;
  }
  if (uint64_t{info->width} * info->height > kMostPixels) return 0;
  const PixelFormat* format = cairn::find_pixel_format(kFormats[choice % std::size(kFormats)]);
  if (!cairn::can_decode_to(info->sampling, *format))
    format = cairn::find_pixel_format(cairn::source_format(info->sampling));
  const bool up = (choice & 0x80) != 0;
  cairn::Picture picture{format, rounded(info->output_width(), format->width_alignment, up),
                         rounded(info->output_height(), format->height_alignment, up)};
  picture.width_stride = picture.width + padding % 80;
  picture.height_stride = picture.height + padding / 80;
  std::vector<std::byte> memory(format->memory_size(picture.width_stride, picture.height_stride));
  picture.data = memory.data();
  const cairn::Status status = decoder.decode(picture);
  if (!status.is_ok() && status.code() != ACL_ERROR_UNSUPPORTED_JPEG) std::abort();
  return 0;
}
