#include "compiler/gear_option.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <set>

#include "compiler/atc_values.h"
#include "compiler/compile_error.h"
#include "om/om_types.h"

namespace cairn {
namespace {

constexpr size_t kFewestGears = 2;
constexpr size_t kMostGears = 100;

std::string dashed(OmGearKind kind) {
  return fmt::format("--{}", gear_option_name(kind));
}

Result<std::vector<int64_t>> parse_gear(OmGearKind kind, std::string_view text, std::string_view all) {
  std::vector<int64_t> values;
  for (const std::string& word : split_list(text, ',')) {
    int64_t value = 0;
    const auto [end, failure] = std::from_chars(word.data(), word.data() + word.size(), value);
    if (failure != std::errc() || end != word.data() + word.size() || word.empty())
      return compile_error(kind == OmGearKind::kImage ? "E10020" : "E10003",
                           {all, dashed(kind), fmt::format("[{}] is no whole number", word)});
    if (value <= 0) return compile_error("E10038", {word, dashed(kind)});
    values.push_back(value);
  }
  return values;
}

bool is_open(const DimRange& dim) {
  return !dim.is_fixed();
}

std::string text_of(const InputShape& shape) {
  std::string text = shape.name + ":";
  for (size_t i = 0; i < shape.dims.size(); ++i) {
    const DimRange& dim = shape.dims[i];
    text += i ? "," : "";
    text += dim.is_fixed() ? std::to_string(dim.least)
            : dim.most < 0 ? "-1"
                           : fmt::format("{}~{}", dim.least, dim.most);
  }
  return text;
}

Status check_batch(const std::vector<InputShape>& shapes) {
  bool found = false;
  for (const InputShape& shape : shapes) {
    if (shape.dims.empty()) return compile_error("E10012", {shape.name});
    if (std::any_of(shape.dims.begin() + 1, shape.dims.end(), is_open))
      return compile_error("E10018", {text_of(shape)});
    found |= is_open(shape.dims[0]);
  }
  return found ? Status() : compile_error("E10031", {});
}

Status check_image(const std::vector<InputShape>& shapes, bool nhwc) {
  const size_t height = nhwc ? 1 : 2;
  for (const InputShape& shape : shapes) {
    if (std::ranges::none_of(shape.dims, is_open)) continue;
    for (size_t i = 0; i < shape.dims.size(); ++i)
      if (is_open(shape.dims[i]) != (i == height || i == height + 1) || shape.dims.size() != 4)
        return compile_error("E10019", {text_of(shape), nhwc ? "NHWC" : "NCHW"});
  }
  return {};
}

Status check_dims(const GearOption& gears, const std::vector<InputShape>& shapes) {
  const size_t length = gears.list[0].size();
  size_t all = 0;
  bool each_whole = true;
  for (const InputShape& shape : shapes) {
    const auto count = static_cast<size_t>(std::ranges::count_if(shape.dims, is_open));
    all += count;
    each_whole &= count == 0 || count == length;
  }
  if (all == length || each_whole) return {};
  return compile_error("E10045", {std::to_string(length), std::to_string(all)});
}

}  // namespace

std::string_view gear_option_name(OmGearKind kind) {
  switch (kind) {
    case OmGearKind::kBatch:
      return "dynamic_batch_size";
    case OmGearKind::kImage:
      return "dynamic_image_size";
    default:
      return "dynamic_dims";
  }
}

Result<GearOption> parse_gears(OmGearKind kind, std::string_view text) {
  GearOption gears{kind, {}};
  const char separator = kind == OmGearKind::kBatch ? ',' : ';';
  for (const std::string& part : split_list(text, separator)) {
    CAIRN_ASSIGN(std::vector<int64_t> values, parse_gear(kind, part, text));
    gears.list.push_back(std::move(values));
    if (kind == OmGearKind::kImage && gears.list.back().size() != 2)
      return compile_error("E10020",
                           {text, dashed(kind), fmt::format("[{}] is not of the form height,width", part)});
    if (gears.list.back().size() != gears.list[0].size())
      return compile_error("E10037", {dashed(kind), std::to_string(gears.list[0].size()),
                                      std::to_string(gears.list.back().size())});
    if (gears.list.back().empty()) return compile_error("E10003", {text, dashed(kind), "a gear is empty"});
  }
  if (gears.list.size() < kFewestGears)
    return compile_error("E10035",
                         {dashed(kind), std::to_string(gears.list.size()), std::to_string(kFewestGears)});
  if (gears.list.size() > kMostGears)
    return compile_error("E10036",
                         {dashed(kind), std::to_string(gears.list.size()), std::to_string(kMostGears)});
  std::set<std::vector<int64_t>> known;
  for (const std::vector<int64_t>& gear : gears.list)
    if (!known.insert(gear).second)
      return compile_error("E10039", {fmt::format("{}", fmt::join(gear, ",")), dashed(kind)});
  return gears;
}

Status check_gear_shapes(const GearOption& gears, const std::vector<InputShape>& shapes,
                         std::optional<aclFormat> format) {
  if (shapes.empty()) return compile_error("E10004", {"--input_shape"});
  const bool has_open = std::ranges::any_of(
      shapes, [](const InputShape& shape) { return std::ranges::any_of(shape.dims, is_open); });
  if (!has_open) return compile_error("E10040", {dashed(gears.kind)});
  for (const InputShape& shape : shapes)
    for (const DimRange& dim : shape.dims)
      if (is_open(dim) && dim != DimRange())
        return compile_error("E10001",
                             {text_of(shape), "--input_shape",
                              fmt::format("a range cannot be used with {}; write -1", dashed(gears.kind))});
  if (gears.kind == OmGearKind::kBatch) return check_batch(shapes);
  if (gears.kind == OmGearKind::kImage) return check_image(shapes, format == ACL_FORMAT_NHWC);
  if (format != ACL_FORMAT_ND)
    return compile_error("E10003", {format ? om::format_name(*format) : "not given", "--input_format",
                                    "with --dynamic_dims it must be ND"});
  return check_dims(gears, shapes);
}

}  // namespace cairn
