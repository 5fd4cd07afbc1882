// Only targets with instructions that convert half floats are compiled with vectors; others use base/half.h.
#define HWY_DISABLED_TARGETS (HWY_SSSE3 | HWY_SSE4 | HWY_AVX3_DL | HWY_SVE | HWY_SVE2 | HWY_RVV)

#include "tensor/half_vectors.h"

#include "base/half.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tensor/half_vectors.cc"  // NOLINT
#include <hwy/foreach_target.h>                      // NOLINT: must come before highway.h
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace cairn {
namespace HWY_NAMESPACE {

#if HWY_TARGET == HWY_AVX2 || HWY_TARGET == HWY_AVX3 || HWY_TARGET == HWY_NEON

namespace hn = hwy::HWY_NAMESPACE;
using Floats = hn::ScalableTag<float>;
using Halves = hn::Rebind<hwy::float16_t, Floats>;

HWY_INLINE hn::Vec<Floats> load(const uint16_t* halves) {
  return hn::PromoteTo(Floats(), hn::LoadU(Halves(), reinterpret_cast<const hwy::float16_t*>(halves)));
}

size_t widen_vectors(const uint16_t* halves, float* floats, size_t count) {
  const size_t step = hn::Lanes(Floats());
  size_t i = 0;
  for (; i + step <= count; i += step)
    hn::StoreU(load(halves + i), Floats(), floats + i);
  return i;
}

size_t narrow_vectors(const float* floats, uint16_t* halves, size_t count) {
  const size_t step = hn::Lanes(Floats());
  size_t i = 0;
  for (; i + step <= count; i += step)
    hn::StoreU(hn::DemoteTo(Halves(), hn::LoadU(Floats(), floats + i)), Halves(),
               reinterpret_cast<hwy::float16_t*>(halves + i));
  return i;
}

size_t dot_vectors(const uint16_t* halves, const float* floats, size_t count, float* sum) {
  const Floats d;
  const size_t step = hn::Lanes(d);
  auto a = hn::Zero(d), b = hn::Zero(d), c = hn::Zero(d), e = hn::Zero(d);  // Hide the latency of additions.
  size_t i = 0;
  for (; i + 4 * step <= count; i += 4 * step) {
    a = hn::MulAdd(load(halves + i), hn::LoadU(d, floats + i), a);
    b = hn::MulAdd(load(halves + i + step), hn::LoadU(d, floats + i + step), b);
    c = hn::MulAdd(load(halves + i + 2 * step), hn::LoadU(d, floats + i + 2 * step), c);
    e = hn::MulAdd(load(halves + i + 3 * step), hn::LoadU(d, floats + i + 3 * step), e);
  }
  for (; i + step <= count; i += step)
    a = hn::MulAdd(load(halves + i), hn::LoadU(d, floats + i), a);
  *sum = hn::GetLane(hn::SumOfLanes(d, hn::Add(hn::Add(a, b), hn::Add(c, e))));
  return i;
}

size_t add_multiple_vectors(const uint16_t* halves, float factor, float* sums, size_t count) {
  const Floats d;
  const size_t step = hn::Lanes(d);
  const auto factors = hn::Set(d, factor);
  size_t i = 0;
  for (; i + step <= count; i += step)
    hn::StoreU(hn::MulAdd(load(halves + i), factors, hn::LoadU(d, sums + i)), d, sums + i);
  return i;
}

#else

size_t widen_vectors(const uint16_t*, float*, size_t) {
  return 0;
}
size_t narrow_vectors(const float*, uint16_t*, size_t) {
  return 0;
}
size_t dot_vectors(const uint16_t*, const float*, size_t, float* sum) {
  *sum = 0;
  return 0;
}
size_t add_multiple_vectors(const uint16_t*, float, float*, size_t) {
  return 0;
}

#endif

}  // namespace HWY_NAMESPACE
}  // namespace cairn
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace cairn {

HWY_EXPORT(widen_vectors);
HWY_EXPORT(narrow_vectors);
HWY_EXPORT(dot_vectors);
HWY_EXPORT(add_multiple_vectors);

void widen(const uint16_t* halves, float* floats, size_t count) {
  for (size_t i = HWY_DYNAMIC_DISPATCH(widen_vectors)(halves, floats, count); i < count; ++i)
    floats[i] = half_to_float(halves[i]);
}

void narrow(const float* floats, uint16_t* halves, size_t count) {
  for (size_t i = HWY_DYNAMIC_DISPATCH(narrow_vectors)(floats, halves, count); i < count; ++i)
    halves[i] = float_to_half(floats[i]);
}

float dot(const uint16_t* halves, const float* floats, size_t count) {
  float sum = 0;
  for (size_t i = HWY_DYNAMIC_DISPATCH(dot_vectors)(halves, floats, count, &sum); i < count; ++i)
    sum += half_to_float(halves[i]) * floats[i];
  return sum;
}

void add_multiple(const uint16_t* halves, float factor, float* sums, size_t count) {
  for (size_t i = HWY_DYNAMIC_DISPATCH(add_multiple_vectors)(halves, factor, sums, count); i < count; ++i)
    sums[i] += half_to_float(halves[i]) * factor;
}

}  // namespace cairn
#endif
