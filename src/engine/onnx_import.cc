#include "engine/onnx_import.h"

#include <fmt/format.h>

#include <algorithm>
#include <openvino/frontend/manager.hpp>
#include <openvino/op/constant.hpp>
#include <openvino/op/convert.hpp>
#include <openvino/op/parameter.hpp>
#include <openvino/op/result.hpp>
#include <openvino/op/util/framework_node.hpp>
#include <openvino/openvino.hpp>
#include <openvino/pass/serialize.hpp>
#include <sstream>
#include <streambuf>
#include <unordered_map>

#include "compiler/compile_error.h"
#include "engine/engine_types.h"
#include "engine/ir_constants.h"
#include "om/om_checksum.h"
#include "ops/graph_build.h"

namespace cairn {
namespace {

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

/// Operators that the engine has no conversion for, as "type (node)".
Status check_operators(const std::filesystem::path& path,
                       const std::map<std::string, std::string, std::less<>>& node_names) {
  std::vector<std::string> found;
  Status read = guarded("E10041", path.string(), [&] {
    ov::frontend::FrontEndManager manager;
    const auto front_end = manager.load_by_framework("onnx");
    const auto model = front_end->convert_partially(front_end->load(path.string()));
    for (const auto& node : model->get_ordered_ops()) {
      const auto foreign = std::dynamic_pointer_cast<ov::op::util::FrameworkNode>(node);
      if (!foreign) continue;
      std::string name = node->get_friendly_name();
      for (const ov::Output<ov::Node>& output : node->outputs())
        for (const std::string& tensor : output.get_names())
          if (const auto known = node_names.find(tensor); known != node_names.end()) name = known->second;
      const std::string& domain = foreign->get_attrs().get_opset_name();
      found.push_back(fmt::format("{}{}{} (node {})", domain, domain.empty() ? "" : ".",
                                  foreign->get_attrs().get_type_name(), name));
    }
  });
  if (!read.is_ok() || found.empty()) return read;
  return compile_error("E16002", {std::to_string(found.size()), fmt::format("{}", fmt::join(found, ", "))});
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

struct OnnxNetwork::Impl {
  std::shared_ptr<ov::Model> model;
  std::vector<std::string> input_names;
  std::vector<std::string> output_names;
  /// ONNX tensor name -> where it is in the graph. Rebuilt when the graph changes.
  std::unordered_map<std::string, ov::Output<ov::Node>> tensors;

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

OnnxNetwork::OnnxNetwork(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
OnnxNetwork::OnnxNetwork(OnnxNetwork&&) noexcept = default;
OnnxNetwork::~OnnxNetwork() = default;

Result<OnnxNetwork> OnnxNetwork::read(const std::filesystem::path& path,
                                      const std::map<std::string, std::string, std::less<>>& node_names) {
  auto impl = std::make_unique<Impl>();
  const Status status = guarded("E10041", path.string(), [&] {
    ov::Core core;
    impl->model = core.read_model(path.string());
    impl->index_tensors();
  });
  if (!status.is_ok()) {
    CAIRN_RETURN_IF_ERROR(check_operators(path, node_names));
    return status;
  }
  return OnnxNetwork(std::move(impl));
}

Result<OnnxNetwork> OnnxNetwork::build(const ops::OperatorGraph& graph) {
  auto impl = std::make_unique<Impl>();
  Status wrong;
  CAIRN_RETURN_IF_ERROR(guarded("E10042", "", [&] {
    const ops::GraphBuild built = ops::build_graph(graph);
    wrong = problem_report(built.problems);
    impl->model = built.model;
    if (wrong.is_ok()) impl->index_tensors();
  }));
  CAIRN_RETURN_IF_ERROR(wrong);
  return OnnxNetwork(std::move(impl));
}

Status OnnxNetwork::select(const std::vector<std::string>& inputs, const std::vector<std::string>& outputs) {
  Status missing;
  const Status done = guarded("E10042", "", [&] {
    ov::ParameterVector parameters;
    for (const std::string& name : inputs) {
      const auto found = impl_->tensors.find(name);
      auto parameter =
          found == impl_->tensors.end()
              ? nullptr
              : std::dynamic_pointer_cast<ov::op::v0::Parameter>(found->second.get_node_shared_ptr());
      if (!parameter)
        missing = compile_error("E10016", {name, "--model", "The engine does not see this input."});
      parameters.push_back(parameter);
    }
    ov::ResultVector results;
    for (const std::string& name : outputs) {
      const auto found = impl_->tensors.find(name);
      if (found == impl_->tensors.end()) {
        missing =
            compile_error("E10016", {name, "--out_nodes", "The tensor does not exist after conversion."});
        continue;
      }
      results.push_back(std::make_shared<ov::op::v0::Result>(found->second));
      results.back()->set_friendly_name(name + "/result");
    }
    if (missing.is_ok()) impl_->rebuild(results, parameters);
  });
  CAIRN_RETURN_IF_ERROR(missing);
  CAIRN_RETURN_IF_ERROR(done);
  impl_->input_names = inputs;
  impl_->output_names = outputs;
  return {};
}

Status OnnxNetwork::reshape(const std::map<std::string, std::vector<DimRange>>& shapes) {
  if (shapes.empty()) return {};
  return guarded("E19014", "", [&] {
    std::map<std::string, ov::PartialShape> wanted;
    for (const auto& [name, dims] : shapes) {
      std::vector<ov::Dimension> shape;
      for (const DimRange& dim : dims)
        shape.emplace_back(dim.least, dim.most);
      wanted[name] = ov::PartialShape(shape);
    }
    impl_->model->reshape(wanted);
    impl_->index_tensors();
  });
}

Result<NetworkSizes> OnnxNetwork::sizes_with(const std::vector<std::vector<int64_t>>& inputs) const {
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

Status OnnxNetwork::convert_input(size_t index, aclDataType type) {
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

Status OnnxNetwork::convert_output(size_t index, aclDataType type) {
  return guarded("E10042", "", [&] {
    ov::ResultVector results = impl_->model->get_results();
    const ov::Output<ov::Node> source = results[index]->input_value(0);
    const auto convert = make_convert(source, type, impl_->output_names[index] + "/cast");
    results[index] = std::make_shared<ov::op::v0::Result>(convert);
    results[index]->set_friendly_name(impl_->output_names[index] + "/result");
    impl_->rebuild(results, impl_->model->get_parameters());
  });
}

std::vector<NetworkTensor> OnnxNetwork::inputs() const {
  std::vector<NetworkTensor> tensors;
  const std::shared_ptr<const ov::Model> model = impl_->model;
  for (size_t i = 0; i < impl_->input_names.size(); ++i) {
    tensors.push_back(describe(model->input(i)));
    tensors.back().name = impl_->input_names[i];
  }
  return tensors;
}

std::vector<NetworkTensor> OnnxNetwork::outputs() const {
  std::vector<NetworkTensor> tensors;
  const std::shared_ptr<const ov::Model> model = impl_->model;
  for (size_t i = 0; i < impl_->output_names.size(); ++i) {
    tensors.push_back(describe(model->output(i)));
    tensors.back().name = impl_->output_names[i];
  }
  return tensors;
}

std::optional<NetworkTensor> OnnxNetwork::tensor(std::string_view name) const {
  const auto found = impl_->tensors.find(std::string(name));
  if (found == impl_->tensors.end()) return std::nullopt;
  NetworkTensor tensor =
      describe(ov::Output<const ov::Node>(found->second.get_node(), found->second.get_index()));
  tensor.name = name;
  return tensor;
}

uint64_t OnnxNetwork::work_bytes() const {
  return cairn::work_bytes(*impl_->model);
}

Result<NetworkIr> OnnxNetwork::write_ir() const {
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
