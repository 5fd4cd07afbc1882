// Plain loops, compiled once for each instruction set and left to the compiler to make vectors of; only
// exp, log and what is made of them name vectors.
#define HWY_DISABLED_TARGETS (HWY_SSSE3 | HWY_SSE4 | HWY_AVX3_DL | HWY_SVE | HWY_SVE2 | HWY_RVV)

#include "element/element_kernels.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <type_traits>

#include "tensor/float_overflow.h"
#include "tensor/half_vectors.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "element/element_kernels.cc"  // NOLINT
#include <hwy/foreach_target.h>                          // NOLINT: must come before highway.h
#include <hwy/highway.h>
// After highway.h.
#include <hwy/cache_control.h>
#include <hwy/contrib/math/math-inl.h>

// `out` may be an input, but then at the same place: the iterations are independent.
#undef CAIRN_EACH
#if defined(__clang__)  // It looks whether they overlap by itself.
#define CAIRN_EACH(i, count) for (size_t i = 0; i < (count); ++i)
#else
#define CAIRN_EACH(i, count) _Pragma("GCC ivdep") for (size_t i = 0; i < (count); ++i)
#endif

HWY_BEFORE_NAMESPACE();
namespace cairn::element {
namespace HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

// Rough times of an element, in nanoseconds.
constexpr float kFast = 0.06F;
constexpr float kSlow = 12;

/// bool lies in a byte; any other value than 0 is true. A type of its own, so that it is no whole number.
enum class Bool : uint8_t { kFalse, kTrue };

constexpr Bool truth(bool value) {
  return value ? Bool::kTrue : Bool::kFalse;
}

/// Of 8 bits: between its limits.
template <class T>
T narrowed(int value) {
  return static_cast<T>(
      std::clamp(value, int{std::numeric_limits<T>::min()}, int{std::numeric_limits<T>::max()}));
}

/// Whole numbers wrap: the type that they are added in. Not smaller than int, in which products of 16 bits
/// would overflow.
template <class T>
using Wrapping = std::conditional_t<(sizeof(T) < sizeof(uint32_t)), uint32_t, std::make_unsigned_t<T>>;

struct Add {
  template <class T>
  static T of(T a, T b) {
    if constexpr (std::is_floating_point_v<T>)
      return a + b;
    else if constexpr (sizeof(T) == 1)
      return narrowed<T>(int{a} + int{b});
    else
      return static_cast<T>(static_cast<Wrapping<T>>(a) + static_cast<Wrapping<T>>(b));
  }
};

struct Subtract {
  template <class T>
  static T of(T a, T b) {
    if constexpr (std::is_floating_point_v<T>)
      return a - b;
    else if constexpr (sizeof(T) == 1)
      return narrowed<T>(int{a} - int{b});
    else
      return static_cast<T>(static_cast<Wrapping<T>>(a) - static_cast<Wrapping<T>>(b));
  }
};

struct Multiply {
  template <class T>
  static T of(T a, T b) {
    if constexpr (std::is_floating_point_v<T>)
      return a * b;
    else if constexpr (sizeof(T) == 1)
      return narrowed<T>(int{a} * int{b});
    else
      return static_cast<T>(static_cast<Wrapping<T>>(a) * static_cast<Wrapping<T>>(b));
  }
};

struct Negative {
  template <class T>
  static T of(T a) {
    if constexpr (std::is_floating_point_v<T>)
      return -a;
    else
      return Subtract::of<T>(0, a);
  }
};

struct Divide {
  template <class T>
  static T of(T a, T b) {
    if constexpr (std::is_floating_point_v<T>) {
      return a / b;
    } else {
      if (b == 0) return 0;
      if constexpr (std::is_signed_v<T>)
        if (b == -1) return Negative::of(a);  // The smallest number has no opposite.
      return static_cast<T>(a / b);
    }
  }
};

/// The sign is that of the first number.
struct Mod {
  template <class T>
  static T of(T a, T b) {
    if constexpr (std::is_floating_point_v<T>) {
      return std::fmod(a, b);
    } else {
      if (b == 0) return 0;
      if constexpr (std::is_signed_v<T>)
        if (b == -1) return 0;
      return static_cast<T>(a % b);
    }
  }
};

/// The sign is that of the second number.
struct FloorMod {
  template <class T>
  static T of(T a, T b) {
    const T rest = Mod::of(a, b);
    if constexpr (std::is_signed_v<T> || std::is_floating_point_v<T>)
      if (rest != 0 && (rest < 0) != (b < 0)) return static_cast<T>(rest + b);
    return rest;
  }
};

struct Power {
  template <class T>
  static T of(T a, T b) {
    if constexpr (std::is_floating_point_v<T>) {
      return std::pow(a, b);
    } else {
      if constexpr (std::is_signed_v<T>)
        if (b < 0) return a == 1 ? T{1} : a == -1 ? static_cast<T>((b & 1) != 0 ? -1 : 1) : T{0};
      T result = 1;
      T factor = a;
      for (auto rest = static_cast<std::make_unsigned_t<T>>(b); rest != 0; rest >>= 1) {
        if ((rest & 1) != 0) result = Multiply::of(result, factor);
        if (rest > 1) factor = Multiply::of(factor, factor);
      }
      return result;
    }
  }
};

// NaN wins, as in NumPy.
struct Maximum {
  template <class T>
  static T of(T a, T b) {
    if constexpr (std::is_floating_point_v<T>)
      return a > b || a != a ? a : b;
    else
      return a > b ? a : b;
  }
};

struct Minimum {
  template <class T>
  static T of(T a, T b) {
    if constexpr (std::is_floating_point_v<T>)
      return a < b || a != a ? a : b;
    else
      return a < b ? a : b;
  }
};

struct SquaredDifference {
  template <class T>
  static T of(T a, T b) {
    const T difference = Subtract::of(a, b);
    return Multiply::of(difference, difference);
  }
};

struct PRelu {
  template <class T>
  static T of(T a, T slope) {
    return a < 0 ? a * slope : a;
  }
};

struct BitwiseAnd {
  template <class T>
  static T of(T a, T b) {
    return static_cast<T>(a & b);
  }
};
struct BitwiseOr {
  template <class T>
  static T of(T a, T b) {
    return static_cast<T>(a | b);
  }
};
struct BitwiseXor {
  template <class T>
  static T of(T a, T b) {
    return static_cast<T>(a ^ b);
  }
};
struct BitwiseNot {
  template <class T>
  static T of(T a) {
    return static_cast<T>(~a);
  }
};

template <class T>
bool is_shift(T places) {
  return places >= 0 && static_cast<uint64_t>(places) < 8 * sizeof(T);
}
struct ShiftLeft {
  template <class T>
  static T of(T a, T places) {
    return is_shift(places) ? static_cast<T>(static_cast<Wrapping<T>>(a) << places) : T{0};
  }
};
struct ShiftRight {
  template <class T>
  static T of(T a, T places) {
    if (is_shift(places)) return static_cast<T>(a >> places);
    return a < 0 ? static_cast<T>(~T{0}) : T{0};
  }
};

struct Equal {
  template <class T>
  static Bool of(T a, T b) {
    return truth(a == b);
  }
};
struct NotEqual {
  template <class T>
  static Bool of(T a, T b) {
    return truth(a != b);
  }
};
struct Less {
  template <class T>
  static Bool of(T a, T b) {
    return truth(a < b);
  }
};
struct LessEqual {
  template <class T>
  static Bool of(T a, T b) {
    return truth(a <= b);
  }
};
struct Greater {
  template <class T>
  static Bool of(T a, T b) {
    return truth(a > b);
  }
};
struct GreaterEqual {
  template <class T>
  static Bool of(T a, T b) {
    return truth(a >= b);
  }
};

struct LogicalAnd {
  static Bool of(Bool a, Bool b) { return truth((a != Bool::kFalse) & (b != Bool::kFalse)); }
};
struct LogicalOr {
  static Bool of(Bool a, Bool b) { return truth((a != Bool::kFalse) | (b != Bool::kFalse)); }
};
struct LogicalXor {
  static Bool of(Bool a, Bool b) { return truth((a != Bool::kFalse) != (b != Bool::kFalse)); }
};
struct LogicalSame {
  static Bool of(Bool a, Bool b) { return truth((a != Bool::kFalse) == (b != Bool::kFalse)); }
};
struct LogicalNot {
  static Bool of(Bool a) { return truth(a == Bool::kFalse); }
};

struct Abs {
  template <class T>
  static T of(T a) {
    if constexpr (std::is_floating_point_v<T>)
      return std::fabs(a);
    else if constexpr (std::is_unsigned_v<T>)
      return a;
    else
      return a < 0 ? Negative::of(a) : a;
  }
};
struct Sign {
  template <class T>
  static T of(T a) {
    if constexpr (std::is_floating_point_v<T>)
      return a > 0 ? T{1} : a < 0 ? T{-1} : a;
    else if constexpr (std::is_unsigned_v<T>)
      return a != 0 ? T{1} : T{0};
    else
      return static_cast<T>((a > 0) - (a < 0));
  }
};
struct Relu {
  template <class T>
  static T of(T a) {
    return a < 0 ? T{0} : a;
  }
};
struct Ceiling {
  template <class T>
  static T of(T a) {
    return std::ceil(a);
  }
};
struct Floor {
  template <class T>
  static T of(T a) {
    return std::floor(a);
  }
};
struct RoundEven {
  template <class T>
  static T of(T a) {
    return std::rint(a);  // In the mode that every thread starts with.
  }
};
struct RoundAway {
  template <class T>
  static T of(T a) {
    return std::round(a);
  }
};
struct Sqrt {
  template <class T>
  static T of(T a) {
    return std::sqrt(a);
  }
};
struct HSwish {
  template <class T>
  static T of(T a) {
    return a * Minimum::of(Maximum::of(a + T{3}, T{0}), T{6}) / T{6};
  }
};
struct SoftSign {
  template <class T>
  static T of(T a) {
    return a / (T{1} + std::fabs(a));
  }
};
struct IsFinite {
  template <class T>
  static Bool of(T a) {
    return truth(std::fabs(a) <= std::numeric_limits<T>::max());
  }
};
struct IsInf {
  template <class T>
  static Bool of(T a) {
    return truth(std::fabs(a) > std::numeric_limits<T>::max());
  }
};
struct IsNan {
  template <class T>
  static Bool of(T a) {
    return truth(a != a);
  }
};

// Numbers one by one, by the C library.
struct Exp {
  template <class T>
  static T of(T a) {
    return std::exp(a);
  }
};
struct Log {
  template <class T>
  static T of(T a) {
    return std::log(a);
  }
};
struct Tanh {
  template <class T>
  static T of(T a) {
    return std::tanh(a);
  }
};
struct Sigmoid {
  template <class T>
  static T of(T a) {
    return T{1} / (T{1} + std::exp(-a));
  }
};
struct SoftPlus {
  template <class T>
  static T of(T a) {
    return Maximum::of(a, T{0}) + std::log1p(std::exp(-std::fabs(a)));
  }
};
struct Mish {
  template <class T>
  static T of(T a) {
    return a * std::tanh(SoftPlus::of(a));
  }
};
struct Erf {
  template <class T>
  static T of(T a) {
    return std::erf(a);
  }
};
struct Sin {
  template <class T>
  static T of(T a) {
    return std::sin(a);
  }
};
struct Cos {
  template <class T>
  static T of(T a) {
    return std::cos(a);
  }
};
struct Tan {
  template <class T>
  static T of(T a) {
    return std::tan(a);
  }
};
struct Asin {
  template <class T>
  static T of(T a) {
    return std::asin(a);
  }
};
struct Acos {
  template <class T>
  static T of(T a) {
    return std::acos(a);
  }
};
struct Atan {
  template <class T>
  static T of(T a) {
    return std::atan(a);
  }
};
struct Sinh {
  template <class T>
  static T of(T a) {
    return std::sinh(a);
  }
};
struct Cosh {
  template <class T>
  static T of(T a) {
    return std::cosh(a);
  }
};
struct Asinh {
  template <class T>
  static T of(T a) {
    return std::asinh(a);
  }
};
struct Acosh {
  template <class T>
  static T of(T a) {
    return std::acosh(a);
  }
};
struct Atanh {
  template <class T>
  static T of(T a) {
    return std::atanh(a);
  }
};

// Vectors of float32.
using Floats = hn::ScalableTag<float>;
using FloatVector = hn::Vec<Floats>;

FloatVector number(float value) {
  return hn::Set(Floats(), value);
}

#if HWY_TARGET == HWY_AVX3

/// A polynomial of the rest after whole powers of two, which one instruction brings back with overflow,
/// underflow and NaN.
FloatVector exp_of(FloatVector x) {
  // The instructions give the second number if it is NaN.
  const __m512 bounded = _mm512_max_ps(_mm512_set1_ps(-105), _mm512_min_ps(_mm512_set1_ps(90), x.raw));
  const __m512 power = _mm512_roundscale_ps(_mm512_mul_ps(bounded, _mm512_set1_ps(1.44269504F)), 0);
  __m512 rest = _mm512_fnmadd_ps(power, _mm512_set1_ps(0.693359375F), bounded);
  rest = _mm512_fnmadd_ps(power, _mm512_set1_ps(-2.12194440e-4F), rest);
  __m512 y = _mm512_fmadd_ps(_mm512_set1_ps(1.9875691500e-4F), rest, _mm512_set1_ps(1.3981999507e-3F));
  y = _mm512_fmadd_ps(y, rest, _mm512_set1_ps(8.3334519073e-3F));
  y = _mm512_fmadd_ps(y, rest, _mm512_set1_ps(4.1665795894e-2F));
  y = _mm512_fmadd_ps(y, rest, _mm512_set1_ps(1.6666665459e-1F));
  y = _mm512_fmadd_ps(y, rest, _mm512_set1_ps(5.0000001201e-1F));
  y = _mm512_fmadd_ps(_mm512_mul_ps(y, rest), rest, _mm512_add_ps(rest, _mm512_set1_ps(1)));
  return FloatVector{_mm512_scalef_ps(y, power)};
}

#else

FloatVector exp_of(FloatVector x) {
  constexpr float kMost = 88.7228390F;  // exp of more does not fit.
  const FloatVector y = hn::Exp(Floats(), hn::Min(x, number(kMost)));
  const FloatVector infinity = number(std::numeric_limits<float>::infinity());
  const FloatVector bounded = hn::IfThenElse(hn::Gt(x, number(kMost)), infinity, y);
  return hn::IfThenElse(hn::IsNaN(x), x, bounded);
}

#endif

FloatVector log_of(FloatVector x) {
  const FloatVector infinity = number(std::numeric_limits<float>::infinity());
  const FloatVector zero = number(0);
  FloatVector y = hn::Log(Floats(), x);
  y = hn::IfThenElse(hn::Eq(x, zero), hn::Neg(infinity), y);
  y = hn::IfThenElse(hn::Or(hn::Eq(x, infinity), hn::IsNaN(x)), x, y);
  return hn::IfThenElse(hn::Lt(x, zero), number(std::numeric_limits<float>::quiet_NaN()), y);
}

FloatVector tanh_of(FloatVector x) {
  return hn::IfThenElse(hn::IsNaN(x), x, hn::Tanh(Floats(), x));
}

struct ExpVectors {
  static FloatVector of(FloatVector x) { return exp_of(x); }
};
struct LogVectors {
  static FloatVector of(FloatVector x) { return log_of(x); }
};
struct TanhVectors {
  static FloatVector of(FloatVector x) { return tanh_of(x); }
};
struct SigmoidVectors {
  static FloatVector of(FloatVector x) {
    const FloatVector one = number(1);
    return hn::Div(one, hn::Add(one, exp_of(hn::Neg(x))));
  }
};
struct SoftPlusVectors {
  static FloatVector of(FloatVector x) {
    const FloatVector small = hn::Log1p(Floats(), exp_of(hn::Neg(hn::Abs(x))));
    return hn::IfThenElse(hn::IsNaN(x), x, hn::Add(hn::Max(x, number(0)), small));
  }
};
struct MishVectors {
  static FloatVector of(FloatVector x) { return hn::Mul(x, tanh_of(SoftPlusVectors::of(x))); }
};
/// Two polynomials, one in the exponent; both are right to the last bit but one.
struct ErfVectors {
  static FloatVector of(FloatVector x) {
    const FloatVector size = hn::Abs(x);
    const FloatVector square = hn::Mul(x, x);
    FloatVector far = hn::MulAdd(number(-1.72853470e-5F), size, number(3.83197126e-4F));
    far = hn::MulAdd(far, square, hn::MulAdd(number(-3.88396438e-3F), size, number(2.42546219e-2F)));
    far = hn::MulAdd(far, size, number(-1.06777877e-1F));
    far = hn::MulAdd(far, size, number(-6.34846687e-1F));
    far = hn::MulAdd(far, size, number(-1.28717512e-1F));
    far = hn::MulAdd(far, size, hn::Neg(size));
    far = hn::Sub(number(1), exp_of(hn::Min(far, number(0))));
    // Where it is 1 to the last bit the polynomial has long left its range.
    far = hn::CopySign(hn::IfThenElse(hn::Gt(size, number(4)), number(1), far), x);
    FloatVector near = number(-5.96761703e-4F);
    near = hn::MulAdd(near, square, number(4.99119423e-3F));
    near = hn::MulAdd(near, square, number(-2.67681349e-2F));
    near = hn::MulAdd(near, square, number(1.12819925e-1F));
    near = hn::MulAdd(near, square, number(-3.76125336e-1F));
    near = hn::MulAdd(near, square, number(1.28379166e-1F));
    near = hn::MulAdd(near, x, x);
    return hn::IfThenElse(hn::Gt(size, number(0.927734375F)), far, near);
  }
};
struct GeluErfVectors {
  static FloatVector of(FloatVector x) {
    const FloatVector half = hn::Mul(x, number(0.5F));
    return hn::MulAdd(half, ErfVectors::of(hn::Mul(x, number(0.70710678F))), half);
  }
};
struct GeluTanhVectors {
  static FloatVector of(FloatVector x) {
    const FloatVector inner = hn::MulAdd(hn::Mul(hn::Mul(x, x), x), number(0.044715F), x);
    const FloatVector half = hn::Mul(x, number(0.5F));
    return hn::MulAdd(half, tanh_of(hn::Mul(inner, number(0.79788456F))), half);
  }
};

template <class F>
void map_vectors(const void* const* in, void* out, size_t count) {
  const Floats d;
  const size_t step = hn::Lanes(d);
  const auto* const a = static_cast<const float*>(in[0]);
  auto* const r = static_cast<float*>(out);
  size_t i = 0;
  for (; i + step <= count; i += step)
    hn::StoreU(F::of(hn::LoadU(d, a + i)), d, r + i);
  if (i == count) return;
  HWY_ALIGN float rest[hn::MaxLanes(d)] = {};
  std::memcpy(rest, a + i, (count - i) * sizeof(float));
  hn::Store(F::of(hn::Load(d, rest)), d, rest);
  std::memcpy(r + i, rest, (count - i) * sizeof(float));
}

template <class F, class T>
void map_one(const void* const* in, void* out, size_t count) {
  const auto* const a = static_cast<const T*>(in[0]);
  auto* const r = static_cast<decltype(F::of(T{}))*>(out);
  CAIRN_EACH(i, count) r[i] = F::of(a[i]);
}

template <class F, class T>
void map_two(const void* const* in, void* out, size_t count) {
  const auto* const a = static_cast<const T*>(in[0]);
  const auto* const b = static_cast<const T*>(in[1]);
  auto* const r = static_cast<decltype(F::of(T{}, T{}))*>(out);
  CAIRN_EACH(i, count) r[i] = F::of(a[i], b[i]);
}

template <class T>
void select(const void* const* in, void* out, size_t count) {
  const auto* const condition = static_cast<const uint8_t*>(in[0]);
  const auto* const a = static_cast<const T*>(in[1]);
  const auto* const b = static_cast<const T*>(in[2]);
  auto* const r = static_cast<T*>(out);
  CAIRN_EACH(i, count) r[i] = condition[i] != 0 ? a[i] : b[i];
}

/// Cut off; what does not fit gives the smallest number, as the instruction of most CPUs does.
template <class To, class From>
To cut(From value) {
  // The first number above the range: a power of two, which From holds exactly.
  constexpr To kHalf = std::numeric_limits<To>::max() / 2 + 1;
  constexpr From kEnd = static_cast<From>(kHalf) * 2;
  constexpr From kLeast = static_cast<From>(std::numeric_limits<To>::min());
  const bool fits = value < kEnd && value >= kLeast;
  return fits ? static_cast<To>(value) : std::numeric_limits<To>::min();
}

struct Converting {
  template <class To, class From>
  static To of(From value) {
    if constexpr (std::is_same_v<To, Bool> && std::is_same_v<From, Bool>) {
      return truth(value != Bool::kFalse);
    } else if constexpr (std::is_same_v<From, Bool>) {
      return value != Bool::kFalse ? To{1} : To{0};
    } else if constexpr (std::is_same_v<To, Bool>) {
      return truth(value != 0);
    } else if constexpr (std::is_floating_point_v<From> && std::is_integral_v<To>) {
      // Narrow and unsigned numbers are the lower bits of wider ones.
      if constexpr (std::is_same_v<To, uint64_t>) {
        constexpr From kHalf = 9223372036854775808.0;
        return value >= kHalf && value < 2 * kHalf ? static_cast<uint64_t>(value)
                                                   : static_cast<uint64_t>(cut<int64_t>(value));
      } else if constexpr (std::is_same_v<To, uint32_t>) {
        return static_cast<uint32_t>(cut<int64_t>(value));
      } else if constexpr (sizeof(To) < sizeof(int32_t)) {
        return static_cast<To>(cut<int32_t>(value));
      } else {
        return cut<To>(value);
      }
    } else {
      return static_cast<To>(value);
    }
  }
};

template <class From, class To>
void convert(const void* const* in, void* out, size_t count) {
  const auto* const a = static_cast<const From*>(in[0]);
  auto* const r = static_cast<To*>(out);
  CAIRN_EACH(i, count) r[i] = Converting::of<To, From>(a[i]);
}

template <class F, class T>
Kernel one(float nanoseconds, aclDataType result) {
  return {map_one<F, T>, nanoseconds, result};
}
template <class F, class T>
Kernel two(float nanoseconds, aclDataType result) {
  return {map_two<F, T>, nanoseconds, result};
}

/// Of float32: in vectors, of which an element takes so many nanoseconds; of float64: one by one.
template <class Vectors, class Numbers, class T>
Kernel either(float nanoseconds, aclDataType type) {
  if constexpr (std::is_same_v<T, float>)
    return {map_vectors<Vectors>, nanoseconds, type};
  else
    return one<Numbers, T>(kSlow, type);
}

template <class T>
Kernel of_floats(Function function, aclDataType type) {
  switch (function) {
    case Function::kPRelu:
      return two<PRelu, T>(kFast, type);
    case Function::kCeiling:
      return one<Ceiling, T>(kFast, type);
    case Function::kFloor:
      return one<Floor, T>(kFast, type);
    case Function::kRoundEven:
      return one<RoundEven, T>(kFast, type);
    case Function::kRoundAway:
      return one<RoundAway, T>(kFast, type);
    case Function::kSqrt:
      return one<Sqrt, T>(kFast, type);
    case Function::kHSwish:
      return one<HSwish, T>(kFast, type);
    case Function::kSoftSign:
      return one<SoftSign, T>(kFast, type);
    case Function::kIsFinite:
      return one<IsFinite, T>(kFast, ACL_BOOL);
    case Function::kIsInf:
      return one<IsInf, T>(kFast, ACL_BOOL);
    case Function::kIsNan:
      return one<IsNan, T>(kFast, ACL_BOOL);
    case Function::kExp:
      return either<ExpVectors, Exp, T>(0.17F, type);
    case Function::kLog:
      return either<LogVectors, Log, T>(0.4F, type);
    case Function::kTanh:
      return either<TanhVectors, Tanh, T>(0.55F, type);
    case Function::kSigmoid:
      return either<SigmoidVectors, Sigmoid, T>(0.23F, type);
    case Function::kSoftPlus:
      return either<SoftPlusVectors, SoftPlus, T>(0.8F, type);
    case Function::kMish:
      return either<MishVectors, Mish, T>(1.9F, type);
    case Function::kErf:
      return either<ErfVectors, Erf, T>(0.55F, type);
    case Function::kGeluErf:
      if constexpr (std::is_same_v<T, float>) return {map_vectors<GeluErfVectors>, 0.7F, type};
      return {};
    case Function::kGeluTanh:
      if constexpr (std::is_same_v<T, float>) return {map_vectors<GeluTanhVectors>, 0.7F, type};
      return {};
    case Function::kSin:
      return one<Sin, T>(kSlow, type);
    case Function::kCos:
      return one<Cos, T>(kSlow, type);
    case Function::kTan:
      return one<Tan, T>(kSlow, type);
    case Function::kAsin:
      return one<Asin, T>(kSlow, type);
    case Function::kAcos:
      return one<Acos, T>(kSlow, type);
    case Function::kAtan:
      return one<Atan, T>(kSlow, type);
    case Function::kSinh:
      return one<Sinh, T>(kSlow, type);
    case Function::kCosh:
      return one<Cosh, T>(kSlow, type);
    case Function::kAsinh:
      return one<Asinh, T>(kSlow, type);
    case Function::kAcosh:
      return one<Acosh, T>(kSlow, type);
    case Function::kAtanh:
      return one<Atanh, T>(kSlow, type);
    default:
      return {};
  }
}

template <class T>
Kernel of_integers(Function function, aclDataType type) {
  switch (function) {
    case Function::kBitwiseAnd:
      return two<BitwiseAnd, T>(kFast, type);
    case Function::kBitwiseOr:
      return two<BitwiseOr, T>(kFast, type);
    case Function::kBitwiseXor:
      return two<BitwiseXor, T>(kFast, type);
    case Function::kBitwiseNot:
      return one<BitwiseNot, T>(kFast, type);
    case Function::kShiftLeft:
      return two<ShiftLeft, T>(kFast, type);
    case Function::kShiftRight:
      return two<ShiftRight, T>(kFast, type);
    default:
      return {};
  }
}

template <class T>
Kernel of_numbers(Function function, aclDataType type) {
  constexpr float kDivision = std::is_floating_point_v<T> ? kFast : 2;
  switch (function) {
    case Function::kAdd:
      return two<Add, T>(kFast, type);
    case Function::kSubtract:
      return two<Subtract, T>(kFast, type);
    case Function::kMultiply:
      return two<Multiply, T>(kFast, type);
    case Function::kDivide:
      return two<Divide, T>(kDivision, type);
    case Function::kMod:
      return two<Mod, T>(kSlow, type);
    case Function::kFloorMod:
      return two<FloorMod, T>(kSlow, type);
    case Function::kPower:
      return two<Power, T>(kSlow, type);
    case Function::kMaximum:
      return two<Maximum, T>(kFast, type);
    case Function::kMinimum:
      return two<Minimum, T>(kFast, type);
    case Function::kSquaredDifference:
      return two<SquaredDifference, T>(kFast, type);
    case Function::kEqual:
      return two<Equal, T>(kFast, ACL_BOOL);
    case Function::kNotEqual:
      return two<NotEqual, T>(kFast, ACL_BOOL);
    case Function::kLess:
      return two<Less, T>(kFast, ACL_BOOL);
    case Function::kLessEqual:
      return two<LessEqual, T>(kFast, ACL_BOOL);
    case Function::kGreater:
      return two<Greater, T>(kFast, ACL_BOOL);
    case Function::kGreaterEqual:
      return two<GreaterEqual, T>(kFast, ACL_BOOL);
    case Function::kAbs:
      return one<Abs, T>(kFast, type);
    case Function::kNegative:
      return one<Negative, T>(kFast, type);
    case Function::kSign:
      return one<Sign, T>(kFast, type);
    case Function::kRelu:
      return one<Relu, T>(kFast, type);
    case Function::kSelect:
      return {select<T>, kFast, type};
    default:
      if constexpr (std::is_floating_point_v<T>)
        return of_floats<T>(function, type);
      else
        return of_integers<T>(function, type);
  }
}

Kernel of_bools(Function function) {
  switch (function) {
    case Function::kLogicalAnd:
    case Function::kBitwiseAnd:
      return two<LogicalAnd, Bool>(kFast, ACL_BOOL);
    case Function::kLogicalOr:
    case Function::kBitwiseOr:
      return two<LogicalOr, Bool>(kFast, ACL_BOOL);
    case Function::kLogicalXor:
    case Function::kBitwiseXor:
    case Function::kNotEqual:
      return two<LogicalXor, Bool>(kFast, ACL_BOOL);
    case Function::kEqual:
      return two<LogicalSame, Bool>(kFast, ACL_BOOL);
    case Function::kLogicalNot:
    case Function::kBitwiseNot:
      return one<LogicalNot, Bool>(kFast, ACL_BOOL);
    case Function::kSelect:
      return {select<uint8_t>, kFast, ACL_BOOL};
    default:
      return {};
  }
}

/// Calls use.template operator()<T>() with the C++ type of a computed type.
template <class Use>
Kernel with_type(aclDataType type, Use use) {
  switch (type) {
    case ACL_FLOAT:
      return use(float{});
    case ACL_DOUBLE:
      return use(double{});
    case ACL_INT8:
      return use(int8_t{});
    case ACL_INT16:
      return use(int16_t{});
    case ACL_INT32:
      return use(int32_t{});
    case ACL_INT64:
      return use(int64_t{});
    case ACL_UINT8:
      return use(uint8_t{});
    case ACL_UINT16:
      return use(uint16_t{});
    case ACL_UINT32:
      return use(uint32_t{});
    case ACL_UINT64:
      return use(uint64_t{});
    case ACL_BOOL:
      return use(Bool{});
    default:
      return {};
  }
}

}  // namespace

/// Inlined here, where its loop gets the vectors of this instruction set.
bool saturate_here(uint16_t* halves, size_t count) {
  return saturate_halves({halves, count});
}

Kernel find_kernel_here(Function function, aclDataType type) {
  return with_type(type, [&](auto like) -> Kernel {
    using T = decltype(like);
    if constexpr (std::is_same_v<T, Bool>)
      return of_bools(function);
    else
      return of_numbers<T>(function, type);
  });
}

Kernel find_conversion_here(aclDataType from, aclDataType to) {
  return with_type(from, [&](auto source) {
    return with_type(to, [&](auto target) -> Kernel {
      return {convert<decltype(source), decltype(target)>, kFast, to};
    });
  });
}

void copy_past_caches_here(std::byte* to, const std::byte* from, size_t bytes) {
  const hn::ScalableTag<uint8_t> d;
  const size_t step = hn::Lanes(d);
  size_t i = 0;
  for (; i + step <= bytes; i += step)
    hn::Stream(hn::Load(d, reinterpret_cast<const uint8_t*>(from) + i), d,
               reinterpret_cast<uint8_t*>(to) + i);
  std::memcpy(to + i, from + i, bytes - i);
}

void finish_copies_here() {
  hwy::FlushStream();
}

}  // namespace HWY_NAMESPACE
}  // namespace cairn::element
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace cairn::element {

HWY_EXPORT(saturate_here);
HWY_EXPORT(find_kernel_here);
HWY_EXPORT(find_conversion_here);
HWY_EXPORT(copy_past_caches_here);
HWY_EXPORT(finish_copies_here);

aclDataType computed_type(aclDataType type) {
  switch (type) {
    case ACL_FLOAT16:
    case ACL_BF16:
    case ACL_FLOAT:
      return ACL_FLOAT;
    case ACL_DOUBLE:
    case ACL_INT8:
    case ACL_INT16:
    case ACL_INT32:
    case ACL_INT64:
    case ACL_UINT8:
    case ACL_UINT16:
    case ACL_UINT32:
    case ACL_UINT64:
    case ACL_BOOL:
      return type;
    default:
      return ACL_DT_UNDEFINED;
  }
}

Kernel find_kernel(Function function, aclDataType type) {
  return HWY_DYNAMIC_DISPATCH(find_kernel_here)(function, type);
}

Kernel find_conversion(aclDataType from, aclDataType to) {
  return HWY_DYNAMIC_DISPATCH(find_conversion_here)(from, to);
}

void widen_elements(aclDataType from, const void* in, float* out, size_t count) {
  const auto* const halves = static_cast<const uint16_t*>(in);
  if (from == ACL_FLOAT16) return widen(halves, out, count);
  for (size_t i = 0; i < count; ++i)
    out[i] = std::bit_cast<float>(uint32_t{halves[i]} << 16);
}

void narrow_elements(const float* in, aclDataType to, void* out, size_t count, FloatOverflow& overflow) {
  auto* const halves = static_cast<uint16_t*>(out);
  if (to == ACL_FLOAT16) {
    narrow(in, halves, count);
    if (overflow.saturate) overflow.seen |= HWY_DYNAMIC_DISPATCH(saturate_here)(halves, count);
    return;
  }
  for (size_t i = 0; i < count; ++i) {
    const auto bits = std::bit_cast<uint32_t>(in[i]);
    const uint32_t rounded = (bits + 0x7FFFU + ((bits >> 16) & 1U)) >> 16;
    constexpr uint32_t kQuiet = 0x40;
    halves[i] = static_cast<uint16_t>(in[i] != in[i] ? (bits >> 16) | kQuiet : rounded);
  }
}

void copy_past_caches(void* to, const void* from, size_t bytes) {
  HWY_DYNAMIC_DISPATCH(copy_past_caches_here)
  (static_cast<std::byte*>(to), static_cast<const std::byte*>(from), bytes);
}

void finish_copies() {
  HWY_DYNAMIC_DISPATCH(finish_copies_here)();
}

}  // namespace cairn::element
#endif
