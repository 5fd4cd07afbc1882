// A row is handled in blocks. Each block is first split into planes of 8-bit samples in a small buffer
// (planes that lie in the source as they are needed are used in place), then converted, normalised and
// stored.
//
// Colour conversion runs in float32, exactly (see AippPlan). Matrices with coefficients beyond all use, for
// which float32 is too small, are applied to the planes beforehand by plain integer code.

// Loops work on arrays of vectors, so only targets with vectors of fixed size are used; the others bring no
// speed here.
#define HWY_DISABLED_TARGETS \
  (HWY_SSSE3 | HWY_AVX3_DL | HWY_SVE | HWY_SVE2 | HWY_SVE_256 | HWY_SVE2_128 | HWY_RVV)

#include "aipp/aipp_rows.h"

#include <algorithm>
#include <bit>
#include <type_traits>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "aipp/aipp_rows.cc"  // NOLINT
#include <hwy/foreach_target.h>                 // NOLINT: must come before highway.h
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace cairn {
namespace HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

constexpr size_t kBlock = 512;  // Pixels; four planes fit into a fraction of the first-level cache.

// One block of a row as planes of samples: three colours (or one), and X.
struct Planes {
  const uint8_t* colour[3];
  const uint8_t* x;
};

class Buffer {
 public:
  uint8_t* plane(size_t k) { return samples_ + k * kBlock; }            // k < 4
  uint8_t* converted(size_t k) { return samples_ + (4 + k) * kBlock; }  // k < 3

 private:
  alignas(64) uint8_t samples_[7 * kBlock];
};

// Calls body(i) so that the ranges [i, i + step) cover [0, n) and none leaves it; the last may overlap the
// one before. Requires n >= step. One call, so that it is inlined.
template <class Body>
HWY_INLINE void cover(size_t n, size_t step, const Body& body) {
  for (size_t i = 0;; i = std::min(i + step, n - step)) {
    body(i);
    if (i + step >= n) return;
  }
}

using LoadTag = hn::CappedTag<uint8_t, 16>;

#if HWY_TARGET != HWY_SCALAR  // A vector of one byte cannot be seen as pairs.
template <class D>
HWY_INLINE void repeat_chroma_vectors(D d, const uint8_t* HWY_RESTRICT pairs, size_t n,
                                      uint8_t* HWY_RESTRICT u, uint8_t* HWY_RESTRICT v) {
  const hn::Repartition<uint16_t, D> d16;
  cover(n, hn::Lanes(d), [&](size_t i) HWY_ATTR {
    const auto uv = hn::BitCast(d16, hn::LoadU(d, pairs + i));
    const auto low = hn::And(uv, hn::Set(d16, 0xFF));
    const auto high = hn::ShiftRight<8>(uv);
    hn::StoreU(hn::BitCast(d, hn::Or(low, hn::ShiftLeft<8>(low))), d, u + i);
    hn::StoreU(hn::BitCast(d, hn::Or(high, hn::ShiftLeft<8>(high))), d, v + i);
  });
}
#endif

// u and v get n samples each from n / 2 pairs.
void repeat_chroma(const uint8_t* HWY_RESTRICT pairs, size_t n, uint8_t* HWY_RESTRICT u,
                   uint8_t* HWY_RESTRICT v) {
#if HWY_TARGET != HWY_SCALAR
  const hn::ScalableTag<uint8_t> wide;
  if (n >= hn::Lanes(wide)) return repeat_chroma_vectors(wide, pairs, n, u, v);
  const LoadTag d;
  if (n >= hn::Lanes(d)) return repeat_chroma_vectors(d, pairs, n, u, v);
#endif
  for (size_t i = 0; i < n; ++i) {
    u[i] = pairs[i & ~size_t{1}];
    v[i] = pairs[i | 1];
  }
}

// Even and odd bytes of n pairs.
void split_2(const uint8_t* HWY_RESTRICT pairs, size_t n, uint8_t* HWY_RESTRICT even,
             uint8_t* HWY_RESTRICT odd) {
  const LoadTag d;
  if (n < hn::Lanes(d)) {
    for (size_t i = 0; i < n; ++i) {
      even[i] = pairs[2 * i];
      odd[i] = pairs[2 * i + 1];
    }
    return;
  }
  cover(n, hn::Lanes(d), [&](size_t i) HWY_ATTR {
    hn::Vec<LoadTag> v0, v1;
    hn::LoadInterleaved2(d, pairs + 2 * i, v0, v1);
    hn::StoreU(v0, d, even + i);
    hn::StoreU(v1, d, odd + i);
  });
}

void split_3(const uint8_t* HWY_RESTRICT pixels, size_t n, Buffer& buffer) {
  const LoadTag d;
  if (n < hn::Lanes(d)) {
    for (size_t i = 0; i < n; ++i) {
      for (size_t k = 0; k < 3; ++k)
        buffer.plane(k)[i] = pixels[3 * i + k];
    }
    return;
  }
  cover(n, hn::Lanes(d), [&](size_t i) HWY_ATTR {
    hn::Vec<LoadTag> v0, v1, v2;
    hn::LoadInterleaved3(d, pixels + 3 * i, v0, v1, v2);
    hn::StoreU(v0, d, buffer.plane(0) + i);
    hn::StoreU(v1, d, buffer.plane(1) + i);
    hn::StoreU(v2, d, buffer.plane(2) + i);
  });
}

void split_4(const uint8_t* HWY_RESTRICT pixels, size_t n, Buffer& buffer) {
  const LoadTag d;
  if (n < hn::Lanes(d)) {
    for (size_t i = 0; i < n; ++i) {
      for (size_t k = 0; k < 4; ++k)
        buffer.plane(k)[i] = pixels[4 * i + k];
    }
    return;
  }
  cover(n, hn::Lanes(d), [&](size_t i) HWY_ATTR {
    hn::Vec<LoadTag> v0, v1, v2, v3;
    hn::LoadInterleaved4(d, pixels + 4 * i, v0, v1, v2, v3);
    hn::StoreU(v0, d, buffer.plane(0) + i);
    hn::StoreU(v1, d, buffer.plane(1) + i);
    hn::StoreU(v2, d, buffer.plane(2) + i);
    hn::StoreU(v3, d, buffer.plane(3) + i);
  });
}

// Samples of n pixels from (x, y) of the source. Where pixels share their chroma, x and n are even.
Planes load_block(const AippPlan& plan, const uint8_t* image, size_t x, size_t y, size_t n, Buffer& buffer) {
  const size_t pixel = y * plan.source_width + x;
  uint8_t* const b[4] = {buffer.plane(0), buffer.plane(1), buffer.plane(2), buffer.plane(3)};
  Planes planes = {{b[0], b[1], b[2]}, nullptr};
  size_t red_or_u = 0;  // What rbuv_swap exchanges with the last colour.
  switch (plan.format) {
    case AippInputFormat::kYuv420spU8:
    case AippInputFormat::kYuv422spU8: {
      const size_t chroma_row = plan.format == AippInputFormat::kYuv420spU8 ? y / 2 : y;
      repeat_chroma(image + (plan.source_height + chroma_row) * plan.source_width + x, n, b[1], b[2]);
      planes.colour[0] = image + pixel;
      red_or_u = 1;
      break;
    }
    case AippInputFormat::kYuyvU8:
      split_2(image + 2 * pixel, n, b[0], b[3]);
      repeat_chroma(b[3], n, b[1], b[2]);
      red_or_u = 1;
      break;
    case AippInputFormat::kRgb888U8:
      split_3(image + 3 * pixel, n, buffer);
      break;
    case AippInputFormat::kXrgb8888U8:
    case AippInputFormat::kArgb8888U8:
    case AippInputFormat::kAyuv444U8:
      split_4(image + 4 * pixel, n, buffer);
      planes = plan.ax_swap ? Planes{{b[0], b[1], b[2]}, b[3]} : Planes{{b[1], b[2], b[3]}, b[0]};
      red_or_u = plan.format == AippInputFormat::kAyuv444U8 ? 1 : 0;
      break;
    default:
      planes.colour[0] = image + pixel;
      return planes;
  }
  if (plan.rbuv_swap) std::swap(planes.colour[red_or_u], planes.colour[2]);
  return planes;
}

// Replaces the colours of n pixels by the converted ones, in the buffer. For matrices that float32 cannot
// apply exactly.
void convert_colours_in_integers(const AippPlan& plan, size_t n, Planes& planes, Buffer& buffer) {
  for (size_t i = 0; i < n; ++i) {
    int32_t p[3];
    for (size_t j = 0; j < 3; ++j)
      p[j] = planes.colour[j][i] - plan.input_bias[j];
    for (size_t k = 0; k < 3; ++k) {
      const auto& m = plan.matrix[k];
      const int32_t value = ((m[0] * p[0] + m[1] * p[1] + m[2] * p[2]) >> 8) + plan.output_bias[k];
      buffer.converted(k)[i] = static_cast<uint8_t>(std::clamp(value, 0, 255));
    }
  }
  for (size_t k = 0; k < 3; ++k)
    planes.colour[k] = buffer.converted(k);
}

// Samples minus their mean, exactly.
template <class D>
HWY_INLINE hn::Vec<D> load_centred(D d, const uint8_t* samples, int32_t mean) {
  const hn::Rebind<uint8_t, D> d8;
  const hn::Rebind<int32_t, D> d32;
  return hn::ConvertTo(d, hn::Sub(hn::PromoteTo(d32, hn::LoadU(d8, samples)), hn::Set(d32, mean)));
}

template <class D>
HWY_INLINE hn::Vec<D> load_samples(D d, const uint8_t* samples) {
  const hn::Rebind<uint8_t, D> d8;
  const hn::Rebind<int32_t, D> d32;
  return hn::ConvertTo(d, hn::PromoteTo(d32, hn::LoadU(d8, samples)));
}

// Rounds to nearest even. Values are finite; those beyond the range become infinite.
template <class D>
HWY_INLINE hn::Vec<hn::Rebind<uint16_t, D>> to_half(D d, hn::Vec<D> value) {
  const hn::Rebind<uint16_t, D> d16;
#if HWY_TARGET == HWY_AVX2 || HWY_TARGET == HWY_AVX3 || HWY_TARGET == HWY_NEON
  const hn::Rebind<hwy::float16_t, D> dh;
  return hn::BitCast(d16, hn::DemoteTo(dh, value));
#else  // Elsewhere DemoteTo may truncate.
  const hn::RebindToSigned<D> di;
  const auto bits = hn::BitCast(di, value);
  const auto magnitude = hn::And(bits, hn::Set(di, 0x7FFFFFFF));
  const auto sign = hn::And(hn::ShiftRight<16>(bits), hn::Set(di, 0x8000));
  // Numbers in [0.5, 1) are multiples of 2^-24, the unit of subnormal halves: the addition rounds to it.
  const auto half = hn::Set(d, 0.5F);
  const auto subnormal =
      hn::Sub(hn::BitCast(di, hn::Add(hn::BitCast(d, magnitude), half)), hn::BitCast(di, half));
  const auto odd = hn::And(hn::ShiftRight<13>(magnitude), hn::Set(di, 1));
  const auto normal = hn::ShiftRight<13>(hn::Add(hn::Add(magnitude, odd), hn::Set(di, 0xFFF - 0x38000000)));
  const auto finite = hn::IfThenElse(hn::Lt(magnitude, hn::Set(di, 0x38800000)), subnormal, normal);
  const auto result = hn::IfThenElse(hn::Lt(magnitude, hn::Set(di, 0x477FF000)), finite, hn::Set(di, 0x7C00));
  return hn::DemoteTo(d16, hn::Or(result, sign));
#endif
}

struct Scale {
  std::array<float, 4> min;
  std::array<float, 4> reciprocal;
};

template <class D>
HWY_INLINE hn::Vec<D> normalise(D d, hn::Vec<D> centred, const Scale& scale, size_t k) {
  return hn::Mul(hn::Sub(centred, hn::Set(d, scale.min[k])), hn::Set(d, scale.reciprocal[k]));
}

// Element type in memory, and how a sample minus its mean becomes one.
template <AippDataType kType>
struct Element;

template <>
struct Element<AippDataType::kFloat32> {
  using T = float;
  template <class D>
  static HWY_INLINE auto finish(D d, hn::Vec<D> centred, const Scale& scale, size_t k) {
    return normalise(d, centred, scale, k);
  }
};

template <>
struct Element<AippDataType::kFloat16> {
  using T = uint16_t;
  template <class D>
  static HWY_INLINE auto finish(D d, hn::Vec<D> centred, const Scale& scale, size_t k) {
    return to_half(d, normalise(d, centred, scale, k));
  }
};

template <>
struct Element<AippDataType::kUint8> {
  using T = uint8_t;
  template <class D>
  static HWY_INLINE auto finish(D /*d*/, hn::Vec<D> centred, const Scale& /*scale*/, size_t /*k*/) {
    return hn::DemoteTo(hn::Rebind<uint8_t, D>(), hn::ConvertTo(hn::RebindToSigned<D>(), centred));
  }
};

template <>
struct Element<AippDataType::kInt8> {
  using T = int8_t;
  template <class D>
  static HWY_INLINE auto finish(D /*d*/, hn::Vec<D> centred, const Scale& /*scale*/, size_t /*k*/) {
    return hn::DemoteTo(hn::Rebind<int8_t, D>(), hn::ConvertTo(hn::RebindToSigned<D>(), centred));
  }
};

struct Csc {
  std::array<std::array<float, 3>, 3> scaled;
  std::array<float, 3> offset;
};

// Colour k minus its mean.
template <class D>
HWY_INLINE hn::Vec<D> convert_colour(D d, const hn::Vec<D> (&p)[3], const Csc& csc, size_t k, int32_t mean) {
  auto sum = hn::MulAdd(p[0], hn::Set(d, csc.scaled[k][0]), hn::Set(d, csc.offset[k]));
  sum = hn::MulAdd(p[1], hn::Set(d, csc.scaled[k][1]), sum);
  sum = hn::MulAdd(p[2], hn::Set(d, csc.scaled[k][2]), sum);
  const auto low = hn::Set(d, static_cast<float>(-mean));
  const auto high = hn::Set(d, static_cast<float>(255 - mean));
  return hn::Min(hn::Max(hn::Floor(sum), low), high);
}

template <AippDataType kType, AippLayout kLayout, size_t kChannels, bool kCsc>
struct Rows {
  using E = Element<kType>;
  using T = typename E::T;
  using D = hn::ScalableTag<float>;

  // Channel k of the output is colour k - kFirst; with four channels X comes first.
  static constexpr size_t kFirst = kChannels == 4 ? 1 : 0;
  static constexpr size_t kColours = kChannels - kFirst;

  static HWY_INLINE void load_colours(D d, const Planes& planes, size_t i, const Csc& csc,
                                      const std::array<int32_t, 4>& mean, hn::Vec<D>* colours) {
    if constexpr (kCsc) {
      hn::Vec<D> p[3];
      for (size_t j = 0; j < 3; ++j)
        p[j] = load_samples(d, planes.colour[j] + i);
      for (size_t k = 0; k < kColours; ++k)
        colours[k] = convert_colour(d, p, csc, k, mean[k + kFirst]);
    } else {
      for (size_t k = 0; k < kColours; ++k)
        colours[k] = load_centred(d, planes.colour[k] + i, mean[k + kFirst]);
    }
  }

  // Converts n samples, n at least a vector. `out` is the first pixel; the planes of NCHW are `stride`
  // elements apart.
  static void convert_block(const AippPlan& plan, const Planes& planes, size_t n, T* HWY_RESTRICT out,
                            size_t stride) {
    const D d;
    // Copies: the compiler can keep them in registers although stores of bytes may alias the plan.
    const Csc csc = {plan.scaled, plan.offset};
    const Scale scale = {plan.min, plan.reciprocal};
    const std::array<int32_t, 4> mean = plan.mean;
    using V = decltype(E::finish(d, hn::Vec<D>(), scale, 0));
    const hn::DFromV<V> d_out;
    cover(n, hn::Lanes(d), [&](size_t i) HWY_ATTR {
      hn::Vec<D> samples[kChannels];
      if constexpr (kFirst == 1) samples[0] = load_centred(d, planes.x + i, mean[0]);
      load_colours(d, planes, i, csc, mean, samples + kFirst);
      V v[kChannels];
      for (size_t k = 0; k < kChannels; ++k)
        v[k] = E::finish(d, samples[k], scale, k);
      if constexpr (kLayout == AippLayout::kNchw) {
        for (size_t k = 0; k < kChannels; ++k)
          hn::StoreU(v[k], d_out, out + k * stride + i);
      } else if constexpr (kChannels == 3) {
        hn::StoreInterleaved3(v[0], v[1], v[2], d_out, out + 3 * i);
      } else {
        hn::StoreInterleaved4(v[0], v[1], v[2], v[3], d_out, out + 4 * i);
      }
    });
  }

  // Rows of less than a vector go through copies of a vector's size.
  static void convert_narrow(const AippPlan& plan, const Planes& planes, size_t n, T* HWY_RESTRICT out,
                             size_t stride) {
    constexpr size_t kLanes = hn::MaxLanes(D());
    uint8_t in[4][kLanes] = {};
    for (size_t k = 0; k < kColours || (kCsc && k < 3); ++k)
      std::copy_n(planes.colour[k], n, in[k]);
    if constexpr (kFirst == 1) std::copy_n(planes.x, n, in[3]);
    T wide[4 * kLanes];
    convert_block(plan, Planes{{in[0], in[1], in[2]}, in[3]}, kLanes, wide, kLanes);
    if constexpr (kLayout == AippLayout::kNchw) {
      for (size_t k = 0; k < kChannels; ++k)
        std::copy_n(wide + k * kLanes, n, out + k * stride);
    } else {
      std::copy_n(wide, n * kChannels, out);
    }
  }

  static void fill(const AippPlan& plan, T* row, size_t x, size_t n) {
    T value;
    if constexpr (std::is_same_v<T, float>) {
      value = std::bit_cast<float>(plan.padding_bits);
    } else {
      value = static_cast<T>(plan.padding_bits);
    }
    if constexpr (kLayout == AippLayout::kNchw) {
      for (size_t k = 0; k < kChannels; ++k)
        std::fill_n(row + k * plan.height * plan.width + x, n, value);
    } else {
      std::fill_n(row + x * kChannels, n * kChannels, value);
    }
  }

  static void convert_row(const AippPlan& plan, const uint8_t* image, size_t y, T* row) {
    const size_t width = plan.inner_width;
    const size_t blocks = (width + kBlock - 1) / kBlock;
    // Equal blocks of whole vectors; the last one is moved to the left so that it ends with the row.
    const size_t size = std::min(width, ((width + blocks - 1) / blocks + 31) / 32 * 32);
    Buffer buffer;
    for (size_t b = 0; b < blocks; ++b) {
      const size_t x = std::min(b * size, width - size);
      Planes planes = load_block(plan, image, plan.left + x, y, size, buffer);
      if (!kCsc && plan.csc) convert_colours_in_integers(plan, size, planes, buffer);
      T* out = row + (plan.pad_left + x) * (kLayout == AippLayout::kNchw ? 1 : kChannels);
      const size_t stride = plan.height * plan.width;
      if (size >= hn::Lanes(D())) {
        convert_block(plan, planes, size, out, stride);
      } else {
        convert_narrow(plan, planes, size, out, stride);
      }
    }
  }

  static void run(const AippPlan& plan, const uint8_t* image, void* output, size_t begin, size_t end) {
    for (size_t y = begin; y < end; ++y) {
      T* row = static_cast<T*>(output) + y * plan.width * (kLayout == AippLayout::kNchw ? 1 : kChannels);
      if (y < plan.pad_top || y - plan.pad_top >= plan.inner_height) {
        fill(plan, row, 0, plan.width);
        continue;
      }
      fill(plan, row, 0, plan.pad_left);
      convert_row(plan, image, plan.top + y - plan.pad_top, row);
      const size_t right = plan.pad_left + plan.inner_width;
      fill(plan, row, right, plan.width - right);
    }
  }
};

template <AippDataType kType, AippLayout kLayout, size_t kChannels>
AippRowsFunction select_csc(const AippPlan& plan) {
  return plan.csc && plan.csc_fits_float ? &Rows<kType, kLayout, kChannels, true>::run
                                         : &Rows<kType, kLayout, kChannels, false>::run;
}

template <AippDataType kType>
AippRowsFunction select_layout(const AippPlan& plan) {
  const bool nchw = plan.layout == AippLayout::kNchw;
  if (plan.channels == 1) return select_csc<kType, AippLayout::kNchw, 1>(plan);  // Both layouts are the same.
  if (plan.channels == 3)
    return nchw ? select_csc<kType, AippLayout::kNchw, 3>(plan)
                : select_csc<kType, AippLayout::kNhwc, 3>(plan);
  return nchw ? select_csc<kType, AippLayout::kNchw, 4>(plan) : select_csc<kType, AippLayout::kNhwc, 4>(plan);
}

AippRowsFunction select_type(const AippPlan& plan) {
  switch (plan.type) {
    case AippDataType::kUint8:
      return select_layout<AippDataType::kUint8>(plan);
    case AippDataType::kInt8:
      return select_layout<AippDataType::kInt8>(plan);
    case AippDataType::kFloat16:
      return select_layout<AippDataType::kFloat16>(plan);
    case AippDataType::kFloat32:
      break;
  }
  return select_layout<AippDataType::kFloat32>(plan);
}

}  // namespace

// HWY_EXPORT needs a name outside the anonymous namespace.
AippRowsFunction SelectAippRows(const AippPlan& plan) {
  return select_type(plan);
}

}  // namespace HWY_NAMESPACE
}  // namespace cairn
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace cairn {

HWY_EXPORT(SelectAippRows);

AippRowsFunction select_aipp_rows(const AippPlan& plan) {
  return HWY_DYNAMIC_DISPATCH(SelectAippRows)(plan);
}

}  // namespace cairn
#endif
