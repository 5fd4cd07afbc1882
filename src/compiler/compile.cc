#include "compiler/compile.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "aipp/aipp_block.h"
#include "aipp/aipp_config.h"
#include "compiler/air_file.h"
#include "compiler/caffe/caffe_graph.h"
#include "compiler/compile_error.h"
#include "compiler/graph_builder.h"
#include "compiler/import_limits.h"
#include "compiler/onnx_branches.h"
#include "compiler/onnx_file.h"
#include "compiler/onnx_limits.h"
#include "compiler/onnx_own_operators.h"
#include "compiler/onnx_types.h"
#include "compiler/operator_source.h"
#include "compiler/tensorflow_file.h"
#include "om/om_aipp.h"
#include "om/om_gears.h"
#include "om/om_types.h"

namespace cairn {
namespace {

constexpr int64_t kCaffe = 0;
constexpr int64_t kMindSpore = 1;
constexpr int64_t kTensorFlow = 3;

std::string join(const std::vector<int64_t>& dims) {
  return fmt::format("{}", fmt::join(dims, ","));
}

class Compilation {
 public:
  Compilation(const CompileOptions& options, const std::function<void(std::string_view)>& stage)
      : options_(options), stage_(stage) {}

  Result<CompiledModel> run() {
    stage_("reading the model");
    CAIRN_RETURN_IF_ERROR(read());
    CAIRN_RETURN_IF_ERROR(check_shapes());
    CAIRN_RETURN_IF_ERROR(choose_outputs());
    stage_("converting the network");
    CAIRN_ASSIGN(ImportedNetwork network, read_network());
    CAIRN_RETURN_IF_ERROR(fix_shapes(network));
    remember_tensors(network);
    if (is_tensorflow()) remember_inner_tensors();
    warn_of_narrowed_numbers(network);
    CAIRN_RETURN_IF_ERROR(change_types(network));
    CAIRN_RETURN_IF_ERROR(describe_inputs(network));
    CAIRN_RETURN_IF_ERROR(insert_aipp());
    CAIRN_RETURN_IF_ERROR(describe_outputs(network));
    stage_("writing the executable graph");
    return finish(network);
  }

 private:
  Status read() {
    std::string reason;
    file_ = MappedFile::open(options_.model, reason);
    if (file_.bytes().empty()) return compile_error("E10410", {options_.model.string(), "--model", reason});
    limit_import(file_.bytes().size());
    if (is_tensorflow()) {
      CAIRN_ASSIGN(tensorflow_, read_tensorflow(file_.bytes(), options_.model));
      onnx_ = std::move(tensorflow_.model);
      return name_shapes();
    }
    if (options_.framework == kCaffe) {
      CAIRN_RETURN_IF_ERROR(read_caffe_files());
      return name_shapes();
    }
    if (options_.framework == kMindSpore) {
      CAIRN_ASSIGN(operators_, read_air(file_.bytes(), options_.model));
      onnx_ = view_of(*operators_);
      return name_shapes();
    }
    CAIRN_ASSIGN(onnx_, read_onnx(file_.bytes(), options_.model));
    limit_import(file_.bytes().size() + external_bytes());
    if (auto renamed = rename_operators(onnx_bytes(), options_.op_names)) {
      changed_ = std::move(*renamed);
      CAIRN_ASSIGN(onnx_, read_onnx(std::as_bytes(std::span(changed_)), options_.model));
    }
    CAIRN_RETURN_IF_ERROR(name_shapes());
    CAIRN_RETURN_IF_ERROR(fold_known_branches());
    if (auto own = give_own_domain(onnx_bytes(), onnx_)) {
      changed_ = std::move(*own);
      CAIRN_ASSIGN(onnx_, read_onnx(std::as_bytes(std::span(changed_)), options_.model));
    }
    return check_onnx_limits(onnx_);
  }

  /// `If` nodes whose condition the shapes decide give way to their branch, which may have others in it.
  Status fold_known_branches() {
    if (std::ranges::none_of(onnx_.nodes, [](const OnnxNode& node) { return node.type == "If"; })) return {};
    auto folded = fold_branches(onnx_bytes(), [&](const std::string& condition) {
      return ImportedNetwork::known_condition(options_.model, onnx_.opset, condition, wanted_shapes());
    });
    if (!folded) return {};
    changed_ = std::move(*folded);
    CAIRN_ASSIGN(onnx_, read_onnx(std::as_bytes(std::span(changed_)), options_.model));
    return {};
  }

  std::string_view onnx_bytes() const {
    if (!changed_.empty()) return changed_;
    return {reinterpret_cast<const char*>(file_.bytes().data()), file_.bytes().size()};
  }

  /// Weights in other files; the reader has checked that these exist.
  uint64_t external_bytes() const {
    std::set<std::string_view> files;
    for (const OnnxTensor& tensor : onnx_.initializers)
      if (tensor.external) files.insert(tensor.external_path);
    uint64_t bytes = 0;
    for (const std::string_view file : files) {
      std::error_code failure;
      const uintmax_t size = std::filesystem::file_size(options_.model.parent_path() / file, failure);
      if (!failure) bytes += size;
    }
    return bytes;
  }

  bool is_tensorflow() const { return options_.framework == kTensorFlow; }

  Result<ImportedNetwork> read_tensorflow_network() const {
    std::vector<std::string> outputs;
    for (const GraphOutput& output : outputs_)
      outputs.push_back(output.tensor);
    return ImportedNetwork::read_tensorflow(options_.model, outputs, node_names());
  }

  /// The engine's graph has lost most tensors of TensorFlow's: those of a second reading that keeps them all.
  void remember_inner_tensors() {
    std::vector<std::string> outputs;
    for (const OnnxNode& node : onnx_.nodes)
      for (const std::string_view output : node.outputs)
        outputs.emplace_back(output);
    auto network = ImportedNetwork::read_tensorflow(options_.model, outputs, node_names());
    if (!network.is_ok()) return;  // Only what a viewer shows is missing.
    if (!network->reshape(wanted_shapes()).is_ok()) return;
    remember_tensors(*network);
  }

  Status read_caffe_files() {
    std::string reason;
    const auto weights = std::make_shared<const MappedFile>(MappedFile::open(options_.weight, reason));
    if (weights->bytes().empty())
      return compile_error("E10410", {options_.weight.string(), "--weight", reason});
    CAIRN_ASSIGN(operators_, read_caffe({file_.bytes(), options_.model.string(), nullptr},
                                        {weights->bytes(), options_.weight.string(), weights}));
    onnx_ = view_of(*operators_);
    return {};
  }

  Result<ImportedNetwork> read_network() {
    if (is_tensorflow()) return read_tensorflow_network();
    if (!operators_) return ImportedNetwork::read(options_.model, onnx_.opset, node_names(), changed_);
    // Operators are built for the shapes that they get.
    for (ops::GraphInput& input : operators_->inputs)
      for (const InputShape& shape : input_shapes_)
        if (shape.name == input.tensor) input.dims = known_sizes(shape);
    return ImportedNetwork::build(*operators_);
  }

  static std::vector<int64_t> known_sizes(const InputShape& shape) {
    std::vector<int64_t> sizes;
    for (const DimRange& dim : shape.dims)
      sizes.push_back(dim.is_fixed() ? dim.least : -1);
    return sizes;
  }

  const OnnxValue* find_input(std::string_view name) const {
    const auto found = std::find_if(onnx_.inputs.begin(), onnx_.inputs.end(),
                                    [&](const OnnxValue& input) { return input.name == name; });
    return found == onnx_.inputs.end() ? nullptr : &*found;
  }

  const OnnxNode* find_node(std::string_view name) const {
    const auto found = std::find_if(onnx_.nodes.begin(), onnx_.nodes.end(),
                                    [&](const OnnxNode& node) { return node.name == name; });
    return found == onnx_.nodes.end() ? nullptr : &*found;
  }

  std::string input_list() const {
    std::vector<std::string_view> names;
    for (const OnnxValue& input : onnx_.inputs)
      names.push_back(input.name);
    return fmt::format("Its inputs are: {}.", fmt::join(names, ", "));
  }

  Status no_input(std::string_view name, std::string_view parameter) const {
    return compile_error(find_node(name) ? "E10017" : "E10016", {name, parameter, input_list()});
  }

  /// The entries of --input_shape_range may stand in the order of the inputs, without names.
  Status name_shapes() {
    input_shapes_ = options_.input_shapes;
    for (size_t i = 0; i < input_shapes_.size(); ++i) {
      if (!input_shapes_[i].name.empty()) continue;
      if (i >= onnx_.inputs.size())
        return compile_error("E10048", {fmt::format("entry {}", i + 1), input_list()});
      input_shapes_[i].name = onnx_.inputs[i].name;
    }
    return {};
  }

  Status check_shapes() const {
    for (const auto& [name, dims] : input_shapes_) {
      const OnnxValue* input = find_input(name);
      if (!input) return no_input(name, "--input_shape");
      if (input->has_shape && input->dims.size() != dims.size())
        return compile_error("E10049",
                             {std::to_string(dims.size()), name, std::to_string(input->dims.size())});
    }
    return {};
  }

  Status choose_outputs() {
    std::map<std::string_view, GraphOutput> makers;
    for (const OnnxValue& input : onnx_.inputs)
      makers[input.name] = {std::string(input.name), std::string(input.name), 0};
    for (const OnnxTensor& tensor : onnx_.initializers)
      makers[tensor.name] = {std::string(tensor.name), std::string(tensor.name), 0};
    for (const OnnxNode& node : onnx_.nodes)
      for (size_t i = 0; i < node.outputs.size(); ++i)
        makers[node.outputs[i]] = {std::string(node.outputs[i]), node.name, static_cast<int64_t>(i)};

    if (options_.out_nodes.empty()) {
      for (const OnnxValue& output : onnx_.outputs)
        add_output(makers.at(output.name), !is_tensorflow() && options_.framework != kMindSpore);
      return {};
    }
    for (const OutNode& wanted : options_.out_nodes) {
      if (!wanted.index) {
        const auto maker = makers.find(wanted.name);
        if (maker == makers.end())
          return compile_error("E10016", {wanted.name, "--out_nodes", "No tensor has this name."});
        add_output(maker->second, true);
        continue;
      }
      const OnnxNode* node = find_node(wanted.name);
      // Tensors of ONNX networks that come from TensorFlow have names such as "prob:0".
      const auto tensor = makers.find(fmt::format("{}:{}", wanted.name, *wanted.index));
      if (!node && tensor != makers.end()) {
        add_output(tensor->second, true);
        continue;
      }
      if (!node) return compile_error("E10016", {wanted.name, "--out_nodes", "No node has this name."});
      const auto index = static_cast<size_t>(*wanted.index);
      if (index >= node->outputs.size() || node->outputs[index].empty())
        return compile_error("E10016", {fmt::format("{}:{}", wanted.name, index), "--out_nodes",
                                        fmt::format("The node has {} outputs.", node->outputs.size())});
      add_output({std::string(node->outputs[index]), node->name, *wanted.index}, false);
    }
    return {};
  }

  /// Names of outputs: node:index, and the ONNX name if the output was not named by its node [MDL-120].
  void add_output(const GraphOutput& output, bool with_tensor) {
    outputs_.push_back(output);
    OmTensor tensor;
    tensor.name = fmt::format("{}:{}", output.node, output.index);
    if (with_tensor) tensor.name += ":" + output.tensor;
    output_tensors_.push_back(std::move(tensor));
  }

  std::map<std::string, std::string, std::less<>> node_names() const {
    std::map<std::string, std::string, std::less<>> names;
    for (const OnnxNode& node : onnx_.nodes)
      if (!node.outputs.empty()) names.emplace(node.outputs[0], node.name);
    return names;
  }

  std::map<std::string, std::vector<DimRange>> wanted_shapes() const {
    std::map<std::string, std::vector<DimRange>> shapes;
    for (const InputShape& shape : input_shapes_)
      shapes[shape.name] = shape.dims;
    return shapes;
  }

  /// Shapes that one branch of an `If` cannot take are the likely reason where its condition is not known.
  Status explain_branches(Status status) const {
    if (status.is_ok()) return status;
    const auto branching = std::ranges::find(onnx_.nodes, "If", &OnnxNode::type);
    if (branching == onnx_.nodes.end()) return status;
    return compile_error("E19014", {fmt::format("the input shapes must suit both branches of {} (type If), "
                                                "whose condition is only known when the model runs; {}",
                                                branching->name, status.text())});
  }

  Status fix_shapes(ImportedNetwork& network) {
    std::vector<NetworkTensor> inputs;
    std::vector<std::string> outputs;
    for (const OnnxValue& input : onnx_.inputs)
      inputs.push_back({std::string(input.name), acl_type_of_onnx(input.data_type), input.dims});
    for (const GraphOutput& output : outputs_)
      outputs.push_back(output.tensor);
    CAIRN_RETURN_IF_ERROR(network.select(inputs, outputs));
    const auto shapes = wanted_shapes();
    CAIRN_RETURN_IF_ERROR(explain_branches(network.reshape(shapes)));
    work_bytes_ = network.work_bytes();
    for (const NetworkTensor& input : network.inputs())
      if (!input.is_static() && !shapes.contains(input.name))
        return compile_error(
            "E10001",
            {fmt::format("{}:{}", input.name, join(input.dims)), "--input_shape",
             "the model leaves sizes of this input open; give them all, -1 for those that are known only "
             "when it runs"});
    return options_.gears ? measure_gears(network) : Status();
  }

  static Status check_output(std::string_view name, const std::vector<int64_t>& dims) {
    if (std::ranges::none_of(dims, [](int64_t dim) { return dim < 0; })) return {};
    return compile_error("E10055",
                         {fmt::format("the shape [{}] of output {} is only known when the model runs, "
                                      "which cannot be combined with gears",
                                      join(dims), name)});
  }

  /// What the outputs come to in each gear.
  Status measure_gears(const ImportedNetwork& network) {
    std::vector<std::vector<int64_t>> open;
    for (const NetworkTensor& input : network.inputs())
      open.push_back(input.dims);
    OmGears gears{options_.gears->kind, {}};
    for (const std::vector<int64_t>& values : options_.gears->list) {
      CAIRN_ASSIGN(const auto dims, fill_gear(open, gears.kind, values));
      CAIRN_ASSIGN(NetworkSizes sizes, network.sizes_with(dims));
      for (size_t i = 0; i < outputs_.size(); ++i)
        CAIRN_RETURN_IF_ERROR(check_output(outputs_[i].tensor, sizes.output_dims[i]));
      work_bytes_ = std::max(work_bytes_, sizes.work_bytes);
      gears.list.push_back({values, std::move(sizes.output_dims)});
    }
    gears_ = std::move(gears);
    return {};
  }

  /// Types and shapes of the original network, before casts are put at its ends.
  void remember_tensors(const ImportedNetwork& network) {
    const auto remember = [&](std::string_view name) {
      if (auto tensor = network.tensor(name)) tensors_.emplace(name, std::move(*tensor));
    };
    for (const OnnxValue& input : onnx_.inputs)
      remember(input.name);
    for (const OnnxNode& node : onnx_.nodes)
      for (const std::string_view output : node.outputs)
        remember(output);
  }

  void warn_of_narrowed_numbers(const ImportedNetwork& network) {
    const NarrowedLayers layers = network.narrowed_layers(node_names());
    std::vector<std::string> constants;
    for (const auto& [name, number] : layers.constants)
      constants.push_back(fmt::format("{} ({})", name, number));
    if (!layers.doubles.empty())
      warnings_ += fmt::format(
          "W19001: float64 is computed as float32, with 7 digits, by {}. Let the model use float32, or see "
          "docs/numbers.md.\n",
          first_of(layers.doubles));
    if (!constants.empty())
      warnings_ += fmt::format(
          "W19002: Whole numbers are computed with 32 bits; these constants lie beyond them and are cut: {}. "
          "Let the model use smaller ones, or see docs/numbers.md.\n",
          first_of(constants));
  }

  /// "[a], [b], [c] and 7 more".
  static std::string first_of(const std::vector<std::string>& names) {
    constexpr size_t kShown = 3;
    const size_t shown = std::min(names.size(), kShown);
    std::string text = fmt::format("[{}]", fmt::join(names.begin(), names.begin() + shown, "], ["));
    if (names.size() > shown) text += fmt::format(" and {} more", names.size() - shown);
    return text;
  }

  Status change_types(ImportedNetwork& network) const {
    for (size_t i = 0; i < options_.fp16_inputs.size(); ++i) {
      const std::string& name = options_.fp16_inputs[i];
      const OnnxValue* input = find_input(name);
      if (!input) return no_input(name, "--input_fp16_nodes");
      const auto index = static_cast<size_t>(input - onnx_.inputs.data());
      CAIRN_RETURN_IF_ERROR(is_packed(options_.packed_inputs, i) ? network.pack_input(index)
                                                                 : network.convert_input(index, ACL_FLOAT16));
    }
    for (size_t i = 0; i < outputs_.size(); ++i) {
      if (is_packed(options_.packed_outputs, i)) {
        CAIRN_RETURN_IF_ERROR(network.pack_output(i));
        continue;
      }
      CAIRN_ASSIGN(const std::optional<aclDataType> type, output_type(i));
      if (type && network.outputs()[i].data_type != *type)
        CAIRN_RETURN_IF_ERROR(network.convert_output(i, *type));
    }
    return {};
  }

  static bool is_packed(const std::vector<bool>& packed, size_t index) {
    return index < packed.size() && packed[index];
  }

  Result<std::optional<aclDataType>> output_type(size_t index) const {
    for (const OutNodeType& entry : options_.output_types) {
      const bool chosen = std::any_of(outputs_.begin(), outputs_.end(), [&](const GraphOutput& output) {
        return output.node == entry.node && output.index == entry.index;
      });
      if (!chosen)
        return compile_error("E10001", {fmt::format("{}:{}", entry.node, entry.index), "--output_type",
                                        "the node is no output of the model; name it in --out_nodes"});
      if (outputs_[index].node == entry.node && outputs_[index].index == entry.index)
        return std::optional<aclDataType>(entry.type);
    }
    return options_.output_type;
  }

  Result<OmTensor> describe(const NetworkTensor& from, std::string name) const {
    OmTensor tensor;
    tensor.name = std::move(name);
    tensor.data_type = from.data_type;
    tensor.dims = from.dims;
    tensor.format =
        onnx_format(from.dims.size(), is_tensorflow() && options_.input_format != ACL_FORMAT_NCHW &&
                                          options_.input_format != ACL_FORMAT_NCDHW);
    if (options_.input_format == ACL_FORMAT_ND) tensor.format = ACL_FORMAT_ND;
    // A size that is not known counts as none; those of gears follow when all gears are known.
    std::vector<int64_t> known = tensor.dims;
    if (std::ranges::find(known, -1) != known.end()) known = {0};
    const auto bytes = om::tensor_bytes(tensor.data_type, known);
    if (!bytes)
      return compile_error("E10055",
                           {fmt::format("tensor {} has type {} and shape [{}], which the API cannot hold",
                                        tensor.name, om::type_name(tensor.data_type), join(tensor.dims))});
    tensor.bytes = *bytes;
    return tensor;
  }

  std::vector<DimRange> ranges_of(const NetworkTensor& input) const {
    for (const InputShape& shape : input_shapes_)
      if (shape.name == input.name) return shape.dims;
    return {};
  }

  Status describe_inputs(const ImportedNetwork& network) {
    for (const NetworkTensor& from : network.inputs()) {
      OmInput input;
      CAIRN_ASSIGN(static_cast<OmTensor&>(input), describe(from, from.name));
      for (size_t i = 0; i < options_.fp16_inputs.size(); ++i)
        if (options_.fp16_inputs[i] == from.name && is_packed(options_.packed_inputs, i))
          input.format = ACL_FORMAT_NC1HWC0;
      input.dims_v2 = input.dims;
      if (!gears_ && !from.is_static()) input.ranges = ranges_of(from);
      inputs_.push_back(std::move(input));
    }
    return {};
  }

  Status describe_outputs(const ImportedNetwork& network) {
    const std::vector<NetworkTensor> from = network.outputs();
    for (size_t i = 0; i < from.size(); ++i) {
      CAIRN_ASSIGN(output_tensors_[i], describe(from[i], output_tensors_[i].name));
      if (is_packed(options_.packed_outputs, i)) output_tensors_[i].format = ACL_FORMAT_NC1HWC0;
    }
    return {};
  }

  Status insert_aipp() {
    if (options_.aipp_config.empty()) return {};
    std::string reason;
    const MappedFile file = MappedFile::open(options_.aipp_config, reason);
    if (file.bytes().empty())
      return compile_error("E10410", {options_.aipp_config.string(), "--insert_op_conf", reason});
    const auto blocks =
        parse_aipp_config({reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size()});
    if (!blocks.is_ok()) return aipp_error(blocks.status());
    for (const AippConfigOp& block : *blocks)
      CAIRN_RETURN_IF_ERROR(insert_aipp(block));
    return add_aipp_parameters();
  }

  /// The parser's own code in front of its text is not repeated.
  static Status aipp_error(const Status& status, std::string_view place = "") {
    std::string_view text = status.text();
    if (text.starts_with("[E10052] ")) text.remove_prefix(9);
    return compile_error("E10052", {fmt::format("{}{}", place, text)});
  }

  Status insert_aipp(const AippConfigOp& block) {
    const auto fail = [&](std::string_view reason) {
      return compile_error("E10052", {fmt::format("line {}: {}", block.line, reason)});
    };
    auto input = inputs_.end();
    if (!block.related_input_name.empty())
      input = std::find_if(inputs_.begin(), inputs_.end(), [&](const OmInput& candidate) {
        return candidate.name == block.related_input_name;
      });
    else if (block.related_input_rank < inputs_.size())
      input = inputs_.begin() + block.related_input_rank;
    if (input == inputs_.end())
      return fail(block.related_input_name.empty()
                      ? fmt::format("related_input_rank is {}, the model has {} inputs",
                                    block.related_input_rank, inputs_.size())
                      : fmt::format("the model has no input {}. {}", block.related_input_name, input_list()));
    if (input->aipp) return fail(fmt::format("input {} has AIPP already", input->name));
    if (block.input_edge_idx && consumers(input->name) > 1)
      return compile_error(
          "E10055", {"AIPP on one of several consumers of an input (input_edge_idx) is not supported yet"});
    if (block.input_edge_idx.value_or(0) != 0)
      return fail(
          fmt::format("input_edge_idx is {}, input {} has one consumer", *block.input_edge_idx, input->name));
    const auto& fp16 = options_.fp16_inputs;
    if (std::find(fp16.begin(), fp16.end(), input->name) != fp16.end())
      return compile_error("E10034", {input->name});
    return block.params.aipp_mode == AippMode::kDynamic ? link_dynamic_aipp(block, *input)
                                                        : link_aipp(block, *input);
  }

  Status link_dynamic_aipp(const AippConfigOp& block, OmInput& input) const {
    const Result<int64_t> images = most_images(input);
    if (!images.is_ok()) return aipp_error(images.status(), fmt::format("line {}: ", block.line));
    set_dynamic_aipp(input, block.params, 0);
    return {};
  }

  /// Behind dynamic AIPP: of the largest gear, or of the sizes that the input may have.
  Result<int64_t> most_images(const OmInput& input) const {
    OmInput network_input;
    CAIRN_ASSIGN(static_cast<OmTensor&>(network_input), largest(input.engine_tensor()));
    network_input.ranges = input.ranges;
    return most_aipp_images(network_input);
  }

  /// Dynamic AIPP gets its parameters through inputs of their own, behind the network's.
  Status add_aipp_parameters() {
    for (size_t i = 0, network = inputs_.size(); i < network; ++i) {
      if (!inputs_[i].aipp || !inputs_[i].aipp->is_dynamic()) continue;
      std::string name(kAippParametersName);
      if (inputs_.size() > network) name += "_" + aipp_node_name(inputs_[i].name);
      if (find_input(name) || find_node(name))
        return compile_error("E10052",
                             {fmt::format("the model has an input or a node {} already, which is the name "
                                          "for the parameters of dynamic AIPP",
                                          name)});
      CAIRN_ASSIGN(const int64_t images, most_images(inputs_[i]));
      inputs_[i].aipp->parameters = inputs_.size();
      inputs_.push_back(aipp_parameters_input(std::move(name), images));
    }
    return {};
  }

  size_t consumers(std::string_view name) const {
    size_t count = 0;
    for (const OnnxNode& node : onnx_.nodes)
      count += static_cast<size_t>(std::count(node.inputs.begin(), node.inputs.end(), name));
    return count;
  }

  /// The dims of the network's inputs in the largest gear; without gears as they are.
  Result<OmTensor> largest(const OmTensor& input) const {
    OmTensor tensor = input;
    if (!gears_) return tensor;
    uint64_t most = 0;
    for (const OmGears::Gear& gear : gears_->list) {
      if (std::ranges::find(input.dims, -1) == input.dims.end()) break;
      CAIRN_ASSIGN(const auto dims, fill_gear({input.dims}, gears_->kind, gear.values));
      const uint64_t bytes = om::tensor_bytes(input.data_type, dims[0]).value_or(0);
      if (bytes <= most) continue;
      most = bytes;
      tensor.dims = dims[0];
    }
    return tensor;
  }

  Status link_aipp(const AippConfigOp& block, OmInput& input) const {
    const auto fail = [&](std::string_view reason) {
      return compile_error("E10052", {fmt::format("line {}: {}", block.line, reason)});
    };
    if (!gears_ && std::ranges::find(input.dims, -1) != input.dims.end())
      return fail(fmt::format(
          "the shape of input {} is [{}], static AIPP needs all sizes when the model is converted; "
          "give them in --input_shape, or use gears (--dynamic_batch_size, --dynamic_image_size) or "
          "dynamic AIPP",
          input.name, join(input.dims)));
    CAIRN_ASSIGN(const OmTensor network_input, largest(input));
    const auto output = om_aipp_output(network_input);
    if (!output.is_ok()) return aipp_error(output.status());
    const bool sizes_change =
        gears_ && gears_->kind == OmGearKind::kImage && network_input.dims != input.dims;
    if (sizes_change && (block.params.crop || block.params.padding || block.params.src_image_size_w != 0 ||
                         block.params.src_image_size_h != 0))
      return fail(
          "with --dynamic_image_size crop and padding must be off, src_image_size_w and _h must be 0");
    auto params = resolve(block.params, *output);
    if (!params.is_ok()) return fail(params.status().text());
    const bool batch_changes = gears_ && gears_->kind == OmGearKind::kBatch && input.dims[0] == -1;
    AippInputDims dims = aipp_input_dims(*params, batch_changes ? -1 : output->batch);
    if (sizes_change) {
      params->src_image_size_w = params->src_image_size_h = 0;  // Those of the gear.
      dims.tensor[1] = dims.tensor[2] = dims.user[1] = dims.user[2] = -1;
    }
    input.aipp = OmAipp{*params, static_cast<const OmTensor&>(input)};
    input.data_type = ACL_UINT8;
    input.format = ACL_FORMAT_NHWC;
    input.dims = dims.tensor;
    input.dims_v2 = dims.user;
    input.bytes = aipp_image_bytes(params->input_format, params->src_image_size_w, params->src_image_size_h) *
                  static_cast<size_t>(output->batch);
    return {};
  }

  /// The input that takes the gear, and the sizes that belong to the largest one.
  Status finish_gears(OmModel& model) const {
    if (!gears_) return {};
    model.gears = gears_;
    model.inputs.push_back(make_gear_input(*gears_));
    const auto shapes = shapes_of(model);
    if (!shapes.is_ok()) return compile_error("E10042", {shapes.status().text()});
    report_largest(*shapes, model.inputs, model.outputs);
    return {};
  }

  Result<CompiledModel> finish(const ImportedNetwork& network) {
    CAIRN_ASSIGN(NetworkIr ir, network.write_ir());
    CompiledModel compiled;
    OmModel& model = compiled.model;
    const GraphSource source{onnx_,
                             [this](std::string_view name) -> std::optional<NetworkTensor> {
                               const auto found = tensors_.find(name);
                               return found == tensors_.end() ? std::nullopt : std::optional(found->second);
                             },
                             ir.constants, is_tensorflow()};
    model.inputs = std::move(inputs_);
    model.outputs = std::move(output_tensors_);
    CAIRN_RETURN_IF_ERROR(finish_gears(model));
    model.nodes = build_graph(source, model.inputs, outputs_, model.outputs);
    model.name = options_.name;
    model.framework = options_.framework;
    model.soc_version = options_.soc_version;
    model.atc_version = CAIRN_VERSION;
    model.atc_cmdline = options_.cmdline;
    model.memory_size = work_bytes_;
    for (const OmInput& input : model.inputs)
      if (input.aipp) model.memory_size += input.bytes;
    model.weight_size = ir.weights.bytes;
    model.ir_xml = std::move(ir.xml);
    compiled.weights = std::move(ir.weights);
    compiled.warnings = std::move(warnings_);
    return compiled;
  }

  const CompileOptions& options_;
  const std::function<void(std::string_view)>& stage_;
  MappedFile file_;
  std::optional<ops::OperatorGraph> operators_;  ///< Of models that the operator table builds.
  std::string changed_;                          ///< The ONNX file after changes of ours; empty: as it is.
  TensorFlowGraph tensorflow_;                   ///< Holds names that onnx_ points to.
  OnnxModel onnx_;                               ///< Points into file_, changed_, tensorflow_ or operators_.
  std::map<std::string, NetworkTensor, std::less<>> tensors_;
  std::vector<GraphOutput> outputs_;
  std::vector<OmTensor> output_tensors_;  ///< One for each of outputs_.
  std::vector<OmInput> inputs_;
  std::vector<InputShape> input_shapes_;  ///< Of the options, with names.
  std::optional<OmGears> gears_;
  std::string warnings_;
  uint64_t work_bytes_ = 0;
};

}  // namespace

Result<CompiledModel> compile_model(const CompileOptions& options,
                                    const std::function<void(std::string_view)>& stage) {
  return Compilation(options, stage).run();
}

}  // namespace cairn
