#include "engine/imported_network.h"

#include <fmt/format.h>

#include <algorithm>
#include <openvino/frontend/manager.hpp>
#include <openvino/op/constant.hpp>
#include <openvino/op/convert.hpp>
#include <openvino/op/logical_or.hpp>
#include <openvino/op/maximum.hpp>
#include <openvino/op/pad.hpp>
#include <openvino/op/parameter.hpp>
#include <openvino/op/reshape.hpp>
#include <openvino/op/result.hpp>
#include <openvino/op/slice.hpp>
#include <openvino/op/transpose.hpp>
#include <openvino/op/util/framework_node.hpp>
#include <openvino/openvino.hpp>
#include <openvino/pass/constant_folding.hpp>
#include <openvino/pass/serialize.hpp>
#include <sstream>
#include <streambuf>
#include <unordered_map>

#include "compiler/compile_error.h"
#include "engine/engine_types.h"
#include "engine/ir_constants.h"
#include "engine/narrowed_numbers.h"
#include "engine/onnx/conversions.h"
#include "engine/onnx/infinite_extremes.h"
#include "om/om_checksum.h"
#include "ops/graph_build.h"

namespace cairn {
namespace {

constexpr const char* kOnnx = "onnx";
constexpr const char* kTensorFlow = "tf";
constexpr bool kMapFiles = true;  // Weights in files of their own are mapped, not read.

/// Hands everything that is written to a function, without a buffer: weights come in large pieces.
class FunctionBuffer : public std::streambuf {
 public:
  using Take = std::function<bool(std::span<const std::byte>)>;
  explicit FunctionBuffer(Take take) : take_(std::move(take)) {}

 protected:
  std::streamsize xsputn(const char* text, std::streamsize size) override {
    const auto bytes = std::as_bytes(std::span(text, static_cast<size_t>(size)));
    position_ += bytes.size();
    return take_(bytes) ? size : 0;
  }
  int_type overflow(int_type letter) override {
    const char byte = traits_type::to_char_type(letter);
    return xsputn(&byte, 1) == 1 ? letter : traits_type::eof();
  }
  // The serializer asks where it is.
  pos_type seekoff(off_type offset, std::ios_base::seekdir from, std::ios_base::openmode) override {
    return offset == 0 && from == std::ios_base::cur ? pos_type(static_cast<off_type>(position_))
                                                     : pos_type(off_type(-1));
  }

 private:
  Take take_;
  uint64_t position_ = 0;
};

/// The engine's texts end with its own source places; the first sentence that says something is enough.
std::string plain_reason(const std::exception& failure) {
  std::string text = failure.what();
  std::string reason;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    const bool noise = line.empty() || line.find("failed at ") != std::string::npos ||
                       line.find("Exception from ") != std::string::npos ||
                       line.find("FrontEnd API failed") != std::string::npos;
    if (noise) continue;
    if (!reason.empty()) reason += ' ';
    reason += line;
    if (reason.size() > 600) break;
  }
  if (reason.empty()) reason = text;
  if (reason.size() > 600) reason = reason.substr(0, 600) + "...";
  return reason;
}

/// Calls `work`, which may throw; the exception becomes the error `code` about `subject`.
template <class Work>
Status guarded(std::string_view code, std::string_view subject, Work&& work) {
  try {
    work();
    return {};
  } catch (const std::bad_alloc&) {
    return compile_error("E10044", {"It ran out while the model was converted."});
  } catch (const std::exception& failure) {
    const std::string reason = plain_reason(failure);
    // The engine wraps what it could not catch otherwise.
    if (reason.find("std::bad_alloc") != std::string::npos)
      return compile_error("E10044", {"It ran out while the model was converted."});
    return subject.empty() ? compile_error(code, {reason}) : compile_error(code, {subject, reason});
  }
}

std::vector<int64_t> dims_of(const ov::PartialShape& shape) {
  std::vector<int64_t> dims;
  if (shape.rank().is_dynamic()) return {-1};
  for (const ov::Dimension& dim : shape)
    dims.push_back(dim.is_static() ? dim.get_length() : -1);
  return dims;
}

NetworkTensor describe(const ov::Output<const ov::Node>& output) {
  return {"", acl_type_of(output.get_element_type()), dims_of(output.get_partial_shape())};
}

using NodeNames = std::map<std::string, std::string, std::less<>>;

/// The engine's reader of a framework's files, with our own operators.
ov::frontend::FrontEnd::Ptr make_front_end(ov::frontend::FrontEndManager& manager, const std::string& name,
                                           int64_t opset) {
  auto front_end = manager.load_by_framework(name);
  if (!front_end) throw std::runtime_error("the engine's reader of " + name + " files is not installed");
  if (name == kOnnx) front_end->add_extension(onnx::conversions(opset));
  return front_end;
}

/// A graph of one node of a type, as the bytes of an ONNX file. Lengths are below 128, one byte each.
std::string single_node_file(const std::string& type, int64_t opset) {
  const auto field = [](char tag, const std::string& value) {
    return std::string{tag, static_cast<char>(value.size())} + value;
  };
  const std::string node = field(0x0A, "x") + field(0x12, "y") + field(0x22, type);
  const std::string graph =
      field(0x0A, node) + field(0x12, "g") + field(0x5A, field(0x0A, "x")) + field(0x62, field(0x0A, "y"));
  return std::string{0x08, 0x08} + field(0x3A, graph) +
         field(0x42, std::string{0x10, static_cast<char>(opset)});
}

/// The newest opset up to the model's in which the reader knows an operator; 0: none.
int64_t nearest_opset(ov::frontend::FrontEnd& front_end, const std::string& type, int64_t opset) {
  if (type.size() > 64) return 0;
  for (int64_t older = std::min<int64_t>(opset, 100); older > 0; --older) {
    try {
      std::istringstream file(single_node_file(type, older));
      front_end.convert(front_end.load(static_cast<std::istream*>(&file)));
      return older;
    } catch (const std::exception& failure) {
      // Any other failure: the reader knows the operator, and misses its inputs or attributes.
      if (std::string_view(failure.what()).find("No conversion rule found") == std::string_view::npos)
        return older;
    }
  }
  return 0;
}

/// Operators that the engine has no conversion for, all in one message with its own text.
Status check_operators(const std::filesystem::path& path, bool is_tensorflow, int64_t opset,
                       const NodeNames& node_names, const std::string& changed, const Status& failure) {
  CAIRN_ASSIGN(const auto nodes, find_unsupported(path, is_tensorflow, opset, node_names, changed));
  if (nodes.empty()) return {};
  std::vector<std::string> texts;
  for (const UnsupportedNode& node : nodes)
    texts.push_back(fmt::format("{} (node {}{})", node.type, node.node, node.note));
  std::string list = fmt::format("{}", fmt::join(texts, ", "));
  const size_t reason = failure.text().find("with a message");
  if (reason != std::string::npos)
    list += fmt::format(". The engine says: {}",
                        failure.text().substr(reason, failure.text().find('\n') - reason));
  return compile_error(is_tensorflow ? "E19010" : "E16002", {std::to_string(texts.size()), list});
}

/// The engine leaves an output unwritten that is an input unchanged. The larger of a value and itself is a
/// copy that it does not take out.
ov::Output<ov::Node> copy_of_input(const ov::Output<ov::Node>& value) {
  if (!ov::is_type<ov::op::v0::Parameter>(value.get_node())) return value;
  std::shared_ptr<ov::Node> copy;
  if (value.get_element_type() == ov::element::boolean)
    copy = std::make_shared<ov::op::v1::LogicalOr>(value, value);
  else
    copy = std::make_shared<ov::op::v1::Maximum>(value, value);
  return copy->output(0);
}

/// All nodes that could not be built, in one message.
Status problem_report(const std::vector<ops::NodeProblem>& problems) {
  std::vector<std::string> unknown;
  std::vector<std::string> wrong;
  for (const ops::NodeProblem& problem : problems) {
    if (problem.reason.empty())
      unknown.push_back(fmt::format("{} (node {})", problem.type, problem.node));
    else
      wrong.push_back(fmt::format("{} (node {}): {}", problem.type, problem.node, problem.reason));
  }
  if (!unknown.empty())
    return compile_error("E10501",
                         {std::to_string(unknown.size()), fmt::format("{}", fmt::join(unknown, ", "))});
  return wrong.empty() ? Status() : compile_error("E19014", {fmt::format("{}", fmt::join(wrong, "; "))});
}

std::shared_ptr<ov::Node> make_convert(const ov::Output<ov::Node>& from, aclDataType type,
                                       const std::string& name) {
  auto convert = std::make_shared<ov::op::v0::Convert>(from, element_type_of(type));
  convert->set_friendly_name(name);
  return convert;
}

/// Bytes of inputs, outputs and the intermediate tensors that are alive at the same time.
uint64_t work_bytes(const ov::Model& model) {
  const ov::NodeVector nodes = model.get_ordered_ops();
  std::unordered_map<const ov::Node*, size_t> position;
  for (size_t i = 0; i < nodes.size(); ++i)
    position[nodes[i].get()] = i;

  // change[i] is what becomes alive before node i minus what is dead by then.
  std::vector<int64_t> change(nodes.size() + 1, 0);
  for (size_t i = 0; i < nodes.size(); ++i) {
    if (ov::is_type<ov::op::v0::Constant>(nodes[i]) || ov::is_type<ov::op::v0::Result>(nodes[i])) continue;
    for (const ov::Output<ov::Node>& output : nodes[i]->outputs()) {
      if (output.get_partial_shape().is_dynamic()) continue;
      size_t last = i;
      for (const ov::Input<ov::Node>& user : output.get_target_inputs()) {
        const auto found = position.find(user.get_node());
        if (found != position.end()) last = std::max(last, found->second);
        if (ov::is_type<ov::op::v0::Result>(user.get_node())) last = nodes.size() - 1;
      }
      constexpr size_t kBlock = 512;
      const size_t bits = ov::shape_size(output.get_shape()) * output.get_element_type().bitwidth();
      const auto bytes = static_cast<int64_t>((bits / 8 + kBlock - 1) / kBlock * kBlock);
      change[ov::is_type<ov::op::v0::Parameter>(nodes[i]) ? 0 : i] += bytes;
      change[last + 1] -= bytes;
    }
  }
  int64_t alive = 0;
  int64_t most = 0;
  for (const int64_t bytes : change)
    most = std::max(most, alive += bytes);
  return static_cast<uint64_t>(most);
}

}  // namespace

struct ImportedNetwork::Impl {
  std::shared_ptr<ov::Model> model;
  std::vector<std::string> input_names;
  std::vector<std::string> output_names;
  /// ONNX tensor name -> where it is in the graph. Rebuilt when the graph changes.
  std::unordered_map<std::string, ov::Output<ov::Node>> tensors;

  /// The network's inputs; null for one of a type that the engine does not know.
  ov::ParameterVector find_inputs(const std::vector<NetworkTensor>& wanted) const;

  void index_tensors() {
    tensors.clear();
    for (const auto& node : model->get_ordered_ops())
      for (const ov::Output<ov::Node>& output : node->outputs())
        for (const std::string& name : output.get_names())
          tensors.emplace(name, output);
  }

  void rebuild(const ov::ResultVector& results, const ov::ParameterVector& parameters) {
    model = std::make_shared<ov::Model>(results, model->get_sinks(), parameters, model->get_variables(),
                                        model->get_friendly_name());
    index_tensors();
  }
};

bool NetworkTensor::is_static() const {
  return std::all_of(dims.begin(), dims.end(), [](int64_t dim) { return dim >= 0; });
}

ImportedNetwork::ImportedNetwork(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ImportedNetwork::ImportedNetwork(ImportedNetwork&&) noexcept = default;
ImportedNetwork::~ImportedNetwork() = default;

namespace {

/// A dim of its range.
ov::PartialShape shape_with(const std::vector<DimRange>& dims) {
  std::vector<ov::Dimension> shape;
  for (const DimRange& dim : dims)
    shape.emplace_back(dim.least, dim.most);
  return shape;
}

ov::frontend::InputModel::Ptr load_file(ov::frontend::FrontEnd& front_end, const std::filesystem::path& path,
                                        const std::string& changed) {
  if (changed.empty()) return front_end.load(path.string(), kMapFiles);
  std::istringstream stream(changed);
  return front_end.load(static_cast<std::istream*>(&stream), path.string(), kMapFiles);
}

}  // namespace

Result<std::vector<UnsupportedNode>> find_unsupported(const std::filesystem::path& path, bool is_tensorflow,
                                                      int64_t opset, const NodeNames& node_names,
                                                      const std::string& changed) {
  std::vector<UnsupportedNode> nodes;
  CAIRN_RETURN_IF_ERROR(guarded("E10041", path.string(), [&] {
    ov::frontend::FrontEndManager manager;
    const auto front_end = make_front_end(manager, is_tensorflow ? kTensorFlow : kOnnx, opset);
    const auto model = front_end->convert_partially(load_file(*front_end, path, changed));
    for (const auto& node : model->get_ordered_ops()) {
      const auto foreign = std::dynamic_pointer_cast<ov::op::util::FrameworkNode>(node);
      if (!foreign) continue;
      UnsupportedNode found;
      found.node = node->get_friendly_name();
      for (const ov::Output<ov::Node>& output : node->outputs())
        for (const std::string& tensor : output.get_names())
          if (const auto known = node_names.find(tensor); known != node_names.end())
            found.node = known->second;
      const std::string& domain = foreign->get_attrs().get_opset_name();
      const std::string& type = foreign->get_attrs().get_type_name();
      found.type = is_tensorflow || domain.empty() ? type : fmt::format("{}.{}", domain, type);
      if (!is_tensorflow && domain.empty()) {
        const int64_t nearest = nearest_opset(*front_end, type, opset);
        if (nearest == opset)
          found.note = ", known, but not with these attributes or inputs";
        else
          found.note = nearest ? fmt::format(", known up to opset {}", nearest) : ", known in no opset";
      }
      nodes.push_back(std::move(found));
    }
  }));
  return nodes;
}

Result<std::vector<UnsupportedNode>> find_unsupported(const ops::OperatorGraph& graph) {
  std::vector<UnsupportedNode> nodes;
  CAIRN_RETURN_IF_ERROR(guarded("E10042", "", [&] {
    for (const ops::NodeProblem& problem : ops::build_graph(graph).problems)
      nodes.push_back({problem.type, problem.node, problem.reason});
  }));
  return nodes;
}

std::optional<bool> ImportedNetwork::known_condition(
    const std::filesystem::path& path, int64_t opset, const std::string& bytes,
    const std::map<std::string, std::vector<DimRange>>& shapes) {
  std::optional<bool> value;
  // What cannot be told is not known; the conversion itself says what is wrong.
  static_cast<void>(guarded("E10041", path.string(), [&] {
    ov::frontend::FrontEndManager manager;
    const auto front_end = make_front_end(manager, kOnnx, opset);
    const auto model = front_end->convert(load_file(*front_end, path, bytes));
    std::map<ov::Output<ov::Node>, ov::PartialShape> wanted;
    for (const ov::Output<ov::Node>& input : model->inputs())
      for (const auto& [name, dims] : shapes)
        if (input.get_names().contains(name)) wanted[input] = shape_with(dims);
    model->reshape(wanted);
    ov::pass::ConstantFolding().run_on_model(model);
    const auto constant = ov::as_type_ptr<ov::op::v0::Constant>(
        model->get_results().at(0)->input_value(0).get_node_shared_ptr());
    if (constant && ov::shape_size(constant->get_shape()) == 1) value = constant->cast_vector<bool>().at(0);
  }));
  return value;
}

Result<ImportedNetwork> ImportedNetwork::read(const std::filesystem::path& path, int64_t opset,
                                              const NodeNames& node_names, const std::string& changed) {
  auto impl = std::make_unique<Impl>();
  const Status status = guarded("E10041", path.string(), [&] {
    ov::frontend::FrontEndManager manager;
    const auto front_end = make_front_end(manager, kOnnx, opset);
    impl->model = front_end->convert(load_file(*front_end, path, changed));
    onnx::correct_infinite_extremes(*impl->model);
    impl->index_tensors();
  });
  if (!status.is_ok()) {
    CAIRN_RETURN_IF_ERROR(check_operators(path, false, opset, node_names, changed, status));
    return status;
  }
  return ImportedNetwork(std::move(impl));
}

Result<ImportedNetwork> ImportedNetwork::build(const ops::OperatorGraph& graph) {
  auto impl = std::make_unique<Impl>();
  Status wrong;
  CAIRN_RETURN_IF_ERROR(guarded("E10042", "", [&] {
    const ops::GraphBuild built = ops::build_graph(graph);
    wrong = problem_report(built.problems);
    impl->model = built.model;
    if (wrong.is_ok()) impl->index_tensors();
  }));
  CAIRN_RETURN_IF_ERROR(wrong);
  return ImportedNetwork(std::move(impl));
}

Result<ImportedNetwork> ImportedNetwork::read_tensorflow(const std::filesystem::path& path,
                                                         const std::vector<std::string>& outputs,
                                                         const NodeNames& node_names) {
  auto impl = std::make_unique<Impl>();
  const Status status = guarded("E10041", path.string(), [&] {
    ov::frontend::FrontEndManager manager;
    const auto front_end = make_front_end(manager, kTensorFlow, 0);
    const auto input_model = front_end->load(path.string(), kMapFiles);
    // Chosen before the conversion, which moves transpositions about and loses tensors inside.
    std::vector<ov::frontend::Place::Ptr> places;
    for (const std::string& name : outputs)
      if (auto place = input_model->get_place_by_tensor_name(name)) places.push_back(std::move(place));
    input_model->override_all_outputs(places);
    impl->model = front_end->convert(input_model);
    for (const auto& parameter : impl->model->get_parameters())
      for (const std::string& name : parameter->output(0).get_names())
        if (name.ends_with(":0")) parameter->output(0).add_names({name.substr(0, name.size() - 2)});
    impl->index_tensors();
  });
  if (!status.is_ok()) {
    CAIRN_RETURN_IF_ERROR(check_operators(path, true, 0, node_names, {}, status));
    return status;
  }
  return ImportedNetwork(std::move(impl));
}

ov::ParameterVector ImportedNetwork::Impl::find_inputs(const std::vector<NetworkTensor>& wanted) const {
  ov::ParameterVector found(wanted.size());
  ov::ParameterVector others = model->get_parameters();
  for (size_t i = 0; i < wanted.size(); ++i) {
    const auto named = tensors.find(wanted[i].name);
    if (named == tensors.end()) continue;
    found[i] = ov::as_type_ptr<ov::op::v0::Parameter>(named->second.get_node_shared_ptr());
    std::erase(others, found[i]);
  }
  for (size_t i = 0; i < wanted.size(); ++i) {
    if (found[i]) continue;
    const ov::element::Type type = element_type_of(wanted[i].data_type);
    const ov::PartialShape shape(std::vector<ov::Dimension>(wanted[i].dims.begin(), wanted[i].dims.end()));
    // An input that is an output as well has the name of that, and its place among the inputs.
    const auto renamed = std::ranges::find_if(others, [&](const auto& other) {
      return other->get_element_type() == type && other->get_partial_shape().compatible(shape);
    });
    if (renamed != others.end()) {
      found[i] = *renamed;
      others.erase(renamed);
    } else if (type.is_static()) {
      found[i] = std::make_shared<ov::op::v0::Parameter>(type, shape);  // Nothing needs it.
      found[i]->set_friendly_name(wanted[i].name);
    }
    if (found[i]) found[i]->output(0).add_names({wanted[i].name});
  }
  return found;
}

Status ImportedNetwork::select(const std::vector<NetworkTensor>& inputs,
                               const std::vector<std::string>& outputs) {
  Status missing;
  const Status done = guarded("E10042", "", [&] {
    const ov::ParameterVector parameters = impl_->find_inputs(inputs);
    for (size_t i = 0; i < inputs.size(); ++i)
      if (!parameters[i])
        missing = compile_error("E10016", {inputs[i].name, "--model", "The engine does not know its type."});
    ov::ResultVector results;
    for (const std::string& name : outputs) {
      const auto found = impl_->tensors.find(name);
      if (found == impl_->tensors.end()) {
        missing =
            compile_error("E10016", {name, "--out_nodes", "The tensor does not exist after conversion."});
        continue;
      }
      results.push_back(std::make_shared<ov::op::v0::Result>(copy_of_input(found->second)));
      results.back()->set_friendly_name(name + "/result");
    }
    if (missing.is_ok()) impl_->rebuild(results, parameters);
  });
  CAIRN_RETURN_IF_ERROR(missing);
  CAIRN_RETURN_IF_ERROR(done);
  impl_->input_names.clear();
  for (const NetworkTensor& input : inputs)
    impl_->input_names.push_back(input.name);
  impl_->output_names = outputs;
  return {};
}

Status ImportedNetwork::reshape(const std::map<std::string, std::vector<DimRange>>& shapes) {
  if (shapes.empty()) return {};
  return guarded("E19014", "", [&] {
    std::map<std::string, ov::PartialShape> wanted;
    for (const auto& [name, dims] : shapes)
      wanted[name] = shape_with(dims);
    impl_->model->reshape(wanted);
    impl_->index_tensors();
  });
}

Result<NetworkSizes> ImportedNetwork::sizes_with(const std::vector<std::vector<int64_t>>& inputs) const {
  NetworkSizes sizes;
  CAIRN_RETURN_IF_ERROR(guarded("E19014", "", [&] {
    const std::shared_ptr<ov::Model> model = impl_->model->clone();
    std::map<ov::Output<ov::Node>, ov::PartialShape> wanted;
    for (size_t i = 0; i < inputs.size(); ++i)
      wanted[model->input(i)] =
          ov::PartialShape(std::vector<ov::Dimension>(inputs[i].begin(), inputs[i].end()));
    model->reshape(wanted);
    for (const ov::Output<ov::Node>& output : model->outputs())
      sizes.output_dims.push_back(dims_of(output.get_partial_shape()));
    sizes.work_bytes = cairn::work_bytes(*model);
  }));
  return sizes;
}

Status ImportedNetwork::convert_input(size_t index, aclDataType type) {
  return guarded("E10042", "", [&] {
    ov::ParameterVector parameters = impl_->model->get_parameters();
    const auto old = parameters[index];
    const auto consumers = old->output(0).get_target_inputs();
    auto fresh = std::make_shared<ov::op::v0::Parameter>(element_type_of(type), old->get_partial_shape());
    fresh->set_friendly_name(old->get_friendly_name());
    fresh->output(0).set_names(old->output(0).get_names());
    old->output(0).set_names({});
    const auto convert =
        make_convert(fresh, acl_type_of(old->get_element_type()), old->get_friendly_name() + "/cast");
    for (ov::Input<ov::Node> consumer : consumers)
      consumer.replace_source_output(convert->output(0));
    parameters[index] = fresh;
    impl_->rebuild(impl_->model->get_results(), parameters);
  });
}

Status ImportedNetwork::convert_output(size_t index, aclDataType type) {
  return guarded("E10042", "", [&] {
    ov::ResultVector results = impl_->model->get_results();
    const ov::Output<ov::Node> source = results[index]->input_value(0);
    const auto convert = make_convert(source, type, impl_->output_names[index] + "/cast");
    results[index] = std::make_shared<ov::op::v0::Result>(convert);
    results[index]->set_friendly_name(impl_->output_names[index] + "/result");
    impl_->rebuild(results, impl_->model->get_parameters());
  });
}

namespace {

constexpr size_t kCube = 16;  // C0: channels that lie together.

/// [N, C, H, W], all known.
ov::Shape image_shape(const ov::PartialShape& shape) {
  if (shape.is_dynamic() || shape.size() != 4)
    throw std::runtime_error("only a tensor of four known dims can have the layout NC1HWC0");
  return shape.to_shape();
}

size_t cubes(size_t channels) {
  return (channels + kCube - 1) / kCube;
}

ov::Output<ov::Node> reordered(const ov::Output<ov::Node>& value, const std::vector<int64_t>& order) {
  const auto list = ov::op::v0::Constant::create(ov::element::i64, {order.size()}, order);
  return std::make_shared<ov::op::v1::Transpose>(value, list)->output(0);
}

ov::Output<ov::Node> reshaped(const ov::Output<ov::Node>& value, const ov::Shape& shape) {
  const auto dims = ov::op::v0::Constant::create(ov::element::i64, {shape.size()}, shape);
  return std::make_shared<ov::op::v1::Reshape>(value, dims, false)->output(0);
}

}  // namespace

Status ImportedNetwork::pack_input(size_t index) {
  return guarded("E10042", "", [&] {
    ov::ParameterVector parameters = impl_->model->get_parameters();
    const auto old = parameters[index];
    const ov::Shape image = image_shape(old->get_partial_shape());
    const auto consumers = old->output(0).get_target_inputs();
    const size_t blocks = cubes(image[1]);
    auto fresh = std::make_shared<ov::op::v0::Parameter>(
        ov::element::f16, ov::Shape{image[0], blocks, image[2], image[3], kCube});
    fresh->set_friendly_name(old->get_friendly_name());
    fresh->output(0).set_names(old->output(0).get_names());
    old->output(0).set_names({});
    const auto whole =
        reshaped(reordered(fresh, {0, 1, 4, 2, 3}), {image[0], blocks * kCube, image[2], image[3]});
    const auto numbers = [](int64_t value) {
      return ov::op::v0::Constant::create(ov::element::i64, {1}, {value});
    };
    const auto channels = std::make_shared<ov::op::v8::Slice>(
        whole, numbers(0), numbers(static_cast<int64_t>(image[1])), numbers(1), numbers(1));
    const auto convert =
        make_convert(channels, acl_type_of(old->get_element_type()), old->get_friendly_name() + "/cast");
    for (ov::Input<ov::Node> consumer : consumers)
      consumer.replace_source_output(convert->output(0));
    parameters[index] = fresh;
    impl_->rebuild(impl_->model->get_results(), parameters);
  });
}

Status ImportedNetwork::pack_output(size_t index) {
  return guarded("E10042", "", [&] {
    ov::ResultVector results = impl_->model->get_results();
    const ov::Output<ov::Node> source = results[index]->input_value(0);
    const ov::Shape image = image_shape(source.get_partial_shape());
    const size_t blocks = cubes(image[1]);
    const auto half = make_convert(source, ACL_FLOAT16, impl_->output_names[index] + "/cast");
    const auto before = ov::op::v0::Constant::create(ov::element::i64, {4}, {0, 0, 0, 0});
    const auto after = ov::op::v0::Constant::create(
        ov::element::i64, {4},
        std::vector<int64_t>{0, static_cast<int64_t>(blocks * kCube - image[1]), 0, 0});
    const auto zero = ov::op::v0::Constant::create(ov::element::f16, {}, {0});
    const auto padded =
        std::make_shared<ov::op::v1::Pad>(half, before, after, zero, ov::op::PadMode::CONSTANT);
    const auto packed =
        reordered(reshaped(padded, {image[0], blocks, kCube, image[2], image[3]}), {0, 1, 3, 4, 2});
    results[index] = std::make_shared<ov::op::v0::Result>(packed);
    results[index]->set_friendly_name(impl_->output_names[index] + "/result");
    impl_->rebuild(results, impl_->model->get_parameters());
  });
}

std::vector<NetworkTensor> ImportedNetwork::inputs() const {
  std::vector<NetworkTensor> tensors;
  const std::shared_ptr<const ov::Model> model = impl_->model;
  for (size_t i = 0; i < impl_->input_names.size(); ++i) {
    tensors.push_back(describe(model->input(i)));
    tensors.back().name = impl_->input_names[i];
  }
  return tensors;
}

std::vector<NetworkTensor> ImportedNetwork::outputs() const {
  std::vector<NetworkTensor> tensors;
  const std::shared_ptr<const ov::Model> model = impl_->model;
  for (size_t i = 0; i < impl_->output_names.size(); ++i) {
    tensors.push_back(describe(model->output(i)));
    tensors.back().name = impl_->output_names[i];
  }
  return tensors;
}

std::optional<NetworkTensor> ImportedNetwork::tensor(std::string_view name) const {
  const auto found = impl_->tensors.find(std::string(name));
  if (found == impl_->tensors.end()) return std::nullopt;
  NetworkTensor tensor =
      describe(ov::Output<const ov::Node>(found->second.get_node(), found->second.get_index()));
  tensor.name = name;
  return tensor;
}

uint64_t ImportedNetwork::work_bytes() const {
  return cairn::work_bytes(*impl_->model);
}

NarrowedLayers ImportedNetwork::narrowed_layers(const NodeNames& node_names) const {
  NarrowedLayers layers;
  // What is missing is a warning.
  static_cast<void>(guarded("E10042", "", [&] {
    const NarrowedNumbers found = find_narrowed_numbers(*impl_->model);
    const auto layer_of = [&](const ov::Node& node) {
      for (const auto& output : node.outputs())
        for (const std::string& tensor : output.get_names())
          if (const auto known = node_names.find(tensor); known != node_names.end()) return known->second;
      return node.get_friendly_name();
    };
    for (const std::shared_ptr<ov::Node>& node : found.doubles)
      if (std::string name = layer_of(*node); std::ranges::find(layers.doubles, name) == layers.doubles.end())
        layers.doubles.push_back(std::move(name));
    for (const auto& [node, number] : found.constants)
      layers.constants.push_back({node->get_friendly_name(), number});
  }));
  return layers;
}

Result<NetworkIr> ImportedNetwork::write_ir() const {
  NetworkIr ir;
  OmChecksum checksum;
  uint64_t size = 0;
  CAIRN_RETURN_IF_ERROR(guarded("E10042", "", [&] {
    std::ostringstream xml;
    FunctionBuffer measure([&](std::span<const std::byte> bytes) {
      checksum.add(bytes);
      size += bytes.size();
      return true;
    });
    std::ostream weights(&measure);
    ov::pass::Serialize(xml, weights).run_on_model(impl_->model);
    ir.xml = std::move(xml).str();
  }));
  ir.weights.bytes = size;
  ir.weights.checksum = checksum.value();
  ir.constants = find_ir_constants(ir.xml);
  ir.weights.write = [model = impl_->model](const OmSink& sink) -> Status {
    Status status;
    CAIRN_RETURN_IF_ERROR(guarded("E10042", "", [&] {
      std::ostringstream xml;
      FunctionBuffer hand_on([&](std::span<const std::byte> bytes) {
        if (status.is_ok()) status = sink(bytes);
        return status.is_ok();
      });
      std::ostream weights(&hand_on);
      ov::pass::Serialize(xml, weights).run_on_model(model);
    }));
    return status;
  };
  return ir;
}

}  // namespace cairn
