// Overflow dump [DUMP-001] .. [DUMP-020]: which operators computed what does not fit.
#pragma once

#include <cstdint>
#include <filesystem>

#include "base/status.h"
#include "dump/dump_file.h"

namespace cairn {

/// Bits of the AI core's status register.
enum OverflowBit : uint64_t {
  kIntegerNegation = 0x8,      ///< Negation of the smallest negative integer [DUMP-015].
  kIntegerArithmetic = 0x10,   ///< Addition, subtraction or multiplication of integers [DUMP-016].
  kFloatArithmetic = 0x20,     ///< [DUMP-017]
  kNegativeToUnsigned = 0x80,  ///< Conversion of a negative float [DUMP-018].
  kHalfConversion = 0x100,     ///< To half from float or int32 [DUMP-019].
  kCubeAccumulation = 0x400,   ///< Sums of a convolution or matrix product [DUMP-020].
};

/// What overflowed in the operator itself: infinities and NaN that it got from its inputs do not count.
uint64_t overflow_status(const DumpOperator& one);

/// Writes the two files of an operator that overflowed [DUMP-004]; nothing for any other.
Status write_overflow(const std::filesystem::path& folder, const DumpOperator& one, uint32_t model_id);

}  // namespace cairn
