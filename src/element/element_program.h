// A program of steps that each work element by element: what many operators are made of. It runs in blocks
// that stay in the cache, without the engine, so that making one costs microseconds and a short run less.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "acl/acl_base.h"
#include "element/element_kernels.h"
#include "tensor/float_overflow.h"

namespace cairn::element {

/// A value of a program: an input or constant, or what a step computes.
using ValueId = uint16_t;

/// Where the elements of a program's values come from. Its dims are aligned at the right with those of the
/// program and are 1 where it is repeated.
struct Source {
  std::vector<int64_t> dims;
  aclDataType type = ACL_FLOAT;
  size_t input = 0;                                        ///< Which input of the program,
  std::shared_ptr<const std::vector<std::byte>> constant;  ///< unless it is a constant.
};

/// Immutable once it is made; run by any number of threads.
class ElementProgram {
 public:
  /// All outputs have these dims.
  explicit ElementProgram(std::vector<int64_t> dims);

  /// False: there are too many values.
  bool has_room() const { return values_.size() < kMostValues; }
  /// The value has the computed type of the source.
  ValueId add_source(const Source& source);
  /// `kernel` exists; inputs have its type.
  ValueId add_step(const Kernel& kernel, std::span<const ValueId> inputs);
  /// `type`: as it is stored; its computed type is that of the value.
  void add_output(ValueId value, aclDataType type);

  aclDataType type_of(ValueId value) const { return values_[value].type; }
  size_t elements() const { return elements_; }
  /// Of a run, roughly.
  double nanoseconds() const { return static_cast<double>(elements_) * nanoseconds_; }
  /// How many elements a part of a run that is shared by threads should have; a multiple of the block. Few,
  /// so that both end at the same time; many where the memory is read in long pieces.
  size_t elements_of_part() const {
    constexpr size_t kMany = size_t{512} << 10;
    return size_t{elements_ >= kMany ? 64U : 8U} << 10;
  }

  /// Computes the elements from `begin` to `end`, which are multiples of the block or the last one. Addresses
  /// may have any alignment. Throws std::bad_alloc.
  void run(std::span<const void* const> inputs, std::span<void* const> outputs, size_t begin, size_t end,
           FloatOverflow& overflow) const;

 private:
  static constexpr size_t kMostValues = 64;
  static constexpr size_t kBlock = 1024;  ///< Elements.
  static constexpr size_t kDims = 8;

  /// How the elements of a source lie under those of the program.
  enum class Reach : uint8_t { kSame, kOne, kRepeated };
  struct Placed {
    Source source;
    ValueId value = 0;
    Reach reach = Reach::kSame;
    std::vector<int64_t> strides;  ///< In elements, for each of dims_; only if repeated.
  };
  struct Value {
    aclDataType type = ACL_FLOAT;
    size_t slot = 0;  ///< Its block in the thread's memory.
  };
  struct Step {
    Kernel::Run run = nullptr;
    std::array<ValueId, 3> inputs{};
    uint8_t input_count = 0;
    ValueId output = 0;
  };
  struct Output {
    ValueId value;
    aclDataType type;
  };
  struct Block;

  ValueId add_value(aclDataType type);
  void load(const Placed& source, const std::byte* from, Block& block) const;
  void copy_repeated(const Placed& source, const std::byte* from, size_t begin, size_t count,
                     std::byte* to) const;
  void store(const Output& output, void* to, const Block& block, FloatOverflow& overflow) const;

  const std::vector<int64_t> dims_;
  size_t elements_ = 1;
  double nanoseconds_ = 0;  ///< Of an element.
  bool passes_caches_ = false;
  std::vector<Placed> sources_;
  std::vector<Value> values_;
  std::vector<Step> steps_;
  std::vector<Output> outputs_;
};

}  // namespace cairn::element
