// The inner loops of operators that work element by element. Every result is that of one node of the operator
// table; a program (element_program.h) strings them together.
//
// Half floats are computed as float32. Whole numbers of 8 bits saturate, as the engine's do; wider ones wrap.
// A whole number divided by zero is 0, as in NumPy.
#pragma once

#include <cstddef>
#include <cstdint>

#include "acl/acl_base.h"
#include "tensor/float_overflow.h"

namespace cairn::element {

enum class Function : uint8_t {
  // Two inputs of a type.
  kAdd,
  kSubtract,
  kMultiply,
  kDivide,
  kFloorMod,
  kMod,
  kPower,
  kMaximum,
  kMinimum,
  kSquaredDifference,
  kPRelu,  ///< The second input is the slope of what is below zero.
  kBitwiseAnd,
  kBitwiseOr,
  kBitwiseXor,
  kShiftLeft,
  kShiftRight,
  // Two inputs of a type; the result is bool.
  kEqual,
  kNotEqual,
  kLess,
  kLessEqual,
  kGreater,
  kGreaterEqual,
  kLogicalAnd,
  kLogicalOr,
  kLogicalXor,
  // One input.
  kAbs,
  kNegative,
  kSign,
  kRelu,
  kBitwiseNot,
  kCeiling,
  kFloor,
  kRoundEven,
  kRoundAway,
  kSqrt,
  kExp,
  kLog,
  kTanh,
  kSigmoid,
  kSoftPlus,
  kMish,
  kGeluErf,
  kGeluTanh,
  kHSwish,
  kSoftSign,
  kErf,
  kSin,
  kCos,
  kTan,
  kAsin,
  kAcos,
  kAtan,
  kSinh,
  kCosh,
  kAsinh,
  kAcosh,
  kAtanh,
  // One input; the result is bool.
  kLogicalNot,
  kIsFinite,
  kIsInf,
  kIsNan,
  // A bool and two inputs of a type.
  kSelect,
};

/// Computes `count` elements of in[0], in[1], ... one after the other. Addresses are aligned to their
/// elements; `out` may be one of the inputs.
struct Kernel {
  using Run = void (*)(const void* const* in, void* out, size_t count);
  Run run = nullptr;               ///< Null: there is none.
  float nanoseconds = 0;           ///< Of an element, roughly.
  aclDataType result = ACL_FLOAT;  ///< Type of the elements of `out`.
};

/// The type that elements of a type are computed in: float32 for half floats, else the type itself;
/// ACL_DT_UNDEFINED for one that there are no kernels for.
aclDataType computed_type(aclDataType type);

/// `type` is a computed type: of the inputs, of the second one for kSelect.
Kernel find_kernel(Function function, aclDataType type);
/// From one computed type to another, as C converts; floats out of range give the smallest whole number.
Kernel find_conversion(aclDataType from, aclDataType to);

/// Half floats of either kind to float32 and back, to nearest, ties to even.
void widen_elements(aclDataType from, const void* in, float* out, size_t count);
void narrow_elements(const float* in, aclDataType to, void* out, size_t count, FloatOverflow& overflow);

/// Copies past the caches, for results that do not fit into them. Both addresses are aligned to 64 bytes.
void copy_past_caches(void* to, const void* from, size_t bytes);
/// After the last of such copies, before another thread reads them.
void finish_copies();

}  // namespace cairn::element
