// Figures about the elements of a tensor: for dumps of statistics, and to see what overflowed.
#pragma once

#include <cstdint>
#include <string>

#include "dump/dump_file.h"

namespace cairn {

struct TensorStatistics {
  uint64_t count = 0;
  uint64_t nan = 0;
  uint64_t negative_infinity = 0;
  uint64_t positive_infinity = 0;
  // Of the finite elements; 0 if there are none.
  double max = 0;
  double min = 0;
  double average = 0;
  double norm = 0;  ///< Root of the sum of squares.

  bool is_finite() const { return nan == 0 && negative_infinity == 0 && positive_infinity == 0; }
};

/// Types that are no numbers give a count alone.
TensorStatistics statistics_of(const DumpTensor& tensor);
/// All elements are finite; quicker than statistics_of. Types without infinities are finite.
bool all_finite(const DumpTensor& tensor);

/// First line of a statistics file. `wanted`: bits of DumpStatistic.
std::string statistics_header(unsigned wanted);
/// A tensor's line behind the columns "Input/Output" and "Index".
std::string statistics_row(const DumpTensor& tensor, unsigned wanted);

}  // namespace cairn
