// What the compiler needs to know of an ONNX file, read without copying its weights.
//
// The reader is the gate in front of the engine's own ONNX reader: it bounds sizes, counts and nesting, and
// finds broken references, so that a damaged or hostile file ends in a message.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/status.h"

namespace cairn {

/// Strings point into the bytes given to read_onnx.
struct OnnxTensor {
  std::string_view name;
  int32_t data_type = 0;  ///< TensorProto.DataType.
  std::vector<int64_t> dims;
  std::string_view data;           ///< Raw little-endian bytes, if they are stored so in the file itself.
  bool external = false;           ///< The bytes are in another file.
  std::string_view external_path;  ///< Relative to the model's folder.
};

struct OnnxAttribute {
  using Value = std::variant<std::monostate, int64_t, float, std::string_view, std::vector<int64_t>,
                             std::vector<float>, std::vector<std::string_view>, bool>;
  std::string_view name;
  Value value;  ///< Empty for tensors and graphs.
};

struct OnnxNode {
  std::string
      name;  ///< Never empty and unique: nodes without a name are called after their type and position.
  std::string_view type;
  std::string_view domain;
  std::vector<std::string_view> inputs;
  std::vector<std::string_view> outputs;
  std::vector<OnnxAttribute> attributes;
  std::optional<OnnxTensor> tensor;  ///< Attribute "value" of a Constant.
};

struct OnnxValue {
  std::string_view name;
  int32_t data_type = 0;
  std::vector<int64_t> dims;  ///< -1 for a dim without a fixed size.
  bool has_shape = false;
};

struct OnnxModel {
  std::string_view graph_name;
  int64_t opset = 0;            ///< Of the default domain.
  std::vector<OnnxNode> nodes;  ///< Of the main graph.
  /// Of graphs in attributes, such as the branches of an If: as they stand in the file, but each behind those
  /// inside of it. They keep the names of the file.
  std::vector<OnnxNode> inner_nodes;
  std::vector<OnnxValue> inputs;  ///< Without those that only name an initializer.
  std::vector<OnnxValue> outputs;
  std::vector<OnnxTensor> initializers;
};

/// Reads the bytes of a file. `path` is for messages and for the place of external data, which must lie in
/// its folder.
Result<OnnxModel> read_onnx(std::span<const std::byte> file, const std::filesystem::path& path);

}  // namespace cairn
