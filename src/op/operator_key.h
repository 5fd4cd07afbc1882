// What an operator is found by: a digest of its type, tensors and attributes.
//
// The digest has 128 bits and a secret that each process draws anew, so that equal keys mean equal operators
// and no comparison has to follow. Making one allocates nothing.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

#include "op/operator_spec.h"

namespace cairn {

struct OperatorKey {
  uint64_t low = 0;
  uint64_t high = 0;
  bool operator==(const OperatorKey&) const = default;
};

struct OperatorKeyHash {
  size_t operator()(const OperatorKey& key) const { return key.low; }
};

/// Collects what a key is made of. The same sequence of calls gives the same key.
class OperatorKeyWriter {
 public:
  void add(std::span<const std::byte> bytes);
  void add(std::string_view text) {
    add(uint64_t{text.size()});
    add(std::as_bytes(std::span(text)));
  }
  void add(uint64_t number) {
    if (used_ + sizeof number > buffer_.size()) [[unlikely]]
      fold();
    std::memcpy(buffer_.data() + used_, &number, sizeof number);
    used_ += sizeof number;
  }
  OperatorKey key();

 private:
  /// What was collected becomes its own digest.
  void fold();

  std::array<std::byte, 1024> buffer_;
  size_t used_ = 0;
};

/// Of an attribute's name and value.
OperatorKey key_of(const OmAttribute& attribute);

/// The parts of an operator's key in their order; descriptions and calls write them with the same functions.
/// `with_dims`: for operators with fixed shapes; without, operators that differ only in their shapes have the
/// same key.
class OperatorKeyParts {
 public:
  explicit OperatorKeyParts(std::string_view type, bool with_dims) : with_dims_(with_dims) {
    writer_.add(type);
  }
  /// Absent ones have the type ACL_DT_UNDEFINED. `constant`: the value, or null.
  void add_input(aclDataType type, aclFormat format, std::span<const int64_t> dims,
                 const std::span<const std::byte>* constant);
  /// After the last input.
  void end_inputs() { writer_.add(kEnd); }
  void add_output(aclDataType type, aclFormat format, std::span<const int64_t> dims);
  /// The attributes in any order.
  void add_attribute(const OperatorKey& attribute) {
    attributes_.low += attribute.low;
    attributes_.high += attribute.high;
  }
  OperatorKey key();

 private:
  static constexpr uint64_t kEnd = 0xE0;
  void add_dims(std::span<const int64_t> dims);

  OperatorKeyWriter writer_;
  OperatorKey attributes_;
  size_t absent_ = 0;  ///< Inputs that are written when one that is there follows.
  const bool with_dims_;
};

/// The key of a description: with dims for one without open ones.
OperatorKey key_of(const OperatorSpec& description);

}  // namespace cairn
