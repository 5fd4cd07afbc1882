// JPEG to semi-planar YUV, without a way through RGB.
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "acl/ops/acl_dvpp.h"
#include "base/status.h"
#include "media/codec/exif_orientation.h"
#include "media/image/picture.h"

namespace cairn {

struct JpegInfo {
  uint32_t width = 0;  ///< As stored, before the turn that `orientation` asks for.
  uint32_t height = 0;
  int components = 0;  ///< 1 (grey) or 3 (YUV).
  acldvppJpegFormat sampling = ACL_JPEG_CSS_UNKNOWN;
  Orientation orientation = Orientation::kUpright;

  uint32_t output_width() const { return swaps_sides(orientation) ? height : width; }
  uint32_t output_height() const { return swaps_sides(orientation) ? width : height; }
};

/// Decodes one stream. Not thread-safe.
///
/// Sequential Huffman-coded pictures with 8-bit samples, grey or YUV of 4:4:4, 4:2:2, 4:2:0 or 4:4:0, in one
/// scan or one per component [JPD1-011, JPD1-024]. Anything else is refused with ACL_ERROR_UNSUPPORTED_JPEG.
/// The inverse DCT is libjpeg's exact integer one.
class JpegDecoder {
 public:
  /// The most that libjpeg may take for the coefficients of a picture with several scans.
  static constexpr long kMostWorkingMemory = 512L << 20;

  /// `stream` has to stay where it is as long as the decoder.
  explicit JpegDecoder(std::span<const uint8_t> stream);
  JpegDecoder(const JpegDecoder&) = delete;
  JpegDecoder& operator=(const JpegDecoder&) = delete;
  ~JpegDecoder();

  /// Reads everything before the first scan. To be called first.
  Result<JpegInfo> read_info();

  /// Decodes into the output, once. Its format is YUV420SP or the stream's own sampling, its size the
  /// stream's output size or one less or more on odd sides. Samples outside of the picture but within the
  /// strides may be overwritten.
  ///
  /// Chroma of 4:2:0 output is the rounded mean of the two or four samples that it replaces, 128 for grey
  /// pictures. Where MCUs are missing or damaged, the rest stays grey; that is no error [JPD1-024].
  Status decode(const Picture& output);

  /// What libjpeg complained about first while it went on, or an empty text.
  const char* first_warning() const;

 private:
  struct State;
  Status decode_upright(const Picture& output);
  Status decode_turned(const Picture& output);

  std::unique_ptr<State> state_;
  JpegInfo info_;
};

/// True if a stream of this sampling can be decoded to the format [JPD1-021].
bool can_decode_to(acldvppJpegFormat sampling, const PixelFormat& format);

/// The format of the same sampling, V before U [JPD1-006].
acldvppPixelFormat source_format(acldvppJpegFormat sampling);

}  // namespace cairn
