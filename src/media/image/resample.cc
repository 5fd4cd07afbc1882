#include "media/image/resample.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <type_traits>
#include <utility>
#include <vector>

namespace cairn {
namespace {

constexpr int kCoefficientBits = 11;
constexpr int kOne = 1 << kCoefficientBits;

int16_t to_fixed(float coefficient) {
  return static_cast<int16_t>(std::lrint(coefficient * kOne));
}

template <int Taps>
void coefficients(float fraction, int16_t* out);

template <>
void coefficients<2>(float fraction, int16_t* out) {
  out[0] = to_fixed(1.F - fraction);
  out[1] = to_fixed(fraction);
}

template <>
void coefficients<4>(float x, int16_t* out) {
  constexpr float kA = -0.75F;
  const float outer = ((kA * (x + 1) - 5 * kA) * (x + 1) + 8 * kA) * (x + 1) - 4 * kA;
  const float inner = ((kA + 2) * x - (kA + 3)) * x * x + 1;
  const float next = ((kA + 2) * (1 - x) - (kA + 3)) * (1 - x) * (1 - x) + 1;
  out[0] = to_fixed(outer);
  out[1] = to_fixed(inner);
  out[2] = to_fixed(next);
  out[3] = to_fixed(1.F - outer - inner - next);
}

/// For each output sample of an axis: the input samples and their weights.
template <int Taps>
struct Axis {
  std::vector<std::array<int, Taps>> index;
  std::vector<std::array<int16_t, Taps>> weight;

  /// `edge_weights`: a position beyond the edge takes the edge sample alone (OpenCV's columns); else the
  /// weights stay and the indices are clamped (OpenCV's rows). Both give the edge's value; the roundings
  /// differ.
  Axis(const AxisMapping& map, bool edge_weights) : index(map.output_count), weight(map.output_count) {
    for (int i = 0; i < map.output_count; ++i) {
      auto position = static_cast<float>((i + 0.5 + map.shift) * map.scale - 0.5 + map.first);
      int left = static_cast<int>(std::floor(position));
      position -= static_cast<float>(left);
      if (Taps == 2 && edge_weights && (left < 0 || left >= map.count - 1)) {
        position = 0;
        left = std::clamp(left, 0, map.count - 1);
      }
      coefficients<Taps>(position, weight[i].data());
      for (int k = 0; k < Taps; ++k)
        index[i][k] = std::clamp(left - Taps / 2 + 1 + k, 0, map.count - 1);
    }
  }
};

/// Filtered samples of a line. Two taps: a sixteenth of the sum, which is what OpenCV goes on with, and fits
/// 16 bits.
template <int Taps>
using Filtered = std::conditional_t<Taps == 2, int16_t, int32_t>;

/// The columns' table for a given distance of samples.
template <int Taps>
struct Columns {
  Columns(const AxisMapping& map, int step) : axis(map, true), step(step) {}
  size_t count() const { return axis.index.size(); }

  const Axis<Taps> axis;
  const int step;
};

/// Two taps are weighted with one multiplication: left + (right - left) * weight, since the weights sum up to
/// one.
template <>
struct Columns<2> {
  struct Tap {
    int32_t offset;  ///< Bytes to the left sample; `next` bytes behind it is the right one.
    int32_t weight;  ///< Of the right sample.
  };
  Columns(const AxisMapping& map, int step) : taps(map.output_count), next(map.count > 1 ? step : 0) {
    const Axis<2> axis(map, true);
    for (size_t x = 0; x < taps.size(); ++x) {
      taps[x] = {axis.index[x][0] * step, axis.weight[x][1]};
      const bool is_last = axis.index[x][0] == map.count - 1 && map.count > 1;
      if (is_last) taps[x] = {(map.count - 2) * step, kOne};
    }
  }
  size_t count() const { return taps.size(); }

  std::vector<Tap> taps;
  const int next;
};

void filter_line(const uint8_t* line, const Samples<const uint8_t>& input, const Columns<2>& columns,
                 int16_t* out) {
  for (int c = 0; c < input.channels; ++c) {
    const uint8_t* const samples = line + input.offset[c];
    int16_t* to = out + c;
    for (const Columns<2>::Tap& tap : columns.taps) {
      const int32_t left = samples[tap.offset];
      const int32_t right = samples[tap.offset + columns.next];
      *to = static_cast<int16_t>(((left << kCoefficientBits) + (right - left) * tap.weight) >> 4);
      to += input.channels;
    }
  }
}

void filter_line(const uint8_t* line, const Samples<const uint8_t>& input, const Columns<4>& columns,
                 int32_t* out) {
  for (int c = 0; c < input.channels; ++c) {
    const uint8_t* const samples = line + input.offset[c];
    int32_t* to = out + c;
    for (size_t x = 0; x < columns.count(); ++x, to += input.channels) {
      int32_t sum = 0;
      for (int k = 0; k < 4; ++k)
        sum += samples[columns.axis.index[x][k] * columns.step] * columns.axis.weight[x][k];
      *to = sum;
    }
  }
}

/// The weighted sum of filtered lines. Two taps: with the intermediate rounding of OpenCV's vector code.
void blend(const std::array<const int16_t*, 2>& lines, const std::array<int16_t, 2>& weight, size_t count,
           uint8_t* out) {
  const int16_t* const a = lines[0];
  const int16_t* const b = lines[1];
  const int16_t wa = weight[0];
  const int16_t wb = weight[1];
  for (size_t i = 0; i < count; ++i)
    out[i] = static_cast<uint8_t>((((a[i] * wa) >> 16) + ((b[i] * wb) >> 16) + 2) >> 2);
}

void blend(const std::array<const int32_t*, 4>& lines, const std::array<int16_t, 4>& weight, size_t count,
           uint8_t* out) {
  constexpr int kBits = 2 * kCoefficientBits;
  for (size_t i = 0; i < count; ++i) {
    const int32_t sum =
        lines[0][i] * weight[0] + lines[1][i] * weight[1] + lines[2][i] * weight[2] + lines[3][i] * weight[3];
    out[i] = static_cast<uint8_t>(std::clamp((sum + (1 << (kBits - 1))) >> kBits, 0, 255));
  }
}

/// True if an output line is exactly `count * channels` bytes in the order of the channels.
bool is_dense(const Samples<uint8_t>& samples) {
  if (samples.step != samples.channels) return false;
  for (int c = 0; c < samples.channels; ++c)
    if (samples.offset[c] != c) return false;
  return true;
}

void scatter(const uint8_t* dense, const Samples<uint8_t>& output, int count, uint8_t* line) {
  for (int c = 0; c < output.channels; ++c)
    for (int x = 0; x < count; ++x)
      line[x * output.step + output.offset[c]] = dense[x * output.channels + c];
}

template <int Taps>
void interpolate(const Samples<const uint8_t>& input, const Samples<uint8_t>& output,
                 const AxisMapping& column_map, const AxisMapping& row_map) {
  const Columns<Taps> columns(column_map, input.step);
  const Axis<Taps> rows(row_map, false);
  const size_t line_size = static_cast<size_t>(column_map.output_count) * input.channels;
  std::vector<Filtered<Taps>> buffer(Taps * line_size);
  std::array<int, Taps> held;  // The input line in each slot of the buffer.
  held.fill(-1);
  const bool dense = is_dense(output);
  std::vector<uint8_t> staging(dense ? 0 : line_size);
  for (int y = 0; y < row_map.output_count; ++y) {
    std::array<const Filtered<Taps>*, Taps> lines;
    for (int k = 0; k < Taps; ++k) {
      // Consecutive lines fall into different slots, so the lines of one output line never displace each
      // other.
      const int row = rows.index[y][k];
      Filtered<Taps>* const slot = buffer.data() + (row % Taps) * line_size;
      if (std::exchange(held[row % Taps], row) != row)
        filter_line(input.data + row * input.stride, input, columns, slot);
      lines[k] = slot;
    }
    uint8_t* const line = output.data + y * output.stride;
    blend(lines, rows.weight[y], line_size, dense ? line : staging.data());
    if (!dense) scatter(staging.data(), output, column_map.output_count, line);
  }
}

void nearest(const Samples<const uint8_t>& input, const Samples<uint8_t>& output, const AxisMapping& columns,
             const AxisMapping& rows) {
  const auto index_of = [](const AxisMapping& map, int i) {
    return std::clamp(static_cast<int>(std::floor((i + map.shift) * map.scale + map.first)), 0,
                      map.count - 1);
  };
  std::vector<int> from(columns.output_count);
  for (int x = 0; x < columns.output_count; ++x)
    from[x] = index_of(columns, x) * input.step;
  for (int y = 0; y < rows.output_count; ++y) {
    const uint8_t* const source = input.data + index_of(rows, y) * input.stride;
    uint8_t* const line = output.data + y * output.stride;
    for (int c = 0; c < input.channels; ++c)
      for (int x = 0; x < columns.output_count; ++x)
        line[x * output.step + output.offset[c]] = source[from[x] + input.offset[c]];
  }
}

/// Both sides halved: OpenCV's bilinear takes the mean of four.
void halve(const Samples<const uint8_t>& input, const Samples<uint8_t>& output, int columns, int rows) {
  for (int y = 0; y < rows; ++y) {
    uint8_t* const line = output.data + y * output.stride;
    for (int c = 0; c < input.channels; ++c) {
      const uint8_t* const upper = input.data + 2 * y * input.stride + input.offset[c];
      const uint8_t* const lower = upper + input.stride;
      for (int x = 0; x < columns; ++x) {
        const int left = 2 * x * input.step;
        const int right = left + input.step;
        line[x * output.step + output.offset[c]] =
            static_cast<uint8_t>((upper[left] + upper[right] + lower[left] + lower[right] + 2) >> 2);
      }
    }
  }
}

void copy(const Samples<const uint8_t>& input, const Samples<uint8_t>& output, int columns, int rows) {
  const bool same_layout =
      input.step == output.step && input.step == input.channels && input.offset == output.offset;
  for (int y = 0; y < rows; ++y) {
    const uint8_t* const source = input.data + y * input.stride;
    uint8_t* const line = output.data + y * output.stride;
    if (same_layout) {
      std::memmove(line, source, static_cast<size_t>(columns) * input.step);
      continue;
    }
    for (int c = 0; c < input.channels; ++c)
      for (int x = 0; x < columns; ++x)
        line[x * output.step + output.offset[c]] = source[x * input.step + input.offset[c]];
  }
}

}  // namespace

void resample(const Samples<const uint8_t>& input, const Samples<uint8_t>& output, const AxisMapping& columns,
              const AxisMapping& rows, Interpolation interpolation) {
  if (columns.is_copy() && rows.is_copy())
    return copy(input, output, columns.output_count, rows.output_count);
  switch (interpolation) {
    case Interpolation::kNearest:
      return nearest(input, output, columns, rows);
    case Interpolation::kBicubic:
      return interpolate<4>(input, output, columns, rows);
    case Interpolation::kBilinear:
      if (columns.is_half() && rows.is_half())
        return halve(input, output, columns.output_count, rows.output_count);
      return interpolate<2>(input, output, columns, rows);
  }
}

}  // namespace cairn
