#include "media/codec/jpeg_decoder.h"

#include <jpeglib.h>
#include <libyuv/planar_functions.h>

#include <algorithm>
#include <array>
#include <csetjmp>
#include <cstdio>
#include <cstring>
#include <vector>

namespace cairn {
namespace {

constexpr int kMostScans = 3;
constexpr int kMostLines = MAX_SAMP_FACTOR * DCTSIZE;  // Of one component in one row of MCUs.
constexpr uint8_t kNoColor = 128;

struct Sampling {
  acldvppJpegFormat id;
  int columns;  ///< Pixels side by side that share a chroma sample.
  int rows;
  acldvppPixelFormat format;
};

constexpr std::array kSamplings = {
    Sampling{ACL_JPEG_CSS_444, 1, 1, PIXEL_FORMAT_YVU_SEMIPLANAR_444},
    Sampling{ACL_JPEG_CSS_422, 2, 1, PIXEL_FORMAT_YVU_SEMIPLANAR_422},
    Sampling{ACL_JPEG_CSS_420, 2, 2, PIXEL_FORMAT_YVU_SEMIPLANAR_420},
    Sampling{ACL_JPEG_CSS_GRAY, 1, 1, PIXEL_FORMAT_YUV_400},
    Sampling{ACL_JPEG_CSS_440, 1, 2, PIXEL_FORMAT_YVU_SEMIPLANAR_440},
};

const Sampling& sampling_of(acldvppJpegFormat id) {
  return *std::find_if(kSamplings.begin(), kSamplings.end(), [id](const Sampling& s) { return s.id == id; });
}

Status unsupported(const std::string& what) {
  return error(ACL_ERROR_UNSUPPORTED_JPEG, "APP-036",
               "the JPEG decoder takes sequential Huffman-coded pictures with 8-bit samples, grey or YUV of "
               "4:4:4, 4:2:2, 4:2:0 or "
               "4:4:0; this stream is {}",
               what);
}

/// The sampling of a YUV stream, or ACL_JPEG_CSS_UNKNOWN.
acldvppJpegFormat classify(const jpeg_decompress_struct& jpeg) {
  if (jpeg.num_components == 1) return ACL_JPEG_CSS_GRAY;
  const jpeg_component_info* const c = jpeg.comp_info;
  const bool regular =
      c[0].h_samp_factor == jpeg.max_h_samp_factor && c[0].v_samp_factor == jpeg.max_v_samp_factor &&
      c[1].h_samp_factor == c[2].h_samp_factor && c[1].v_samp_factor == c[2].v_samp_factor &&
      jpeg.max_h_samp_factor % c[1].h_samp_factor == 0 && jpeg.max_v_samp_factor % c[1].v_samp_factor == 0;
  if (!regular) return ACL_JPEG_CSS_UNKNOWN;
  for (const Sampling& sampling : kSamplings)
    if (sampling.columns * c[1].h_samp_factor == jpeg.max_h_samp_factor &&
        sampling.rows * c[1].v_samp_factor == jpeg.max_v_samp_factor)
      return sampling.id;
  return ACL_JPEG_CSS_UNKNOWN;
}

/// Planes of one row of MCUs, or of a whole picture, as libjpeg fills them.
struct ChromaLines {
  const uint8_t* first;  ///< U, or V where the output has V first.
  const uint8_t* second;
  size_t stride;
};

/// Writes `rows` x `columns` interleaved chroma samples. Each is the mean of `across` x `down` (1 or 2) input
/// samples.
void write_chroma(const ChromaLines& in, int across, int down, uint8_t* out, size_t out_stride, int columns,
                  int rows) {
  if (across == 1 && down == 1) {
    libyuv::MergeUVPlane(in.first, static_cast<int>(in.stride), in.second, static_cast<int>(in.stride), out,
                         static_cast<int>(out_stride), columns, rows);
    return;
  }
  const int half = across * down / 2;
  const int shift = across * down == 4 ? 2 : 1;
  for (int y = 0; y < rows; ++y, out += out_stride) {
    const size_t upper = static_cast<size_t>(y) * down * in.stride;
    const size_t lower = upper + (down - 1) * in.stride;
    for (int plane = 0; plane < 2; ++plane) {
      const uint8_t* const a = (plane == 0 ? in.first : in.second) + upper;
      const uint8_t* const b = (plane == 0 ? in.first : in.second) + lower;
      if (across == 1) {
        for (int x = 0; x < columns; ++x)
          out[2 * x + plane] = static_cast<uint8_t>((a[x] + b[x] + 1) >> 1);
      } else if (down == 1) {
        for (int x = 0; x < columns; ++x)
          out[2 * x + plane] = static_cast<uint8_t>((a[2 * x] + a[2 * x + 1] + 1) >> 1);
      } else {
        for (int x = 0; x < columns; ++x)
          out[2 * x + plane] =
              static_cast<uint8_t>((a[2 * x] + a[2 * x + 1] + b[2 * x] + b[2 * x + 1] + half) >> shift);
      }
    }
  }
}

void fill_gray_chroma(const Picture& output) {
  const ComponentLayout& u = output.format->components[1];
  const size_t bytes = size_t{output.width} / u.columns * u.step;
  std::byte* line = output.plane(u);
  for (uint32_t y = 0; y < output.height / u.rows; ++y, line += output.plane_stride(u))
    std::memset(line, kNoColor, bytes);
}

/// A plane seen from a turned picture: sample (x, y) is origin[x * right + y * down].
struct TurnedPlane {
  const uint8_t* origin;
  ptrdiff_t right;
  ptrdiff_t down;
  int width;
  int height;

  uint8_t at(int x, int y) const {
    return origin[std::min(x, width - 1) * right + std::min(y, height - 1) * down];
  }
};

TurnedPlane turn(const uint8_t* plane, int width, int height, ptrdiff_t stride, Orientation orientation) {
  const ptrdiff_t last_column = width - 1;
  const ptrdiff_t last_line = (height - 1) * stride;
  switch (orientation) {
    case Orientation::kUpright:
      return {plane, 1, stride, width, height};
    case Orientation::kMirroredLeftRight:
      return {plane + last_column, -1, stride, width, height};
    case Orientation::kTurnedHalf:
      return {plane + last_line + last_column, -1, -stride, width, height};
    case Orientation::kMirroredTopBottom:
      return {plane + last_line, 1, -stride, width, height};
    case Orientation::kTransposed:
      return {plane, stride, 1, height, width};
    case Orientation::kTurnRight:
      return {plane + last_line, -stride, 1, height, width};
    case Orientation::kTransversed:
      return {plane + last_line + last_column, -stride, -1, height, width};
    case Orientation::kTurnLeft:
      return {plane + last_column, stride, -1, height, width};
  }
  return {plane, 1, stride, width, height};
}

/// One chroma component of a turned picture. The plane's samples cover `columns` x `rows` pixels, the
/// output's `layout.columns` x `layout.rows`: a sample is the mean of those that its pixels have.
void write_turned_chroma(const TurnedPlane& plane, int columns, int rows, const Picture& output,
                         const ComponentLayout& layout) {
  std::byte* line = output.plane(layout) + layout.offset;
  for (uint32_t y = 0; y < output.height / layout.rows; ++y, line += output.plane_stride(layout)) {
    const int top = static_cast<int>(y) * layout.rows / rows;
    const int bottom = (static_cast<int>(y) * layout.rows + layout.rows - 1) / rows;
    for (uint32_t x = 0; x < output.width / layout.columns; ++x) {
      const int left = static_cast<int>(x) * layout.columns / columns;
      const int right = (static_cast<int>(x) * layout.columns + layout.columns - 1) / columns;
      const int sum =
          plane.at(left, top) + plane.at(right, top) + plane.at(left, bottom) + plane.at(right, bottom);
      line[size_t{x} * layout.step] = static_cast<std::byte>((sum + 2) >> 2);
    }
  }
}

}  // namespace

// libjpeg reports fatal errors by calling error_exit, which must not return: it jumps to where `guarded` was
// called. Between the two there are only frames without destructors.
struct JpegDecoder::State {
  jpeg_decompress_struct jpeg{};
  jpeg_error_mgr errors{};
  jpeg_progress_mgr progress{};
  std::jmp_buf escape;
  std::array<char, JMSG_LENGTH_MAX> failure{};
  std::array<char, JMSG_LENGTH_MAX> warning{};
  std::span<const uint8_t> stream;
  bool created = false;

  static State& of(j_common_ptr jpeg) { return *static_cast<State*>(jpeg->client_data); }

  template <class Step>
  Status guarded(Step step) {
    if (setjmp(escape) != 0)
      return unsupported(fmt::format("not one that can be decoded: {}", failure.data()));
    step();
    return {};
  }
};

JpegDecoder::JpegDecoder(std::span<const uint8_t> stream) : state_(std::make_unique<State>()) {
  State& state = *state_;
  state.stream = stream;
  state.jpeg.err = jpeg_std_error(&state.errors);
  state.jpeg.client_data = &state;
  state.errors.error_exit = [](j_common_ptr jpeg) {
    State& self = State::of(jpeg);
    jpeg->err->format_message(jpeg, self.failure.data());
    std::longjmp(self.escape, 1);
  };
  state.errors.emit_message = [](j_common_ptr jpeg, int level) {
    State& self = State::of(jpeg);
    if (level >= 0) return;  // Only a trace.
    if (jpeg->err->num_warnings++ == 0) jpeg->err->format_message(jpeg, self.warning.data());
  };
  state.errors.output_message = [](j_common_ptr) {};
  state.progress.progress_monitor = [](j_common_ptr jpeg) {
    if (reinterpret_cast<j_decompress_ptr>(jpeg)->input_scan_number <= kMostScans) return;
    State& self = State::of(jpeg);
    std::snprintf(self.failure.data(), self.failure.size(), "it has more than %d scans", kMostScans);
    std::longjmp(self.escape, 1);
  };
}

JpegDecoder::~JpegDecoder() {
  if (state_->created) jpeg_destroy_decompress(&state_->jpeg);
}

const char* JpegDecoder::first_warning() const {
  return state_->warning.data();
}

Result<JpegInfo> JpegDecoder::read_info() {
  State& state = *state_;
  jpeg_decompress_struct& jpeg = state.jpeg;
  if (state.stream.size() < 2 || state.stream[0] != 0xFF || state.stream[1] != 0xD8)
    return unsupported("no JPEG (JPEG 2000, PNG and others are not decoded here)");
  CAIRN_RETURN_IF_ERROR(state.guarded([&] {
    jpeg_create_decompress(&jpeg);
    state.created = true;
    jpeg.client_data = &state;
    jpeg.progress = &state.progress;
    jpeg.mem->max_memory_to_use = kMostWorkingMemory;
    jpeg_mem_src(&jpeg, state.stream.data(), static_cast<unsigned long>(state.stream.size()));
    jpeg_read_header(&jpeg, TRUE);
  }));
  if (jpeg.arith_code) return unsupported("arithmetically coded");
  if (jpeg.progressive_mode) return unsupported("progressive; save it as a baseline JPEG");
  if (jpeg.data_precision != 8) return unsupported(fmt::format("one of {}-bit samples", jpeg.data_precision));
  if (jpeg.jpeg_color_space != JCS_GRAYSCALE && jpeg.jpeg_color_space != JCS_YCbCr)
    return unsupported(
        fmt::format("one of {} components in another colour space than YUV", jpeg.num_components));
  info_ = {jpeg.image_width, jpeg.image_height, jpeg.num_components, classify(jpeg),
           read_orientation(state.stream)};
  if (info_.sampling == ACL_JPEG_CSS_UNKNOWN) {
    const jpeg_component_info* const c = jpeg.comp_info;
    return unsupported(fmt::format("sampled {}x{}, {}x{}, {}x{}", c[0].h_samp_factor, c[0].v_samp_factor,
                                   c[1].h_samp_factor, c[1].v_samp_factor, c[2].h_samp_factor,
                                   c[2].v_samp_factor));
  }
  return info_;
}

Status JpegDecoder::decode(const Picture& output) {
  if (output.width == 0 || output.height == 0) return {};  // Such a picture may have no memory.
  state_->jpeg.raw_data_out = TRUE;
  state_->jpeg.dct_method = JDCT_ISLOW;
  state_->jpeg.do_fancy_upsampling = FALSE;
  return info_.orientation == Orientation::kUpright ? decode_upright(output) : decode_turned(output);
}

// One row of MCUs at a time: luma goes straight into the output, chroma through a few lines that stay in the
// cache.
Status JpegDecoder::decode_upright(const Picture& output) {
  State& state = *state_;
  jpeg_decompress_struct& jpeg = state.jpeg;
  const jpeg_component_info* const components = jpeg.comp_info;
  const bool has_chroma = jpeg.num_components == 3;
  const int group = jpeg.max_v_samp_factor * DCTSIZE;
  const size_t luma_width = size_t{components[0].width_in_blocks} * DCTSIZE;
  const size_t chroma_width = has_chroma ? size_t{components[1].width_in_blocks} * DCTSIZE : 0;
  const int chroma_lines = has_chroma ? components[1].v_samp_factor * DCTSIZE : 0;
  const bool direct = luma_width <= output.width_stride;

  // Of a grey picture's only component a row of MCUs has v_samp_factor * 8 lines, too.
  std::vector<uint8_t> luma(direct ? luma_width : luma_width * group);
  std::vector<uint8_t> chroma(2 * chroma_width * chroma_lines, kNoColor);
  std::array<std::array<JSAMPROW, kMostLines>, 3> lines{};
  std::array<JSAMPARRAY, 3> planes = {lines[0].data(), lines[1].data(), lines[2].data()};
  for (int i = 0; i < chroma_lines; ++i) {
    lines[1][i] = chroma.data() + i * chroma_width;
    lines[2][i] = chroma.data() + (chroma_lines + i) * chroma_width;
  }

  const ComponentLayout& u = output.format->components[1];
  const bool writes_chroma = has_chroma && output.format->component_count == 3;
  const bool v_first = writes_chroma && u.offset == 1;
  const Sampling& source = sampling_of(info_.sampling);
  const int across = u.columns / source.columns;
  const int down = u.rows / source.rows;
  auto* const out = reinterpret_cast<uint8_t*>(output.data);

  CAIRN_RETURN_IF_ERROR(state.guarded([&] {
    jpeg_start_decompress(&jpeg);
    while (jpeg.output_scanline < jpeg.output_height) {
      const uint32_t top = jpeg.output_scanline;
      for (int i = 0; i < group; ++i) {
        if (!direct) {
          lines[0][i] = luma.data() + i * luma_width;
        } else {
          lines[0][i] =
              top + i < output.height_stride ? out + (top + i) * size_t{output.width_stride} : luma.data();
        }
      }
      jpeg_read_raw_data(&jpeg, planes.data(), group);
      if (!direct) {
        for (uint32_t y = top; y < std::min(top + group, output.height); ++y)
          std::memcpy(out + y * size_t{output.width_stride}, lines[0][y - top], output.width);
      }
      if (!writes_chroma) continue;
      const int rows_written = static_cast<int>(top) / group * (chroma_lines / down);
      const int rows = std::min(chroma_lines / down, static_cast<int>(output.height / u.rows) - rows_written);
      if (rows <= 0) continue;
      const ChromaLines in = {lines[v_first ? 2 : 1][0], lines[v_first ? 1 : 2][0], chroma_width};
      const size_t stride = output.plane_stride(u);
      write_chroma(in, across, down, reinterpret_cast<uint8_t*>(output.plane(u)) + rows_written * stride,
                   stride, static_cast<int>(output.width / u.columns), rows);
    }
    jpeg_finish_decompress(&jpeg);
  }));
  if (!has_chroma && output.format->component_count == 3) fill_gray_chroma(output);
  return {};
}

Status JpegDecoder::decode_turned(const Picture& output) {
  State& state = *state_;
  jpeg_decompress_struct& jpeg = state.jpeg;
  const int count = jpeg.num_components;
  const int group = jpeg.max_v_samp_factor * DCTSIZE;
  std::array<std::vector<uint8_t>, 3> samples;
  std::array<uint8_t*, 3> data{};
  std::array<size_t, 3> width{};
  std::array<int, 3> lines_per_group{};
  const size_t groups = (size_t{jpeg.image_height} + group - 1) / group;
  for (int c = 0; c < count; ++c) {
    width[c] = size_t{jpeg.comp_info[c].width_in_blocks} * DCTSIZE;
    lines_per_group[c] = jpeg.comp_info[c].v_samp_factor * DCTSIZE;
    samples[c].assign(width[c] * lines_per_group[c] * groups, kNoColor);
    data[c] = samples[c].data();
  }
  CAIRN_RETURN_IF_ERROR(state.guarded([&] {
    std::array<std::array<JSAMPROW, kMostLines>, 3> lines{};
    std::array<JSAMPARRAY, 3> planes = {lines[0].data(), lines[1].data(), lines[2].data()};
    jpeg_start_decompress(&jpeg);
    for (size_t g = 0; jpeg.output_scanline < jpeg.output_height; ++g) {
      for (int c = 0; c < count; ++c)
        for (int i = 0; i < lines_per_group[c]; ++i)
          lines[c][i] = data[c] + (g * lines_per_group[c] + i) * width[c];
      jpeg_read_raw_data(&jpeg, planes.data(), group);
    }
    jpeg_finish_decompress(&jpeg);
  }));

  const auto stored_width = static_cast<int>(info_.width);
  const auto stored_height = static_cast<int>(info_.height);
  const TurnedPlane luma =
      turn(data[0], stored_width, stored_height, static_cast<ptrdiff_t>(width[0]), info_.orientation);
  for (uint32_t y = 0; y < output.height; ++y) {
    std::byte* const line = output.data + size_t{y} * output.width_stride;
    for (uint32_t x = 0; x < output.width; ++x)
      line[x] = static_cast<std::byte>(luma.at(static_cast<int>(x), static_cast<int>(y)));
  }
  if (output.format->component_count != 3) return {};
  if (count != 3) {
    fill_gray_chroma(output);
    return {};
  }
  Sampling source = sampling_of(info_.sampling);
  const int chroma_width = (stored_width + source.columns - 1) / source.columns;
  const int chroma_height = (stored_height + source.rows - 1) / source.rows;
  if (swaps_sides(info_.orientation)) std::swap(source.columns, source.rows);
  for (int c = 1; c < 3; ++c) {
    const TurnedPlane plane =
        turn(data[c], chroma_width, chroma_height, static_cast<ptrdiff_t>(width[c]), info_.orientation);
    write_turned_chroma(plane, source.columns, source.rows, output, output.format->components[c]);
  }
  return {};
}

bool can_decode_to(acldvppJpegFormat sampling, const PixelFormat& format) {
  if (format.id == PIXEL_FORMAT_YUV_SEMIPLANAR_420 || format.id == PIXEL_FORMAT_YVU_SEMIPLANAR_420)
    return true;
  const acldvppPixelFormat source = source_format(sampling);
  if (format.id == source) return true;
  const PixelFormat& own = *find_pixel_format(source);
  return own.is_semi_planar() && format.is_semi_planar() &&
         own.components[1].columns == format.components[1].columns &&
         own.components[1].rows == format.components[1].rows;
}

acldvppPixelFormat source_format(acldvppJpegFormat sampling) {
  return sampling_of(sampling).format;
}

}  // namespace cairn
