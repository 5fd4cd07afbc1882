#include "media/v1/jpegd.h"

#include <algorithm>
#include <new>

#include "base/log.h"
#include "base/observer.h"
#include "device/guarded_copy.h"
#include "device/runtime.h"
#include "media/v1/channel_desc.h"
#include "media/v1/pic_desc.h"

namespace cairn {
namespace {

// 10.7.7.1; the manual prints the sizes for the 310B, they are used for all chips.
constexpr uint32_t kLeastSide = 32;
constexpr uint32_t kMostSide = 16384;
constexpr uint32_t kWidthAlignment = 64;
constexpr uint32_t kHeightAlignment = 16;

constexpr uint32_t align_up(uint32_t value, uint32_t alignment) {
  return (value + alignment - 1) / alignment * alignment;
}

/// True if every page of a host range can be read.
bool is_readable(const uint8_t* data, size_t size) {
  constexpr size_t kPage = 4096;
  uint8_t byte = 0;
  for (size_t at = 0; at < size; at += kPage)
    if (!guarded_copy(&byte, data + at, 1)) return false;
  return guarded_copy(&byte, data + size - 1, 1);
}

/// The bytes of a stream in host or device memory.
Result<std::span<const uint8_t>> stream_bytes(const void* data, uint32_t size, std::string_view rule) {
  if (data == nullptr)
    return error(ACL_ERROR_INVALID_PARAM, rule, "data is null (0); pass the address of the JPEG data");
  if (size == 0)
    return error(ACL_ERROR_INVALID_PARAM, rule, "size is 0; pass the number of bytes of the JPEG data");
  CAIRN_ASSIGN(const std::byte* const bytes, Runtime::get().resolve_any(data, size, "data", rule));
  const auto* const first = reinterpret_cast<const uint8_t*>(bytes);
  if (!is_readable(first, size))
    return error(ACL_ERROR_INVALID_PARAM, rule, "the {} bytes at data = {} are not readable memory", size,
                 data);
  return std::span(first, size);
}

/// The format that the decoder writes for a wish, or the error that this stream cannot become it.
Result<const PixelFormat*> output_format(const JpegInfo& info, int wish) {
  const PixelFormat* const format =
      find_pixel_format(wish == PIXEL_FORMAT_UNKNOWN ? static_cast<int>(source_format(info.sampling)) : wish);
  if (format == nullptr || !can_decode_to(info.sampling, *format))
    return error(ACL_ERROR_INVALID_PARAM, "JPD1-021",
                 "this JPEG picture cannot be decoded to format {}; it can become semi-planar YUV420 or {} "
                 "(or the same with U "
                 "first)",
                 pixel_format_name(wish), pixel_format_name(source_format(info.sampling)));
  return format;
}

Status check_size(const JpegInfo& info) {
  if (std::min(info.width, info.height) >= kLeastSide && std::max(info.width, info.height) <= kMostSide)
    return {};
  return error(ACL_ERROR_INVALID_PARAM, "JPD1-008",
               "the JPEG picture is {}x{} pixels; the decoder takes {}x{} to {}x{}", info.width, info.height,
               kLeastSide, kLeastSide, kMostSide, kMostSide);
}

/// Odd sides become even as the channel's precision mode says [APP-096, APP-097].
uint32_t even_side(uint32_t side, uint8_t subsampling, bool is_subsampled_format,
                   acldvppJpegdPrecisionMode mode) {
  const bool applies = mode == ACL_YUVOUT_ALIGN_DOWN_COMPAT ? is_subsampled_format : subsampling == 2;
  if (!applies || side % 2 == 0) return side;
  return mode == ACL_YUVOUT_ALIGN_UP ? side + 1 : side - 1;
}

/// The picture to write, with the program's address. `wish`: the output description when the call was made.
Result<Picture> output_picture(const JpegInfo& info, const PicFields& wish, acldvppJpegdPrecisionMode mode) {
  CAIRN_RETURN_IF_ERROR(check_size(info));
  CAIRN_ASSIGN(const PixelFormat* const format, output_format(info, wish.format));
  const ComponentLayout chroma = format->component_count == 3 ? format->components[1] : format->components[0];
  const bool subsampled = chroma.columns * chroma.rows > 1;
  Picture picture{format,
                  even_side(info.output_width(), chroma.columns, subsampled, mode),
                  even_side(info.output_height(), chroma.rows, subsampled, mode),
                  wish.width_stride,
                  wish.height_stride,
                  static_cast<std::byte*>(wish.data)};
  if (picture.width_stride == 0) picture.width_stride = align_up(info.output_width(), kWidthAlignment);
  if (picture.height_stride == 0) picture.height_stride = align_up(info.output_height(), kHeightAlignment);
  if (picture.width_stride < picture.width || picture.height_stride < picture.height)
    return error(ACL_ERROR_INVALID_PARAM, "JPD1-022",
                 "the output picture's strides {}x{} do not hold the decoded picture of {}x{} pixels{}; the "
                 "format table has "
                 "{}x{}",
                 picture.width_stride, picture.height_stride, picture.width, picture.height,
                 swaps_sides(info.orientation) ? " (turned, as its Orientation asks for)" : "",
                 align_up(info.output_width(), kWidthAlignment),
                 align_up(info.output_height(), kHeightAlignment));
  const uint64_t needed = format->memory_size(picture.width_stride, picture.height_stride);
  if (wish.size < needed)
    return error(ACL_ERROR_INVALID_PARAM, "JPD1-040",
                 "the output picture's size {} is too small: {} with strides {}x{} takes {} bytes "
                 "(acldvppJpegPredictDecSize tells)",
                 wish.size, format->name, picture.width_stride, picture.height_stride, needed);
  return picture;
}

struct DecodeJob {
  const void* data;
  uint32_t size;
  acldvppJpegdPrecisionMode precision;
  PicFields wish;
  Ref<PicDesc> result;

  Status run() const;
  Status decode(Picture& picture) const;
};

Status DecodeJob::decode(Picture& picture) const {
  CAIRN_ASSIGN(const std::byte* const stream, Runtime::get().resolve(data, size, "data", "JPD1-010"));
  JpegDecoder decoder(std::span(reinterpret_cast<const uint8_t*>(stream), size));
  CAIRN_ASSIGN(const JpegInfo info, decoder.read_info());
  CAIRN_ASSIGN(picture, output_picture(info, wish, precision));
  const uint64_t needed = picture.format->memory_size(picture.width_stride, picture.height_stride);
  CAIRN_ASSIGN(picture.data, Runtime::get().resolve(wish.data, needed, "output data", "JPD1-010"));
  CAIRN_RETURN_IF_ERROR(decoder.decode(picture));
  if (*decoder.first_warning() != '\0')
    log(LogLevel::kWarning, "DVPP", "a JPEG picture of {}x{} pixels is damaged: {}", info.width, info.height,
        decoder.first_warning());
  return {};
}

Status DecodeJob::run() const {
  Picture picture;
  Status status;
  try {
    status = decode(picture);
  } catch (const std::bad_alloc&) {
    status = error(ACL_ERROR_BAD_ALLOC, "JPD1-033", "the host has no memory left to decode a picture");
  }
  result->update([&](PicFields& fields) {
    fields.ret_code = static_cast<uint32_t>(status.code());
    if (!status.is_ok()) return;
    fields.format = picture.format->id;
    fields.width = picture.width;
    fields.height = picture.height;
    fields.width_stride = picture.width_stride;
    fields.height_stride = picture.height_stride;
  });
  return status;
}

Status check_output_fields(const PicFields& fields) {
  const PixelFormat* const format = find_pixel_format(fields.format);
  const bool possible = fields.format == PIXEL_FORMAT_UNKNOWN || fields.format == PIXEL_FORMAT_YUV_400 ||
                        (format != nullptr && format->is_semi_planar());
  if (!possible)
    return error(ACL_ERROR_INVALID_PARAM, "JPD1-021",
                 "format {} is none of the JPEG decoder's; it writes semi-planar YUV, YUV400, or with "
                 "PIXEL_FORMAT_UNKNOWN the "
                 "stream's own sampling",
                 pixel_format_name(fields.format));
  if (fields.size == 0)
    return error(ACL_ERROR_INVALID_PARAM, "JPD1-031", "the output picture's size is 0; set it");
  auto memory = Runtime::get().resolve(fields.data, fields.size, "output data", "JPD1-010");
  return memory.is_ok() ? Status() : memory.status();
}

}  // namespace

Result<JpegInfo> jpeg_info(const void* data, uint32_t size) {
  CAIRN_ASSIGN(const auto bytes, stream_bytes(data, size, "JPD1-039"));
  return JpegDecoder(bytes).read_info();
}

Result<uint32_t> jpeg_decoded_size(const void* data, uint32_t size, int format_wish) {
  CAIRN_ASSIGN(const auto bytes, stream_bytes(data, size, "JPD1-037"));
  CAIRN_ASSIGN(const JpegInfo info, JpegDecoder(bytes).read_info());
  CAIRN_ASSIGN(const PixelFormat* const format, output_format(info, format_wish));
  const uint64_t needed = format->memory_size(align_up(info.output_width(), kWidthAlignment),
                                              align_up(info.output_height(), kHeightAlignment));
  if (needed > UINT32_MAX) CAIRN_RETURN_IF_ERROR(check_size(info));
  return static_cast<uint32_t>(needed);
}

Status jpeg_decode(const acldvppChannelDesc* channel, const void* data, uint32_t size, acldvppPicDesc* output,
                   aclrtStream stream_handle) {
  CAIRN_ASSIGN(const ChannelSettings settings, use_channel(channel, DVPP_CHNMODE_JPEGD));
  if (size == 0)
    return error(ACL_ERROR_INVALID_PARAM, "JPD1-031", "size is 0; pass the number of bytes of the JPEG data");
  CAIRN_RETURN_IF_ERROR([&] {
    auto memory = Runtime::get().resolve(data, size, "data", "JPD1-010");
    return memory.is_ok() ? Status() : memory.status();
  }());
  CAIRN_ASSIGN(Ref<PicDesc> result, find<PicDesc>(output, "outputDesc", "JPD1-031"));
  const PicFields wish = result->fields();
  CAIRN_RETURN_IF_ERROR(check_output_fields(wish));
  CAIRN_ASSIGN(const Ref<Stream> stream, Runtime::get().stream(stream_handle));
  observe([&](Observer& watching) {
    const MemoryAccess list[] = {{data, size, MemoryAccess::Kind::kRead},
                                 {wish.data, wish.size, MemoryAccess::Kind::kWrite}};
    watching.task_launched(stream.get(), "acldvppJpegDecodeAsync", list);
  });
  DecodeJob job{data, size, settings.precision, wish, std::move(result)};
  return Stream::launch(stream, "acldvppJpegDecodeAsync",
                        [job = std::move(job)](Stream&) { return job.run(); });
}

}  // namespace cairn
