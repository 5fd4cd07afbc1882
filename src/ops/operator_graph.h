// A network of operators of the table, as a front end hands it to the engine. Plain data.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "acl/acl_base.h"
#include "om/om_model.h"

namespace cairn::ops {

/// A tensor has one name in the whole graph.
struct GraphInput {
  std::string tensor;
  aclDataType data_type = ACL_FLOAT;
  aclFormat format = ACL_FORMAT_ND;
  std::vector<int64_t> dims;  ///< -1: changes from run to run.
};

struct GraphConstant {
  std::string tensor;
  aclDataType data_type = ACL_FLOAT;
  aclFormat format = ACL_FORMAT_ND;
  std::vector<int64_t> dims;
  std::span<const std::byte> bytes;    ///< As many as type and dims say; may be unaligned.
  std::shared_ptr<const void> keeper;  ///< Keeps the bytes alive; may be null.
};

struct GraphNode {
  std::string name;
  std::string type;
  std::vector<std::string> inputs;  ///< Tensors in the order of the signature; "": not connected.
  std::vector<aclFormat>
      input_formats;  ///< Where they differ from those of the tensors' makers; may be empty.
  std::vector<std::string> outputs;
  std::vector<OmAttribute> attributes;
  std::vector<std::string> original_names;  ///< Layers of the original network that it stands for.
};

struct GraphResult {
  std::string tensor;
  std::string node;  ///< Layer that makes it, as the user knows it.
  int64_t index = 0;
  std::string top;  ///< Name of the tensor in the original network; may be empty.
};

struct OperatorGraph {
  std::vector<GraphInput> inputs;
  std::vector<GraphConstant> constants;
  std::vector<GraphNode> nodes;  ///< Each after those that make its inputs.
  std::vector<GraphResult> outputs;
};

/// A constant that owns its values.
template <class T>
GraphConstant make_constant(std::string tensor, aclDataType type, std::vector<int64_t> dims,
                            std::vector<T> values) {
  auto kept = std::make_shared<const std::vector<T>>(std::move(values));
  GraphConstant constant;
  constant.tensor = std::move(tensor);
  constant.data_type = type;
  constant.dims = std::move(dims);
  constant.bytes = std::as_bytes(std::span(*kept));
  constant.keeper = kept;
  return constant;
}

}  // namespace cairn::ops
