#include "engine/small_convolutions.h"

namespace cairn {
namespace {

// <layer ... type="Convolution" version="opset1"> <data ... /> [<rt_info> ... </rt_info>] <input> ...
constexpr std::string_view kLayer = "<layer ";
constexpr std::string_view kData = "<data ";
constexpr std::string_view kRuntimeInfo = "<rt_info>";
constexpr std::string_view kWish =
    R"(<attribute name="primitives_priority" version="0" value="cpu:jit_avx512,cpu:jit_avx2" />)";

/// Behind the tag that begins at `from`.
size_t end_of_tag(std::string_view xml, size_t from) {
  const size_t end = xml.find('>', from);
  return end == std::string_view::npos ? xml.size() : end + 1;
}

bool is_convolution(std::string_view tag) {
  // A name cannot look like this: its quotes are escaped.
  return tag.find(R"( type="Convolution" )") != std::string_view::npos ||
         tag.find(R"( type="GroupConvolution" )") != std::string_view::npos;
}

}  // namespace

std::string with_direct_convolutions(std::string_view ir_xml) {
  std::string result;
  size_t copied = 0;
  for (size_t layer = ir_xml.find(kLayer); layer != std::string_view::npos;
       layer = ir_xml.find(kLayer, layer + 1)) {
    const size_t inside = end_of_tag(ir_xml, layer);
    if (!is_convolution(ir_xml.substr(layer, inside - layer))) continue;
    const size_t data = ir_xml.find_first_not_of(" \t\r\n", inside);
    if (data == std::string_view::npos || !ir_xml.substr(data).starts_with(kData)) continue;
    const size_t behind = end_of_tag(ir_xml, data);
    const size_t next = ir_xml.find_first_not_of(" \t\r\n", behind);
    const bool has_info = next != std::string_view::npos && ir_xml.substr(next).starts_with(kRuntimeInfo);
    const size_t place = has_info ? next + kRuntimeInfo.size() : behind;
    result += ir_xml.substr(copied, place - copied);
    if (!has_info) result += kRuntimeInfo;
    result += kWish;
    if (!has_info) result += "</rt_info>";
    copied = place;
  }
  result += ir_xml.substr(copied);
  return result;
}

}  // namespace cairn
