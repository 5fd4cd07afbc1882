#include "ops/operator_table.h"

#include <algorithm>
#include <new>

#include "ops/families.h"

namespace cairn::ops {
namespace {

std::vector<Operator> make_table() {
  std::vector<Operator> table;
  for (const Family& family : families())
    for (const Entry& entry : family.entries)
      table.push_back(
          {parse_signature(entry.type, entry.inputs, entry.outputs, entry.attributes, entry.types),
           family.name, entry.build});
  std::ranges::sort(table, {}, [](const Operator& op) { return op.signature.type; });
  return table;
}

/// What the engine says of a node that it refuses, without its own source places.
std::string plain_reason(std::string_view text) {
  std::string reason;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.empty() || line.find("failed at ") != line.npos || line.find("Exception from ") != line.npos)
      continue;
    if (!reason.empty()) reason += ' ';
    reason += line.substr(0, 300);
    if (reason.size() > 600) break;
  }
  return reason;
}

}  // namespace

std::span<const Operator> all_operators() {
  static const auto* table = new std::vector<Operator>(make_table());
  return *table;
}

const Operator* find_operator(std::string_view type) {
  const std::span<const Operator> table = all_operators();
  const auto found = std::ranges::lower_bound(
      table, type, {}, [](const Operator& op) { return std::string_view(op.signature.type); });
  return found != table.end() && found->signature.type == type ? &*found : nullptr;
}

const Signature* find_signature(std::string_view type) {
  const Operator* op = find_operator(type);
  return op ? &op->signature : nullptr;
}

Result<Values> build_operator(const Operator& op, std::vector<OperatorInput> inputs,
                              std::span<const OmAttribute> attributes, size_t output_count) {
  try {
    return op.build(Arguments(op.signature, std::move(inputs), attributes, output_count));
  } catch (const std::bad_alloc&) {
    return Status(ACL_ERROR_BAD_ALLOC, "there is not enough memory");
  } catch (const BuildError& problem) {
    return Status(ACL_ERROR_GE_PARAM_INVALID, problem.what());
  } catch (const std::exception& problem) {
    std::string reason = plain_reason(problem.what());
    return Status(ACL_ERROR_GE_PARAM_INVALID, reason.empty() ? problem.what() : std::move(reason));
  }
}

}  // namespace cairn::ops
