#include "media/image/scale.h"

#include <algorithm>
#include <vector>

#include "media/image/color.h"

namespace cairn {
namespace {

/// The mapping of one axis: pixels [from, from + count) of the input to [to, to + output_count) of the
/// output, for a component that `per_sample` pixels of the input and `per_output_sample` of the output share.
/// `start` and `output_start` receive the first samples.
AxisMapping map_axis(uint32_t from, uint32_t count, uint32_t per_sample, uint32_t to, uint32_t output_count,
                     uint32_t per_output_sample, size_t& start, size_t& output_start) {
  const auto samples_until = [](uint32_t end, uint32_t per) { return (end + per - 1) / per; };
  start = from / per_sample;
  output_start = to / per_output_sample;
  AxisMapping map;
  map.count = static_cast<int>(samples_until(from + count, per_sample) - start);
  map.output_count = static_cast<int>(samples_until(to + output_count, per_output_sample) - output_start);
  const double ratio =
      (static_cast<double>(output_count) / per_output_sample) / (static_cast<double>(count) / per_sample);
  map.scale = 1.0 / ratio;
  map.shift = -static_cast<double>(to % per_output_sample) / per_output_sample;
  map.first = static_cast<double>(from % per_sample) / per_sample;
  return map;
}

struct Window {
  const Picture& picture;
  const Rectangle& area;
};

/// Scales components [first, first + count), which share plane and subsampling on either side.
void scale_components(const Window& input, const Window& output, int first, int count,
                      Interpolation interpolation) {
  const auto& in = input.picture.format->components;
  const auto& out = output.picture.format->components;
  size_t x = 0;
  size_t y = 0;
  size_t output_x = 0;
  size_t output_y = 0;
  const AxisMapping columns =
      map_axis(input.area.left, input.area.width(), in[first].columns, output.area.left, output.area.width(),
               out[first].columns, x, output_x);
  const AxisMapping rows = map_axis(input.area.top, input.area.height(), in[first].rows, output.area.top,
                                    output.area.height(), out[first].rows, y, output_y);
  const size_t stride = input.picture.plane_stride(in[first]);
  const size_t output_stride = output.picture.plane_stride(out[first]);
  Samples<const uint8_t> source{
      reinterpret_cast<const uint8_t*>(input.picture.plane(in[first])) + y * stride + x * in[first].step,
      stride,
      in[first].step,
      count,
      {}};
  Samples<uint8_t> target{reinterpret_cast<uint8_t*>(output.picture.plane(out[first])) +
                              output_y * output_stride + output_x * out[first].step,
                          output_stride,
                          out[first].step,
                          count,
                          {}};
  for (int c = 0; c < count; ++c) {
    source.offset[c] = in[first + c].offset;
    target.offset[c] = out[first + c].offset;
  }
  resample(source, target, columns, rows, interpolation);
}

bool share_geometry(const ComponentLayout& a, const ComponentLayout& b) {
  return a.plane == b.plane && a.columns == b.columns && a.rows == b.rows && a.step == b.step;
}

void fill_alpha(const Window& output) {
  const ComponentLayout& alpha = output.picture.format->components[3];
  for (uint32_t y = output.area.top; y <= output.area.bottom; ++y) {
    std::byte* const line = output.picture.data + size_t{y} * output.picture.width_stride + alpha.offset;
    for (uint32_t x = output.area.left; x <= output.area.right; ++x)
      line[size_t{x} * alpha.step] = std::byte{255};
  }
}

/// Both pictures are RGB, or neither is.
void scale_same_family(const Window& input, const Window& output, Interpolation interpolation) {
  const PixelFormat& in = *input.picture.format;
  const PixelFormat& out = *output.picture.format;
  const int shared = std::min(in.component_count, out.component_count);
  for (int first = 0, next = 0; first < shared; first = next) {
    next = first + 1;
    while (next < shared && share_geometry(in.components[first], in.components[next]) &&
           share_geometry(out.components[first], out.components[next]))
      ++next;
    scale_components(input, output, first, next - first, interpolation);
  }
  if (out.component_count > in.component_count) fill_alpha(output);
}

}  // namespace

void scale_picture(const Picture& input, const Rectangle& from, const Picture& output, const Rectangle& to,
                   Interpolation interpolation, acldvppCscMatrix matrix) {
  const bool from_rgb = input.format->family == ColorFamily::kRgb;
  const bool to_rgb = output.format->family == ColorFamily::kRgb;
  if (from_rgb == to_rgb) return scale_same_family({input, from}, {output, to}, interpolation);

  // Scale within the input's family to packed pixels of the output's size, convert those, and store them.
  const uint32_t width = to.width();
  const uint32_t height = to.height();
  std::vector<uint8_t> pixels(size_t{width} * height * 3);
  Picture packed{find_pixel_format(from_rgb ? PIXEL_FORMAT_RGB_888 : PIXEL_FORMAT_YUV_PACKED_444),
                 width,
                 height,
                 3 * width,
                 height,
                 reinterpret_cast<std::byte*>(pixels.data())};
  scale_same_family({input, from}, {packed, whole(packed)}, interpolation);
  (from_rgb ? rgb_to_yuv : yuv_to_rgb)(matrix, pixels.data(), size_t{width} * height);
  packed.format = find_pixel_format(to_rgb ? PIXEL_FORMAT_RGB_888 : PIXEL_FORMAT_YUV_PACKED_444);
  scale_same_family({packed, whole(packed)}, {output, to}, Interpolation::kBilinear);
}

}  // namespace cairn
