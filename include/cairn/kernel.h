// Kernels for Cairn: operators of your own, for acl.op.create_kernel (aclopCreateKernel). See
// docs/kernels.md.
//
// A kernel is a function that does one part (block) of the work of an operator. It is written in C++17 or
// newer,
//
//     #include <cairn/kernel.h>
//
//     struct Tiling { uint64_t elements; uint64_t tile; };
//
//     CAIRN_KERNEL(scale_float) {
//       const auto& tiling = block.tiling<Tiling>();
//       const auto x = block.input<float>(0);
//       const auto y = block.output<float>(0);
//       for (uint64_t at = block.index() * tiling.tile; at < tiling.elements; at += block.count() *
//       tiling.tile) {
//         const auto tile = std::min(tiling.tile, tiling.elements - at);
//         const float* from = x.part(at, tile).data();
//         float* to = y.part(at, tile).data();
//         for (uint64_t i = 0; i < tile; ++i) to[i] = 2 * from[i];
//       }
//     }
//
// and built for the CPU of the machine:
//
//     g++ -O2 -shared -fPIC -I$CAIRN_HOME/include scale.cc -o scale.o
//
// Blocks of one launch run in any order, some of them at the same time, on different threads: a block must
// not wait for another one. An exception that leaves a block ends the launch with an error of the stream.
// Every access through a Span is checked; data() gives the plain pointer for inner loops.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <stdexcept>
#include <string>
#include <type_traits>

namespace cairn::kernel {

/// Version of the layout of Launch and Memory, which a kernel and Cairn share.
inline constexpr uint32_t kAbi = 1;

/// A range of the device's memory.
struct Memory {
  void* address;
  uint64_t bytes;
};

/// What Cairn hands to each block of a launch.
struct Launch {
  uint32_t block;   ///< 0 to blocks - 1.
  uint32_t blocks;  ///< block_dim of acl.op.set_kernel_args.
  uint32_t inputs;  ///< Tensors of the operator.
  uint32_t outputs;
  uint32_t workspaces;  ///< num_workspaces of acl.op.set_kernel_workspace_sizes.
  uint32_t reserved;
  const Memory* memory;  ///< Inputs, then outputs, then workspaces.
  const void* tiling;    ///< The args of acl.op.set_kernel_args.
  uint64_t tiling_bytes;
};

/// Throws std::out_of_range or std::invalid_argument; out of line, so that checks stay small.
[[noreturn, gnu::noinline, gnu::cold]] inline void refuse_range(uint64_t first, uint64_t count,
                                                                uint64_t size) {
  throw std::out_of_range("elements " + std::to_string(first) + " to " + std::to_string(first + count) +
                          " (not included) of a span of " + std::to_string(size));
}
[[noreturn, gnu::noinline, gnu::cold]] inline void refuse_memory(const char* what, uint64_t index,
                                                                 uint64_t count) {
  throw std::out_of_range(std::string(what) + " " + std::to_string(index) + " of " + std::to_string(count));
}
[[noreturn, gnu::noinline, gnu::cold]] inline void refuse_type(const char* what, uint64_t bytes,
                                                               uint64_t wanted) {
  throw std::invalid_argument(std::string(what) + " of " + std::to_string(bytes) +
                              " bytes does not go with a type of " + std::to_string(wanted) + " bytes");
}

/// Elements in memory that belongs to somebody else.
template <class T>
class Span {
 public:
  Span() = default;
  Span(T* data, uint64_t size) : data_(data), size_(size) {}

  T* data() const { return data_; }
  uint64_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  T* begin() const { return data_; }
  T* end() const { return data_ + size_; }
  T& operator[](uint64_t index) const {
    if (__builtin_expect(static_cast<long>(index >= size_), 0) != 0) refuse_range(index, 1, size_);
    return data_[index];
  }
  /// `count` elements from `first` on.
  Span part(uint64_t first, uint64_t count) const {
    if (first > size_ || count > size_ - first) refuse_range(first, count, size_);
    return {data_ + first, count};
  }

 private:
  T* data_ = nullptr;
  uint64_t size_ = 0;
};

/// One block of a launch: which one it is, and what it works on.
class Block {
 public:
  explicit Block(const Launch& launch) : launch_(launch) {}

  /// 0 to count() - 1.
  uint32_t index() const { return launch_.block; }
  /// How many blocks share the work.
  uint32_t count() const { return launch_.blocks; }
  uint32_t inputs() const { return launch_.inputs; }
  uint32_t outputs() const { return launch_.outputs; }
  uint32_t workspaces() const { return launch_.workspaces; }

  /// The tensor as elements of type T; empty for an optional input that is left out.
  template <class T>
  Span<const T> input(uint32_t index) const {
    return span<const T>("input", index, launch_.inputs, 0);
  }
  template <class T>
  Span<T> output(uint32_t index) const {
    return span<T>("output", index, launch_.outputs, launch_.inputs);
  }
  /// Memory that all blocks of the launch share; its content is undefined at first.
  template <class T>
  Span<T> workspace(uint32_t index) const {
    return span<T>("workspace", index, launch_.workspaces, launch_.inputs + launch_.outputs);
  }

  /// The parameters that the selector chose. They have to be as long as T.
  template <class T>
  const T& tiling() const {
    static_assert(std::is_trivially_copyable_v<T> && alignof(T) <= 64);
    if (launch_.tiling_bytes != sizeof(T)) refuse_type("tiling data", launch_.tiling_bytes, sizeof(T));
    return *static_cast<const T*>(launch_.tiling);
  }
  Span<const unsigned char> tiling_bytes() const {
    return {static_cast<const unsigned char*>(launch_.tiling), launch_.tiling_bytes};
  }

 private:
  template <class T>
  Span<T> span(const char* what, uint32_t index, uint32_t count, uint32_t first) const {
    if (index >= count) refuse_memory(what, index, count);
    const Memory& memory = launch_.memory[first + index];
    if (memory.bytes % sizeof(T) != 0 || reinterpret_cast<uintptr_t>(memory.address) % alignof(T) != 0)
      refuse_type(what, memory.bytes, sizeof(T));
    return {static_cast<T*>(memory.address), memory.bytes / sizeof(T)};
  }

  const Launch& launch_;
};

/// An element of a tensor of float16. Compute in float.
class Half {
 public:
  Half() = default;
  /// Rounds to nearest, ties to even.
  Half(float value) : bits_(from_float(value)) {}  // NOLINT(google-explicit-constructor)
  operator float() const {                         // NOLINT(google-explicit-constructor)
    const auto exponent = static_cast<uint32_t>(bits_ >> 10) & 0x1FU;
    const auto mantissa = static_cast<uint32_t>(bits_) & 0x3FFU;
    const auto sign = static_cast<uint32_t>(bits_ & 0x8000U) << 16;
    if (exponent == 0) {  // Zero or subnormal: mantissa * 2^-24.
      const float magnitude = static_cast<float>(mantissa) * 5.9604644775390625e-8F;
      return sign != 0 ? -magnitude : magnitude;
    }
    const uint32_t wide = exponent == 0x1F ? 0xFFU : exponent + 112;
    return as<float>(sign | (wide << 23) | (mantissa << 13));
  }

 private:
  template <class To, class From>
  static To as(From from) {
    To to;
    static_assert(sizeof to == sizeof from);
    std::memcpy(&to, &from, sizeof to);
    return to;
  }
  static uint16_t from_float(float value) {
    const auto bits = as<uint32_t>(value);
    const auto sign = static_cast<uint16_t>((bits >> 16) & 0x8000U);
    const uint32_t magnitude = bits & 0x7FFFFFFFU;
    if (magnitude > 0x7F800000U) return static_cast<uint16_t>(sign | 0x7E00U);   // NaN
    if (magnitude >= 0x477FF000U) return static_cast<uint16_t>(sign | 0x7C00U);  // Infinity, or rounds to it.
    if (magnitude < 0x38800000U) {  // Subnormal: adding 0.5 leaves value * 2^24 in the low bits, rounded.
      const float shifted = as<float>(magnitude) + 0.5F;
      return static_cast<uint16_t>(sign | (as<uint32_t>(shifted) - 0x3F000000U));
    }
    const uint32_t rounded = magnitude + 0xFFFU + ((magnitude >> 13) & 1U);
    return static_cast<uint16_t>(sign | ((rounded - 0x38000000U) >> 13));
  }

  uint16_t bits_;
};

}  // namespace cairn::kernel

/// Begins the definition of the kernel `name`; the block is `block`. What follows is the function's body.
/// The variable tells Cairn that the function is a kernel, and for which layout of Launch it was built.
#define CAIRN_KERNEL(name)                                                          \
  static void cairn_kernel_body_##name(const ::cairn::kernel::Block& block);        \
  extern "C" {                                                                      \
  [[gnu::visibility("default")]] extern const uint32_t cairn_kernel_abi_##name;     \
  const uint32_t cairn_kernel_abi_##name = ::cairn::kernel::kAbi;                   \
  [[gnu::visibility("default")]] void name(const ::cairn::kernel::Launch* launch) { \
    cairn_kernel_body_##name(::cairn::kernel::Block(*launch));                      \
  }                                                                                 \
  }                                                                                 \
  static void cairn_kernel_body_##name([[maybe_unused]] const ::cairn::kernel::Block& block)
