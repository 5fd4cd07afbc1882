// An ONNX model, a TensorFlow graph or a graph of the operator table as the engine reads it, prepared for an
// offline model: shapes fixed, outputs chosen, types changed, written as IR. Errors carry the E-codes of
// compiler/compile_error.h.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "acl/acl_base.h"
#include "base/status.h"
#include "om/om_model.h"
#include "ops/operator_graph.h"

namespace cairn {

/// A tensor of the network. A dim is -1 if its size is not known before the model runs.
struct NetworkTensor {
  std::string name;
  aclDataType data_type = ACL_DT_UNDEFINED;
  std::vector<int64_t> dims;

  bool is_static() const;
};

/// What a network comes to in certain input shapes.
struct NetworkSizes {
  std::vector<std::vector<int64_t>> output_dims;
  /// Bytes of inputs, outputs and the intermediate tensors that are alive at the same time.
  uint64_t work_bytes = 0;
};

/// An executable graph: `weights` produces the bytes from the network, which must still be there.
struct NetworkIr {
  struct Place {
    uint64_t offset = 0;
    uint64_t bytes = 0;
  };
  std::string xml;
  OmWeightStream weights;
  /// Constants that kept the name of their ONNX initializer.
  std::map<std::string, Place, std::less<>> constants;
};

/// What the engine computes with fewer bits than the network says (engine/narrowed_numbers.h).
struct NarrowedLayers {
  std::vector<std::string> doubles;  ///< Layers that compute with float64: they are computed with float32.
  struct Constant {
    std::string name;
    std::string number;  ///< The first that is beyond int32.
  };
  std::vector<Constant> constants;
};

/// A node that the engine has no conversion for.
struct UnsupportedNode {
  std::string type;  ///< With its domain, if that is not the standard's.
  std::string node;
  std::string note;  ///< ", known up to opset 9", ready to be added to a text; may be empty.
};

/// All such nodes of a file. `opset` is that of an ONNX model, the others are as in ImportedNetwork::read.
Result<std::vector<UnsupportedNode>> find_unsupported(
    const std::filesystem::path& path, bool is_tensorflow, int64_t opset,
    const std::map<std::string, std::string, std::less<>>& node_names, const std::string& changed = {});

/// All nodes of a graph of the operator table that cannot be built; the note is the reason, without one there
/// is no such operator.
Result<std::vector<UnsupportedNode>> find_unsupported(const ops::OperatorGraph& graph);

/// Not thread-safe.
class ImportedNetwork {
 public:
  /// Reads the file, which read_onnx has accepted. `node_names` are those that unsupported operators are
  /// reported with: name of the first output tensor -> name of the node.
  /// `changed`: the bytes of the file after changes of ours; empty: as it is.
  static Result<ImportedNetwork> read(const std::filesystem::path& path, int64_t opset,
                                      const std::map<std::string, std::string, std::less<>>& node_names,
                                      const std::string& changed = {});
  /// The only output of the ONNX file `bytes`, a truth value, if it is the same whatever the inputs hold once
  /// these have their shapes. `path` is where external data is looked for.
  static std::optional<bool> known_condition(const std::filesystem::path& path, int64_t opset,
                                             const std::string& bytes,
                                             const std::map<std::string, std::vector<DimRange>>& shapes);
  /// Reads a frozen TensorFlow graph, which read_tensorflow has accepted, up to these tensors ("node:index").
  static Result<ImportedNetwork> read_tensorflow(
      const std::filesystem::path& path, const std::vector<std::string>& outputs,
      const std::map<std::string, std::string, std::less<>>& node_names);
  /// Builds a network of the operator table.
  static Result<ImportedNetwork> build(const ops::OperatorGraph& graph);
  ~ImportedNetwork();
  ImportedNetwork(ImportedNetwork&&) noexcept;

  /// Puts inputs and outputs in the order of these ONNX tensors, and drops other outputs. The engine forgets
  /// inputs that nothing needs; they come back with the type and dims given here.
  Status select(const std::vector<NetworkTensor>& inputs, const std::vector<std::string>& outputs);
  /// Changes the shapes of inputs by name.
  Status reshape(const std::map<std::string, std::vector<DimRange>>& shapes);
  /// What it would be with these input shapes, one for each input; the network stays as it is.
  Result<NetworkSizes> sizes_with(const std::vector<std::vector<int64_t>>& inputs) const;
  /// The user gives this input with another type; the network goes on with its own.
  Status convert_input(size_t index, aclDataType type);
  Status convert_output(size_t index, aclDataType type);
  /// The user gives or takes this tensor of four dims as the chip's cubes have it: NC1HWC0, float16.
  Status pack_input(size_t index);
  Status pack_output(size_t index);

  std::vector<NetworkTensor> inputs() const;
  std::vector<NetworkTensor> outputs() const;
  /// The tensor of this ONNX name, if the engine's graph still has it.
  std::optional<NetworkTensor> tensor(std::string_view name) const;
  /// Bytes of inputs, outputs and the intermediate tensors that are alive at the same time.
  uint64_t work_bytes() const;
  /// `node_names` as in read(). Each layer once.
  NarrowedLayers narrowed_layers(const std::map<std::string, std::string, std::less<>>& node_names) const;

  Result<NetworkIr> write_ir() const;

 private:
  struct Impl;
  explicit ImportedNetwork(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace cairn
