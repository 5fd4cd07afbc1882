// From a model file to an offline model.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "acl/acl_base.h"
#include "base/status.h"
#include "compiler/onnx_renames.h"
#include "engine/imported_network.h"
#include "om/mapped_file.h"
#include "om/om_model.h"

namespace cairn {

/// One entry of `--out_nodes`: "node:index", or the name of an output of the ONNX graph.
struct OutNode {
  std::string name;
  std::optional<int64_t> index;
};

/// One entry of `--output_type` in its long form.
struct OutNodeType {
  std::string node;
  int64_t index = 0;
  aclDataType type = ACL_FLOAT;
};

/// One entry of `--input_shape`.
struct InputShape {
  std::string name;
  std::vector<DimRange> dims;
  bool operator==(const InputShape&) const = default;
};

/// What `--dynamic_batch_size` and its like list.
struct GearOption {
  OmGearKind kind = OmGearKind::kBatch;
  std::vector<std::vector<int64_t>> list;
};

struct CompileOptions {
  int64_t framework = 5;  ///< Value of `--framework`.
  std::filesystem::path model;
  std::filesystem::path weight;  ///< Of a Caffe model.
  std::string name;              ///< Of the offline model.
  std::string soc_version;
  std::string cmdline;
  std::vector<InputShape> input_shapes;
  std::optional<GearOption> gears;
  std::optional<aclFormat> input_format;
  std::filesystem::path aipp_config;  ///< Empty: none.
  std::vector<std::string> fp16_inputs;
  OperatorNames op_names;            ///< Of `--op_name_map`.
  std::vector<bool> packed_inputs;   ///< One for each of fp16_inputs: NC1HWC0. Empty: none.
  std::vector<bool> packed_outputs;  ///< One for each of out_nodes. Empty: none.
  std::vector<OutNode> out_nodes;    ///< Empty: the outputs of the ONNX graph.
  std::optional<aclDataType> output_type;
  std::vector<OutNodeType> output_types;
};

/// What write_om takes.
struct CompiledModel {
  OmModel model;
  OmWeightStream weights;
  std::string warnings;  ///< Lines for the user; maybe none.
};

/// `stage` is told what begins, in a few words.
Result<CompiledModel> compile_model(const CompileOptions& options,
                                    const std::function<void(std::string_view)>& stage);

}  // namespace cairn
