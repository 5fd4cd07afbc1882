// Attributes of an ONNX node.
#pragma once

#include <string_view>
#include <variant>

#include "compiler/onnx_file.h"

namespace cairn {

/// The attribute's value, or `otherwise` if the node has none of this name and type.
template <class T>
T value_of(const OnnxNode& node, std::string_view name, T otherwise) {
  for (const OnnxAttribute& attribute : node.attributes)
    if (attribute.name == name)
      if (const T* value = std::get_if<T>(&attribute.value)) return *value;
  return otherwise;
}

}  // namespace cairn
