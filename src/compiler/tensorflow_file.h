// What the compiler needs to know of a frozen TensorFlow graph (GraphDef), read without copying its weights.
//
// The reader is the gate in front of the engine's own: it bounds counts and tensor sizes, and finds broken
// references, so that a damaged or hostile file ends in a message.
#pragma once

#include <filesystem>
#include <span>

#include "base/status.h"
#include "compiler/onnx_file.h"

namespace cairn {

/// Domain of nodes with TensorFlow's operator types.
inline constexpr std::string_view kTensorFlowDomain = "tensorflow";

/// A graph in the form that the rest of the compiler works on. Tensors are called "node:index", inputs as
/// their placeholders; Const nodes are initializers. Owns the names that it makes up.
struct TensorFlowGraph {
  OnnxModel model;  ///< Its texts point into the file or into `names`.
  std::vector<std::unique_ptr<std::string>> names;
};

/// Reads the bytes of a file. `path` is for messages. Outputs are those that no node takes.
Result<TensorFlowGraph> read_tensorflow(std::span<const std::byte> file, const std::filesystem::path& path);

}  // namespace cairn
