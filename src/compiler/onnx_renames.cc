#include "compiler/onnx_renames.h"

#include <fmt/format.h>

#include <algorithm>

#include "compiler/atc_values.h"
#include "compiler/compile_error.h"
#include "compiler/onnx_fields.h"
#include "compiler/wire_message.h"
#include "om/mapped_file.h"

namespace cairn {
namespace {

using wire::Field;

using namespace onnx_field;  // NOLINT(google-build-using-namespace): numbers only.

std::string_view type_of(std::string_view node) {
  std::string_view type;
  wire::each(node, [&](const Field& field) {
    if (field.number == kNodeType) type = field.bytes;
  });
  return type;
}

}  // namespace

Result<OperatorNames> read_operator_names(const std::filesystem::path& path) {
  std::string reason;
  const MappedFile file = MappedFile::open(path, reason);
  if (file.bytes().empty()) return compile_error("E10410", {path.string(), "--op_name_map", reason});
  const std::string_view text(reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size());
  OperatorNames names;
  for (const std::string& line : split_list(text, '\n')) {
    std::string entry = line.substr(0, line.find('#'));
    std::erase_if(entry, [](unsigned char letter) { return letter <= ' '; });
    if (entry.empty()) continue;
    const std::vector<std::string> words = split_list(entry, ':');
    if (words.size() != 2 || words[0].empty() || words[1].empty())
      return compile_error("E10001",
                           {entry, "--op_name_map", "a line is of the form TypeInTheModel:TypeToUse"});
    names[words[0]] = words[1];
  }
  return names;
}

std::optional<std::string> rename_operators(std::string_view file, const OperatorNames& names) {
  std::string changed;
  bool found = false;
  wire::each(file, [&](const Field& field) {
    if (field.number != kModelGraph) return wire::append(changed, field);
    std::string graph;
    wire::each(field.bytes, [&](const Field& part) {
      const auto name = part.number == kGraphNode ? names.find(type_of(part.bytes)) : names.end();
      if (name == names.end()) return wire::append(graph, part);
      found = true;
      // Of a field that stands twice the last one counts.
      std::string node(part.bytes);
      wire::append_bytes(node, kNodeType, name->second);
      wire::append_bytes(node, kNodeDomain, "");
      wire::append_bytes(graph, kGraphNode, node);
    });
    wire::append_bytes(changed, kModelGraph, graph);
  });
  return found ? std::optional(std::move(changed)) : std::nullopt;
}

}  // namespace cairn
