// The operator table as text, for the page that lists it (spec/generate/operators.py) and for
// tests/operators.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "ops/operator_table.h"

namespace cairn::ops {
namespace {

constexpr std::string_view mark(PortKind kind) {
  return kind == PortKind::kOptional ? "?" : kind == PortKind::kList ? "*" : "";
}

std::string ports_text(const std::vector<Port>& ports) {
  std::vector<std::string> texts;
  for (const Port& port : ports)
    texts.push_back(fmt::format("{}{}", port.name, mark(port.kind)));
  return fmt::format("{}", fmt::join(texts, ", "));
}

/// The types of each port.
std::vector<std::string> port_types(const std::vector<Port>& ports) {
  std::vector<std::string> texts;
  for (const Port& port : ports)
    texts.push_back(port.types.text());
  return texts;
}

std::string attributes_text(const std::vector<AttributeSpec>& attributes) {
  std::vector<std::string> texts;
  for (const AttributeSpec& attribute : attributes)
    texts.push_back(attribute.otherwise ? attribute.name : attribute.name + " (required)");
  return fmt::format("{}", fmt::join(texts, ", "));
}

std::string listing() {
  nlohmann::json list = nlohmann::json::array();
  for (const Operator& op : all_operators()) {
    const Signature& signature = op.signature;
    list.push_back({{"type", signature.type},
                    {"family", op.family},
                    {"inputs", ports_text(signature.inputs)},
                    {"outputs", ports_text(signature.outputs)},
                    {"attributes", attributes_text(signature.attributes)},
                    {"input_types", port_types(signature.inputs)},
                    {"output_types", port_types(signature.outputs)}});
  }
  return list.dump();
}

}  // namespace
}  // namespace cairn::ops

/// JSON; lives as long as the process.
extern "C" const char* cairn_operator_listing() {
  static const std::string text = cairn::ops::listing();
  return text.c_str();
}
