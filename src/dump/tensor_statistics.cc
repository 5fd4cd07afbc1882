#include "dump/tensor_statistics.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <type_traits>

#include "dump/dump_config.h"
#include "dump/tensor_elements.h"
#include "om/om_types.h"

namespace cairn {
namespace {

struct Column {
  DumpStatistic bit;
  const char* title;
  std::string (*text)(const TensorStatistics&);
};

/// In the order of the file.
constexpr std::array<Column, 8> kColumns = {{
    {kDumpMax, "Max Value", [](const TensorStatistics& s) { return fmt::format("{:g}", s.max); }},
    {kDumpMin, "Min Value", [](const TensorStatistics& s) { return fmt::format("{:g}", s.min); }},
    {kDumpAverage, "Avg Value", [](const TensorStatistics& s) { return fmt::format("{:g}", s.average); }},
    {kDumpCount, "Count", [](const TensorStatistics& s) { return std::to_string(s.count); }},
    {kDumpNan, "Nan Count", [](const TensorStatistics& s) { return std::to_string(s.nan); }},
    {kDumpNegativeInfinity, "Negative Inf Count",
     [](const TensorStatistics& s) { return std::to_string(s.negative_infinity); }},
    {kDumpPositiveInfinity, "Positive Inf Count",
     [](const TensorStatistics& s) { return std::to_string(s.positive_infinity); }},
    {kDumpNorm, "l2norm", [](const TensorStatistics& s) { return fmt::format("{:g}", s.norm); }},
}};

class Summary {
 public:
  void add(double value) {
    ++statistics_.count;
    if (std::isnan(value)) {
      ++statistics_.nan;
    } else if (std::isinf(value)) {
      ++(value > 0 ? statistics_.positive_infinity : statistics_.negative_infinity);
    } else {
      statistics_.max = finite_ == 0 ? value : std::max(statistics_.max, value);
      statistics_.min = finite_ == 0 ? value : std::min(statistics_.min, value);
      sum_ += value;
      squares_ += value * value;
      ++finite_;
    }
  }
  TensorStatistics result() const {
    TensorStatistics statistics = statistics_;
    statistics.average = finite_ == 0 ? 0 : sum_ / static_cast<double>(finite_);
    statistics.norm = std::sqrt(squares_);
    return statistics;
  }

 private:
  TensorStatistics statistics_;
  uint64_t finite_ = 0;
  double sum_ = 0;
  double squares_ = 0;
};

}  // namespace

TensorStatistics statistics_of(const DumpTensor& tensor) {
  Summary summary;
  const bool known = with_element_type(tensor.data_type, [&](auto kind) {
    using T = decltype(kind);
    for (size_t i = 0; i < element_count<T>(tensor.bytes); ++i)
      summary.add(static_cast<double>(element_value(element_at<T>(tensor.bytes, i))));
  });
  if (!known) return {};
  return summary.result();
}

bool all_finite(const DumpTensor& tensor) {
  bool finite = true;
  with_element_type(tensor.data_type, [&](auto kind) {
    using T = decltype(kind);
    if constexpr (!std::is_integral_v<T>) {
      const size_t count = element_count<T>(tensor.bytes);
      for (size_t i = 0; i < count && finite; ++i)
        finite = std::isfinite(element_value(element_at<T>(tensor.bytes, i)));
    }
  });
  return finite;
}

std::string statistics_header(unsigned wanted) {
  std::string header = "Input/Output,Index,Data Size,Data Type,Format,Shape";
  for (const Column& column : kColumns)
    if ((wanted & column.bit) != 0) header += fmt::format(",{}", column.title);
  return header;
}

std::string statistics_row(const DumpTensor& tensor, unsigned wanted) {
  std::string row = fmt::format("{},{},{},{}", tensor.bytes.size(), om::type_name(tensor.data_type),
                                om::format_name(tensor.format), fmt::join(tensor.dims, "x"));
  const TensorStatistics statistics = statistics_of(tensor);
  for (const Column& column : kColumns)
    if ((wanted & column.bit) != 0) row += fmt::format(",{}", column.text(statistics));
  return row;
}

}  // namespace cairn
