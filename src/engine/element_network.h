// Nodes that work element by element, as programs that run without the engine.
#pragma once

#include <functional>
#include <openvino/core/node.hpp>
#include <optional>
#include <vector>

#include "element/element_program.h"

namespace cairn {

std::vector<int64_t> dims_of(const ov::Shape& shape);

/// The node changes the shape only; its elements are those of its first input.
bool is_view(const ov::Node& node);
/// A program may have steps for the node.
bool is_element_node(const ov::Node& node);

struct ElementResult {
  ov::Output<ov::Node> value;
  aclDataType type;  ///< As it is stored; its computed type is that of the value.
};

/// Where a value is read from; empty for one that the program is to compute.
using ReadValue = std::function<std::optional<element::Source>(const ov::Output<ov::Node>&)>;

/// Results of one shape, and all that leads to them from what is read. Empty if there is a node of another
/// kind in between, or so much work that the engine's kernels, which take longer to make, are worth it.
std::optional<element::ElementProgram> element_program(const std::vector<ElementResult>& results,
                                                       const ReadValue& read);

}  // namespace cairn
