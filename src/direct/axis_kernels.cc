// Compiled for each instruction set, as element/element_kernels.cc; the compiler makes vectors of the loops.
#define HWY_DISABLED_TARGETS (HWY_SSSE3 | HWY_SSE4 | HWY_AVX3_DL | HWY_SVE | HWY_SVE2 | HWY_RVV)

#include "direct/axis_kernels.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <type_traits>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "direct/axis_kernels.cc"  // NOLINT
#include <hwy/foreach_target.h>                      // NOLINT: must come before highway.h
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace cairn::direct {
namespace HWY_NAMESPACE {
namespace {

/// Sums of whole numbers wrap: they are unsigned, as signed ones must not overflow.
template <class T>
using Sum = std::conditional_t<std::is_floating_point_v<T>, double, uint64_t>;

template <class T>
Sum<T> widened(T x) {
  if constexpr (std::is_signed_v<T> && !std::is_floating_point_v<T>)
    return static_cast<uint64_t>(int64_t{x});
  else
    return static_cast<Sum<T>>(x);
}

template <class T>
T narrowed(Sum<T> sum) {
  if constexpr (std::is_floating_point_v<T> || sizeof(T) > 1)
    return static_cast<T>(sum);
  else
    return static_cast<T>(std::clamp<int64_t>(static_cast<int64_t>(sum), std::numeric_limits<T>::min(),
                                              std::numeric_limits<T>::max()));
}

template <class Number>
struct Adding {
  using T = Number;
  using Held = Sum<T>;
  static Held start() { return 0; }
  static Held with(Held held, T x) { return held + widened(x); }
  static Held both(Held a, Held b) { return a + b; }
  static T end(Held held, size_t /*n*/) { return narrowed<T>(held); }
};

template <class Number>
struct Averaging : Adding<Number> {
  using T = Number;
  using Held = Sum<T>;
  static T end(Held held, size_t n) {
    if constexpr (std::is_floating_point_v<T>)
      return static_cast<T>(held / static_cast<double>(n));
    else if constexpr (std::is_signed_v<T>)
      return static_cast<T>(static_cast<int64_t>(held) / static_cast<int64_t>(n));
    else
      return static_cast<T>(held / n);
  }
};

template <class Number>
struct Multiplying {
  using T = Number;
  using Held = Sum<T>;
  static Held start() { return 1; }
  static Held both(Held a, Held b) {
    if constexpr (sizeof(T) > 1) {
      return a * b;
    } else {  // Beyond 8 bits only the sign counts, and whether it is 0.
      constexpr int64_t kFar = int64_t{1} << 24;
      return static_cast<Held>(std::clamp(static_cast<int64_t>(a) * static_cast<int64_t>(b), -kFar, kFar));
    }
  }
  static Held with(Held held, T x) { return both(held, widened(x)); }
  static T end(Held held, size_t /*n*/) { return narrowed<T>(held); }
};

template <class Number>
struct Greatest {
  using T = Number;
  using Held = T;
  static Held start() {
    return std::numeric_limits<T>::has_infinity ? -std::numeric_limits<T>::infinity()
                                                : std::numeric_limits<T>::lowest();
  }
  static Held with(Held a, T b) { return a > b || a != a ? a : b; }
  static Held both(Held a, Held b) { return with(a, b); }
  static T end(Held held, size_t /*n*/) { return held; }
};

template <class Number>
struct Least {
  using T = Number;
  using Held = T;
  static Held start() {
    return std::numeric_limits<T>::has_infinity ? std::numeric_limits<T>::infinity()
                                                : std::numeric_limits<T>::max();
  }
  static Held with(Held a, T b) { return a < b || a != a ? a : b; }
  static Held both(Held a, Held b) { return with(a, b); }
  static T end(Held held, size_t /*n*/) { return held; }
};

struct All {
  using T = uint8_t;
  using Held = uint8_t;
  static Held start() { return 1; }
  static Held with(Held held, T x) { return static_cast<uint8_t>(held & static_cast<uint8_t>(x != 0)); }
  static Held both(Held a, Held b) { return a & b; }
  static T end(Held held, size_t /*n*/) { return held; }
};

struct Any {
  using T = uint8_t;
  using Held = uint8_t;
  static Held start() { return 0; }
  static Held with(Held held, T x) { return static_cast<uint8_t>(held | static_cast<uint8_t>(x != 0)); }
  static Held both(Held a, Held b) { return a | b; }
  static T end(Held held, size_t /*n*/) { return held; }
};

constexpr size_t kLanes = 16;
constexpr size_t kColumns = 256;

/// Of elements that lie side by side.
template <class F>
typename F::T of_row(const typename F::T* x, size_t n) {
  using Held = typename F::Held;
  size_t i = 0;
  Held held = F::start();
  if (n >= kLanes) {
    std::array<Held, kLanes> lanes;
    lanes.fill(F::start());
    for (; i + kLanes <= n; i += kLanes)
      for (size_t lane = 0; lane < kLanes; ++lane)
        lanes[lane] = F::with(lanes[lane], x[i + lane]);
    for (const Held lane : lanes)
      held = F::both(held, lane);
  }
  for (; i < n; ++i)
    held = F::with(held, x[i]);
  return F::end(held, n);
}

template <class F>
void reduce(const void* in, const Rows& rows, void* out) {
  const auto* const x = static_cast<const typename F::T*>(in);
  auto* const y = static_cast<typename F::T*>(out);
  if (rows.inner == 1) {
    for (size_t row = rows.begin; row < rows.end; ++row)
      y[row] = of_row<F>(x + row * rows.n, rows.n);
    return;
  }
  std::array<typename F::Held, kColumns> held;
  for (size_t row = rows.begin; row < rows.end;) {
    const size_t column = row % rows.inner;
    const size_t count = std::min({kColumns, rows.inner - column, rows.end - row});
    const auto* from = x + row / rows.inner * rows.n * rows.inner + column;
    std::fill_n(held.begin(), count, F::start());
    for (size_t k = 0; k < rows.n; ++k, from += rows.inner)
      for (size_t i = 0; i < count; ++i)
        held[i] = F::with(held[i], from[i]);
    for (size_t i = 0; i < count; ++i)
      y[row + i] = F::end(held[i], rows.n);
    row += count;
  }
}

template <class T>
Reduce find_of(Reduction reduction) {
  switch (reduction) {
    case Reduction::kSum:
      return reduce<Adding<T>>;
    case Reduction::kMean:
      return reduce<Averaging<T>>;
    case Reduction::kProduct:
      return reduce<Multiplying<T>>;
    case Reduction::kMaximum:
      return reduce<Greatest<T>>;
    case Reduction::kMinimum:
      return reduce<Least<T>>;
    default:
      return nullptr;
  }
}

/// `exponential`: of element kernels.
struct Softmax {
  element::Kernel::Run exponential;
  bool logarithm;

  void rows_side_by_side(const float* x, size_t n, size_t begin, size_t end, float* y) const {
    constexpr size_t kBlock = 1024;  // Elements whose exponentials are computed at a time.
    const size_t most = std::clamp<size_t>(kBlock / n, 1, kColumns);
    for (size_t row = begin; row < end; row += most) {
      const size_t count = std::min(most, end - row);
      const float* const from = x + row * n;
      float* const to = y + row * n;
      for (size_t r = 0; r < count; ++r) {
        const float greatest = of_row<Greatest<float>>(from + r * n, n);
        for (size_t i = 0; i < n; ++i)
          to[r * n + i] = from[r * n + i] - greatest;
      }
      if (logarithm) {
        for (size_t r = 0; r < count; ++r)
          subtract_logarithm(to + r * n, n);
        continue;
      }
      exponentials(to, to, count * n);
      for (size_t r = 0; r < count; ++r) {
        const float sum = of_row<Adding<float>>(to + r * n, n);
        for (size_t i = 0; i < n; ++i)
          to[r * n + i] /= sum;
      }
    }
  }

  void exponentials(const float* x, float* y, size_t count) const {
    const void* in = x;
    exponential(&in, y, count);
  }

  /// Of a row whose greatest element is 0.
  void subtract_logarithm(float* row, size_t n) const {
    std::array<float, kColumns> powers;
    double sum = 0;
    for (size_t i = 0; i < n; i += kColumns) {
      const size_t count = std::min(kColumns, n - i);
      exponentials(row + i, powers.data(), count);
      sum += of_row<Adding<float>>(powers.data(), count);
    }
    const auto shift = static_cast<float>(std::log(sum));
    for (size_t i = 0; i < n; ++i)
      row[i] -= shift;
  }

  /// `count` rows whose elements are `inner` apart, beginning side by side.
  void columns(const float* x, size_t n, size_t inner, size_t count, float* y) const {
    std::array<float, kColumns> greatest;
    std::array<float, kColumns> powers;
    std::array<double, kColumns> sums{};
    std::fill_n(greatest.begin(), count, Greatest<float>::start());
    for (size_t k = 0; k < n; ++k)
      for (size_t i = 0; i < count; ++i)
        greatest[i] = Greatest<float>::with(greatest[i], x[k * inner + i]);
    for (size_t k = 0; k < n; ++k) {
      float* const to = y + k * inner;
      for (size_t i = 0; i < count; ++i)
        to[i] = x[k * inner + i] - greatest[i];
      float* const raised = logarithm ? powers.data() : to;
      exponentials(to, raised, count);
      for (size_t i = 0; i < count; ++i)
        sums[i] += raised[i];
    }
    for (size_t i = 0; i < count; ++i)
      greatest[i] = static_cast<float>(logarithm ? std::log(sums[i]) : sums[i]);
    for (size_t k = 0; k < n; ++k)
      for (size_t i = 0; i < count; ++i) {
        float& to = y[k * inner + i];
        to = logarithm ? to - greatest[i] : to / greatest[i];
      }
  }
};

}  // namespace

Reduce find_reduction_here(Reduction reduction, aclDataType type) {
  switch (type) {
    case ACL_FLOAT:
      return find_of<float>(reduction);
    case ACL_DOUBLE:
      return find_of<double>(reduction);
    case ACL_INT8:
      return find_of<int8_t>(reduction);
    case ACL_INT16:
      return find_of<int16_t>(reduction);
    case ACL_INT32:
      return find_of<int32_t>(reduction);
    case ACL_INT64:
      return find_of<int64_t>(reduction);
    case ACL_UINT8:
      return find_of<uint8_t>(reduction);
    case ACL_UINT16:
      return find_of<uint16_t>(reduction);
    case ACL_UINT32:
      return find_of<uint32_t>(reduction);
    case ACL_UINT64:
      return find_of<uint64_t>(reduction);
    case ACL_BOOL:
      if (reduction == Reduction::kAll) return reduce<All>;
      return reduction == Reduction::kAny ? reduce<Any> : nullptr;
    default:
      return nullptr;
  }
}

void softmax_here(const float* x, const Rows& rows, bool logarithm, element::Kernel::Run exponential,
                  float* y) {
  const Softmax softmax{exponential, logarithm};
  if (rows.inner == 1) return softmax.rows_side_by_side(x, rows.n, rows.begin, rows.end, y);
  for (size_t row = rows.begin; row < rows.end;) {
    const size_t column = row % rows.inner;
    const size_t count = std::min({kColumns, rows.inner - column, rows.end - row});
    const size_t first = row / rows.inner * rows.n * rows.inner + column;
    softmax.columns(x + first, rows.n, rows.inner, count, y + first);
    row += count;
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace cairn::direct
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace cairn::direct {

HWY_EXPORT(find_reduction_here);
HWY_EXPORT(softmax_here);

Reduce find_reduction(Reduction reduction, aclDataType type) {
  return HWY_DYNAMIC_DISPATCH(find_reduction_here)(reduction, type);
}

void softmax(const float* x, const Rows& rows, bool logarithm, float* y) {
  static const element::Kernel::Run exponential =
      element::find_kernel(element::Function::kExp, ACL_FLOAT).run;
  HWY_DYNAMIC_DISPATCH(softmax_here)(x, rows, logarithm, exponential, y);
}

}  // namespace cairn::direct
#endif
