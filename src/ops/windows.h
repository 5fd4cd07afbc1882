// Strides, dilations and pads of windows that slide over the space dims, for convolutions and poolings.
#pragma once

#include <openvino/core/coordinate_diff.hpp>
#include <openvino/core/strides.hpp>
#include <string_view>
#include <vector>

#include "ops/nodes.h"

namespace cairn::ops {

/// Where the engine wants channels in front of the space dims.
class ChannelsFirst {
 public:
  /// `data_format` is "NCHW", "NHWC", "NCDHW" or "NDHWC".
  ChannelsFirst(std::string_view data_format, int64_t rank)
      : rank_(rank), is_last_(data_format == "NHWC" || data_format == "NDHWC" || data_format == "NWC") {}

  bool is_last() const { return is_last_; }
  /// From the graph's layout to the engine's.
  Value enter(const Value& x) const {
    if (!is_last_) return x;
    std::vector<int64_t> order = {0, rank_ - 1};
    for (int64_t i = 1; i + 1 < rank_; ++i)
      order.push_back(i);
    return transpose(x, order);
  }
  Value leave(const Value& y) const {
    if (!is_last_) return y;
    std::vector<int64_t> order = {0};
    for (int64_t i = 2; i < rank_; ++i)
      order.push_back(i);
    order.push_back(1);
    return transpose(y, order);
  }
  /// The values for the space dims of a list with one value per dim in the graph's layout, per space dim, or
  /// one for all.
  std::vector<int64_t> space(const std::vector<int64_t>& list, std::string_view name) const {
    const auto count = static_cast<size_t>(rank_ - 2);
    if (list.size() == count) return list;
    if (list.size() == 1) return std::vector<int64_t>(count, list[0]);
    if (list.size() != count + 2) refuse("{} has {} values, it must have {}", name, list.size(), count + 2);
    const auto first = list.begin() + (is_last_ ? 1 : 2);
    return {first, first + static_cast<int64_t>(count)};
  }

 private:
  int64_t rank_;
  bool is_last_;
};

struct Pads {
  std::vector<int64_t> begin;
  std::vector<int64_t> end;
};

/// GE lists pads as before and after of each space dim in turn.
inline Pads pads_of(const std::vector<int64_t>& list, size_t space_dims, std::string_view name) {
  Pads pads;
  if (list.empty()) return {std::vector<int64_t>(space_dims, 0), std::vector<int64_t>(space_dims, 0)};
  if (list.size() == 1)
    return {std::vector<int64_t>(space_dims, list[0]), std::vector<int64_t>(space_dims, list[0])};
  if (list.size() != 2 * space_dims)
    refuse("{} has {} values, it must have {}", name, list.size(), 2 * space_dims);
  for (size_t i = 0; i < list.size(); i += 2) {
    pads.begin.push_back(list[i]);
    pads.end.push_back(list[i + 1]);
  }
  return pads;
}

inline void check_window(const std::vector<int64_t>& values, std::string_view name, int64_t least) {
  for (const int64_t value : values)
    if (value < least || value > INT32_MAX)
      refuse("{} has a value of {}, the least is {}", name, value, least);
}

inline ov::Strides strides_of(const std::vector<int64_t>& values, std::string_view name) {
  check_window(values, name, 1);
  return {values.begin(), values.end()};
}

inline ov::Shape sizes_of(const std::vector<int64_t>& values, std::string_view name, int64_t least) {
  check_window(values, name, least);
  return {values.begin(), values.end()};
}

inline ov::CoordinateDiff differences_of(const std::vector<int64_t>& values) {
  return {values.begin(), values.end()};
}

}  // namespace cairn::ops
