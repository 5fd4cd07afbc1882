#include "om/om_graph.h"

#include <google/protobuf/arena.h>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <google/protobuf/stubs/logging.h>

#include <algorithm>
#include <charconv>
#include <functional>
#include <new>
#include <utility>

#include "acl/acl_mdl.h"
#include "aipp/aipp_block.h"
#include "om/aipp_fields.h"
#include "om/ge_ir.pb.h"
#include "om/om_aipp.h"
#include "om/om_attributes.h"
#include "om/om_gear_graph.h"
#include "om/om_gears.h"
#include "om/om_types.h"

namespace cairn::om {
namespace {

constexpr const char* kOutputNames = "attr_model_out_nodes_name";
constexpr const char* kValue = "value";
constexpr const char* kAippMode = "_data_related_aipp_mode";
constexpr const char* kAippPartner = "_data_aipp_data_name_map";
constexpr const char* kDynamicAippDims = "_dynamic_aipp_input_dims";
constexpr const char* kShapeRange = "shape_range";  // Least and most of each dim of an input.
constexpr uint64_t kMostModelDefBytes = uint64_t{512} << 20;

// --- writing ---

void encode_tensor(const OmTensor& tensor, pb::TensorDescriptor& desc) {
  desc.set_name(tensor.name);
  desc.set_dtype(static_cast<pb::DataType>(proto_type(tensor.data_type)));
  desc.set_layout(std::string(format_name(tensor.format)));
  desc.mutable_shape()->mutable_dim()->Add(tensor.dims.begin(), tensor.dims.end());
  desc.set_size(static_cast<int64_t>(tensor.bytes));
}

/// "FORMAT:DTYPE:name:size:ndims:dims", dims separated by commas.
std::string encode_aipp_tensor(const OmTensor& tensor) {
  std::string text = fmt::format("{}:{}:{}:{}:{}:", format_name(tensor.format), type_name(tensor.data_type),
                                 tensor.name, tensor.bytes, tensor.dims.size());
  for (size_t i = 0; i < tensor.dims.size(); ++i)
    text += fmt::format("{}{}", i ? "," : "", tensor.dims[i]);
  return text;
}

void encode_aipp_tensors(const OmAipp& aipp, Attributes& attributes) {
  const std::string original = encode_aipp_tensor(aipp.original);
  set(attributes, "_aipp_inputs", std::vector{original});
  set(attributes, "_aipp_outputs", std::vector{original});
}

void encode_dynamic_aipp(const OmModel& model, const OmInput& input, Attributes& attributes) {
  pb::NamedAttrs& aipp = *attributes["aipp"].mutable_func();
  aipp.set_name("aipp");
  set(*aipp.mutable_attr(), "aipp_mode", static_cast<int64_t>(AippMode::kDynamic));
  set(*aipp.mutable_attr(), "max_src_image_size", int64_t{input.aipp->params.max_src_image_size});
  encode_aipp_tensors(*input.aipp, attributes);
  set(attributes, kAippMode, std::string_view("dynamic_aipp"));
  set(attributes, kAippPartner, model.inputs[input.aipp->parameters].name);
  set(attributes, kDynamicAippDims, input.dims);
}

/// The node that takes the parameters names the image that they are for.
void encode_aipp_parameters(const OmModel& model, size_t index, Attributes& attributes) {
  set(attributes, kAippMode, std::string_view("dynamic_aipp_conf"));
  for (const OmInput& image : model.inputs)
    if (image.aipp && image.aipp->is_dynamic() && image.aipp->parameters == index)
      set(attributes, kAippPartner, image.name);
}

void encode_aipp(const OmInput& input, Attributes& attributes) {
  pb::NamedAttrs& aipp = *attributes["aipp"].mutable_func();
  aipp.set_name("aipp");
  Attributes& fields = *aipp.mutable_attr();
  for_each_aipp_field(input.aipp->params, [&](std::string_view key, auto value) {
    const std::string name(key);
    if constexpr (std::is_same_v<decltype(value), bool> || std::is_same_v<decltype(value), float>)
      set(fields, name, value);
    else
      set(fields, name, static_cast<int64_t>(value));
  });
  encode_aipp_tensors(*input.aipp, attributes);
  set(attributes, kAippMode, std::string_view("static_aipp"));
  set(attributes, "input_dims", input.dims_v2);
}

void encode_constant(const OmNode& node, Attributes& attributes) {
  pb::TensorDef& value = *attributes[kValue].mutable_t();
  if (!node.output_tensors.empty()) encode_tensor(node.output_tensors[0], *value.mutable_desc());
  value.mutable_desc()->set_weight_size(static_cast<int64_t>(node.weight_bytes));
  if (node.weight_offset)
    value.mutable_desc()->set_data_offset(static_cast<int64_t>(*node.weight_offset));
  else
    value.set_data(node.inline_data);
}

void encode_node(const OmNode& node, int64_t id, pb::OpDef& op) {
  op.set_name(node.name);
  op.set_type(node.type);
  op.set_id(id);
  op.set_has_out_attr(true);
  for (const OmSource& source : node.inputs) {
    op.add_input(source.node.empty() ? "" : fmt::format("{}:{}", source.node, source.output));
    if (node.type == "NetOutput") {
      op.add_src_name(source.node);
      op.add_src_index(source.output);
    }
  }
  for (const OmTensor& tensor : node.input_tensors)
    encode_tensor(tensor, *op.add_input_desc());
  for (const OmTensor& tensor : node.output_tensors)
    encode_tensor(tensor, *op.add_output_desc());
  Attributes& attributes = *op.mutable_attr();
  for (const OmAttribute& attribute : node.attributes)
    std::visit([&](const auto& value) { set(attributes, attribute.name, value); }, attribute.value);
  if (!node.original_names.empty()) set(attributes, kOriginalNames, node.original_names);
  if (node.type == "Const") encode_constant(node, attributes);
}

void encode_model_attributes(const OmModel& model, Attributes& attributes) {
  set(attributes, "soc_version", std::string_view(model.soc_version));
  set(attributes, "atc_version", std::string_view(model.atc_version));
  set(attributes, "atc_cmdline", std::string_view(model.atc_cmdline));
  set(attributes, "framework_type", model.framework);
  set(attributes, "memory_size", static_cast<int64_t>(model.memory_size));
  set(attributes, "weight_size", static_cast<int64_t>(model.weight_size));
  set(attributes, "stream_num", int64_t{1});
  set(attributes, "event_num", int64_t{0});
  std::vector<std::string> names;
  for (const OmTensor& output : model.outputs)
    names.push_back(output.name);
  set(attributes, kOutputNames, names);
}

// --- reading ---

// A message of a few bytes becomes an object of hundreds: the arena stops a file that would use this up.
thread_local size_t arena_budget = 0;

void* allocate_block(size_t bytes) {
  if (bytes > arena_budget) throw std::bad_alloc();
  arena_budget -= bytes;
  return ::operator new(bytes);
}

void free_block(void* block, size_t) {
  ::operator delete(block);
}

bool parse(std::span<const std::byte> bytes, pb::ModelDef& model) {
  const google::protobuf::LogSilencer silence;  // Our status says it all.
  google::protobuf::io::ArrayInputStream array(bytes.data(), static_cast<int>(bytes.size()));
  google::protobuf::io::CodedInputStream stream(&array);
  stream.SetRecursionLimit(64);
  stream.SetTotalBytesLimit(static_cast<int>(bytes.size()));
  return model.ParseFromCodedStream(&stream) && stream.ConsumedEntireMessage();
}

OmTensor decode_tensor(const pb::TensorDescriptor& desc) {
  OmTensor tensor;
  tensor.name = desc.name();
  tensor.data_type = acl_type(desc.dtype());
  tensor.format = format_of_name(desc.layout());
  tensor.dims.assign(desc.shape().dim().begin(), desc.shape().dim().end());
  tensor.bytes = desc.size() > 0 ? static_cast<size_t>(desc.size()) : 0;
  return tensor;
}

OmSource decode_source(const std::string& text) {
  const size_t colon = text.rfind(':');
  if (colon == std::string::npos) return {text, 0};
  OmSource source{text.substr(0, colon), 0};
  std::from_chars(text.data() + colon + 1, text.data() + text.size(), source.output);
  return source;
}

std::optional<OmAttributeValue> decode_attribute(const pb::AttrDef& attribute) {
  switch (attribute.value_case()) {
    case pb::AttrDef::kS:
      return attribute.s();
    case pb::AttrDef::kI:
      return attribute.i();
    case pb::AttrDef::kF:
      return attribute.f();
    case pb::AttrDef::kB:
      return attribute.b();
    case pb::AttrDef::kList: {
      const pb::AttrDef::ListValue& list = attribute.list();
      if (list.i_size()) return std::vector<int64_t>(list.i().begin(), list.i().end());
      if (list.f_size()) return std::vector<float>(list.f().begin(), list.f().end());
      if (list.s_size()) return texts_of(attribute);
      if (list.val_type() == pb::AttrDef::ListValue::VT_LIST_FLOAT) return std::vector<float>();
      if (list.val_type() == pb::AttrDef::ListValue::VT_LIST_STRING) return std::vector<std::string>();
      if (list.val_type() == pb::AttrDef::ListValue::VT_LIST_INT) return std::vector<int64_t>();
      return std::nullopt;
    }
    default:
      return std::nullopt;
  }
}

Status decode_constant(const pb::AttrDef& value, uint64_t weight_bytes, OmNode& node) {
  const pb::TensorDef& tensor = value.t();
  const pb::TensorDescriptor& desc = tensor.desc();
  if (node.output_tensors.empty()) node.output_tensors.push_back(decode_tensor(desc));
  node.weight_bytes = desc.weight_size() > 0 ? static_cast<uint64_t>(desc.weight_size()) : 0;
  if (!tensor.data().empty() || node.weight_bytes == 0) {
    node.inline_data = tensor.data();
    return {};
  }
  const pb::AttrDef* merged = find(desc.attr(), "merged_offset");
  const int64_t offset = merged ? merged->i() : desc.data_offset();
  if (offset < 0 || static_cast<uint64_t>(offset) > weight_bytes ||
      node.weight_bytes > weight_bytes - static_cast<uint64_t>(offset))
    return malformed(fmt::format("constant {} lies outside the weights", node.name));
  node.weight_offset = static_cast<uint64_t>(offset);
  return {};
}

Result<OmNode> decode_node(const pb::OpDef& op, uint64_t weight_bytes) {
  OmNode node;
  node.name = op.name();
  node.type = op.type();
  for (const std::string& input : op.input())
    node.inputs.push_back(decode_source(input));
  for (const pb::TensorDescriptor& desc : op.input_desc())
    node.input_tensors.push_back(decode_tensor(desc));
  for (const pb::TensorDescriptor& desc : op.output_desc())
    node.output_tensors.push_back(decode_tensor(desc));
  for (const auto& [name, attribute] : op.attr()) {
    if (name == kOriginalNames)
      node.original_names = texts_of(attribute);
    else if (auto value = decode_attribute(attribute))
      node.attributes.push_back({name, std::move(*value)});
  }
  std::sort(node.attributes.begin(), node.attributes.end(),
            [](const OmAttribute& a, const OmAttribute& b) { return a.name < b.name; });
  const pb::AttrDef* value = find(op.attr(), kValue);
  if ((op.type() == "Const" || op.type() == "Constant") && value)
    CAIRN_RETURN_IF_ERROR(decode_constant(*value, weight_bytes, node));
  return node;
}

/// The reverse of encode_aipp_tensor. The name may hold colons.
std::optional<OmTensor> decode_aipp_tensor(std::string_view text) {
  OmTensor tensor;
  const size_t first = text.find(':');
  const size_t second = first == text.npos ? text.npos : text.find(':', first + 1);
  const size_t last = text.rfind(':');
  if (second == text.npos || last <= second) return std::nullopt;
  const size_t before_count = text.rfind(':', last - 1);
  const size_t before_size =
      before_count == text.npos || before_count <= second ? text.npos : text.rfind(':', before_count - 1);
  if (before_size == text.npos || before_size < second + 1) return std::nullopt;
  tensor.format = format_of_name(text.substr(0, first));
  tensor.data_type = type_of_name(text.substr(first + 1, second - first - 1));
  tensor.name = text.substr(second + 1, before_size - second - 1);
  std::string_view rest = text.substr(before_size + 1);
  size_t count = 0;
  if (!take_number(rest, tensor.bytes) || !rest.starts_with(':')) return std::nullopt;
  rest.remove_prefix(1);
  if (!take_number(rest, count) || !rest.starts_with(':') || count > ACL_MAX_DIM_CNT) return std::nullopt;
  for (size_t i = 0; i < count; ++i) {
    rest.remove_prefix(1);
    int64_t dim = 0;
    if (!take_number(rest, dim) || (i + 1 < count && !rest.starts_with(','))) return std::nullopt;
    tensor.dims.push_back(dim);
  }
  return tensor;
}

bool decode_aipp_params(const Attributes& fields, AippParams& params) {
  bool good = true;
  for_each_aipp_field(params, [&](std::string_view key, auto& member) {
    using Member = std::remove_reference_t<decltype(member)>;
    const pb::AttrDef* field = find(fields, std::string(key));
    if (!field) return;
    if constexpr (std::is_same_v<Member, bool>) {
      member = field->b();
    } else if constexpr (std::is_same_v<Member, float>) {
      member = field->f();
    } else {
      const int64_t highest = std::is_enum_v<Member> ? 255 : INT32_MAX;
      const int64_t lowest = std::is_enum_v<Member> ? 0 : INT32_MIN;
      if (field->i() < lowest || field->i() > highest) good = false;
      member = static_cast<Member>(field->i());
    }
  });
  params.csc_given = true;
  return good;
}

Status decode_dynamic_aipp(const pb::OpDef& op, const Attributes& fields, OmInput& input, OmAipp& decoded) {
  const int64_t bytes = number_of(fields, "max_src_image_size");
  if (bytes <= 0 || bytes > UINT32_MAX)
    return malformed(fmt::format("max_src_image_size of input {} is {}", input.name, bytes));
  decoded.params.aipp_mode = AippMode::kDynamic;
  decoded.params.max_src_image_size = static_cast<uint32_t>(bytes);
  if (const pb::AttrDef* dims = find(op.attr(), kDynamicAippDims))
    input.dims.assign(dims->list().i().begin(), dims->list().i().end());
  input.dims_v2 = input.dims;
  return {};
}

Status decode_aipp(const pb::OpDef& op, OmInput& input) {
  const pb::AttrDef* aipp = find(op.attr(), "aipp");
  const pb::AttrDef* original = find(op.attr(), "_aipp_inputs");
  const std::string mode = text_of(op.attr(), kAippMode);
  if (mode == "dynamic_aipp_conf") input.role = OmInputRole::kAippParameters;
  if (!aipp || (mode != "static_aipp" && mode != "dynamic_aipp")) return {};
  OmAipp decoded;
  if (mode == "dynamic_aipp") {
    CAIRN_RETURN_IF_ERROR(decode_dynamic_aipp(op, aipp->func().attr(), input, decoded));
  } else if (!decode_aipp_params(aipp->func().attr(), decoded.params) || decoded.is_dynamic()) {
    return malformed(fmt::format("an AIPP parameter of input {} is out of range", input.name));
  }
  std::optional<OmTensor> tensor;
  if (original && original->list().s_size()) tensor = decode_aipp_tensor(original->list().s(0));
  if (!tensor) return malformed(fmt::format("_aipp_inputs of input {} cannot be read", input.name));
  decoded.original = std::move(*tensor);
  input.aipp = std::move(decoded);
  return {};
}

Result<OmInput> decode_input(const pb::OpDef& op) {
  OmInput input;
  if (op.output_desc_size() + op.input_desc_size() == 0)
    return malformed(fmt::format("input {} has no description", op.name()));
  static_cast<OmTensor&>(input) = decode_tensor(op.output_desc_size() ? op.output_desc(0) : op.input_desc(0));
  input.name = op.name();
  input.dims_v2 = input.dims;
  if (const pb::AttrDef* dims = find(op.attr(), "input_dims"))
    input.dims_v2.assign(dims->list().i().begin(), dims->list().i().end());
  CAIRN_RETURN_IF_ERROR(decode_aipp(op, input));
  if (const pb::AttrDef* ranges = find(op.attr(), kShapeRange)) {
    const auto& numbers = ranges->list().i();
    if (numbers.size() != static_cast<int>(2 * input.engine_tensor().dims.size()))
      return malformed(fmt::format("{} of input {} cannot be read", kShapeRange, input.name));
    for (int i = 0; i + 1 < numbers.size(); i += 2)
      input.ranges.push_back({numbers[i], numbers[i + 1]});
  }
  return input;
}

Status decode_inputs(const pb::GraphDef& graph, OmModel& model) {
  std::vector<std::pair<int64_t, const pb::OpDef*>> data;
  for (const pb::OpDef& op : graph.op())
    if (op.type() == "Data" || op.type() == "AippData") data.emplace_back(number_of(op.attr(), "index"), &op);
  std::stable_sort(data.begin(), data.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  for (const auto& [index, op] : data) {
    CAIRN_ASSIGN(OmInput input, decode_input(*op));
    model.inputs.push_back(std::move(input));
  }
  for (size_t i = 0; i < data.size(); ++i) {
    OmInput& image = model.inputs[i];
    if (!image.aipp || !image.aipp->is_dynamic()) continue;
    const std::string partner = text_of(data[i].second->attr(), kAippPartner);
    const auto found = std::ranges::find(model.inputs, partner, &OmTensor::name);
    image.aipp->parameters = static_cast<size_t>(found - model.inputs.begin());  // Maybe of none.
  }
  return {};
}

Status decode_outputs(const pb::GraphDef& graph, const pb::ModelDef& def, OmModel& model) {
  const auto end = std::find_if(graph.op().begin(), graph.op().end(),
                                [](const pb::OpDef& op) { return op.type() == "NetOutput"; });
  if (end == graph.op().end()) return malformed("it has no NetOutput");
  const pb::AttrDef* names = find(def.attr(), kOutputNames);
  for (int i = 0; i < end->input_desc_size(); ++i) {
    OmTensor output = decode_tensor(end->input_desc(i));
    if (names && i < names->list().s_size())
      output.name = names->list().s(i);
    else if (i < end->src_name_size() && i < end->src_index_size())
      output.name = fmt::format("output_{}_{}_{}", i, end->src_name(i), end->src_index(i));
    if (output.bytes == 0) output.bytes = tensor_bytes(output.data_type, output.dims).value_or(0);
    model.outputs.push_back(std::move(output));
  }
  return {};
}

Status check_tensor(const OmTensor& tensor, std::string_view what) {
  if (tensor.dims.size() > ACL_MAX_DIM_CNT)
    return malformed(fmt::format("{} {} has {} dims", what, tensor.name, tensor.dims.size()));
  std::vector<int64_t> dims = tensor.dims;
  if (dims == std::vector<int64_t>{-2}) dims = {-1};  // Even the number of dims is open.
  const bool is_open = std::ranges::find(dims, -1) != dims.end();
  if (is_open) std::ranges::replace(dims, -1, 0);  // No bytes then.
  const auto bytes = tensor_bytes(tensor.data_type, dims);
  if (!bytes) return malformed(fmt::format("type or shape of {} {} is invalid", what, tensor.name));
  if (*bytes != tensor.bytes)
    return malformed(
        fmt::format("{} {} has {} bytes, its shape needs {}", what, tensor.name, tensor.bytes, *bytes));
  return {};
}

/// The image that AIPP takes must be what the parameters say.
Status check_aipp(OmInput& input) {
  const OmTensor& own = input.aipp->original;
  CAIRN_RETURN_IF_ERROR(check_tensor(own, "the tensor behind AIPP of input"));
  CAIRN_ASSIGN(const AippOutput output, om_aipp_output(own));
  CAIRN_ASSIGN(input.aipp->params, resolve(input.aipp->params, output));
  const AippParams& params = input.aipp->params;
  uint64_t bytes = aipp_image_bytes(params.input_format, params.src_image_size_w, params.src_image_size_h);
  if (__builtin_mul_overflow(bytes, static_cast<uint64_t>(output.batch), &bytes))
    return malformed(fmt::format("input {} is too large", input.name));
  const AippInputDims dims = aipp_input_dims(params, output.batch);
  if (input.bytes != bytes || input.dims != dims.tensor || input.dims_v2 != dims.user)
    return malformed(fmt::format("size or shape of input {} does not fit its AIPP parameters", input.name));
  return {};
}

/// Its buffer holds any images up to the size given, and its parameters have an input of their own.
Status check_dynamic_aipp(const OmModel& model, const OmInput& input) {
  const OmAipp& aipp = *input.aipp;
  if (!model.gears) CAIRN_RETURN_IF_ERROR(check_tensor(aipp.original, "the tensor behind AIPP of input"));
  if (aipp.parameters >= model.inputs.size() ||
      model.inputs[aipp.parameters].role != OmInputRole::kAippParameters)
    return malformed(fmt::format("no input takes the AIPP parameters of input {}", input.name));
  OmInput expected = input;
  set_dynamic_aipp(expected, aipp.params, aipp.parameters);
  if (input.bytes != expected.bytes || input.dims != expected.dims || input.dims_v2 != expected.dims_v2 ||
      input.data_type != expected.data_type)
    return malformed(fmt::format("size or shape of input {} does not fit dynamic AIPP", input.name));
  const auto shares = [&](const OmInput& other) {
    return &other != &input && other.aipp && other.aipp->is_dynamic() &&
           other.aipp->parameters == aipp.parameters;
  };
  if (std::ranges::any_of(model.inputs, shares))
    return malformed(
        fmt::format("input {} holds the AIPP parameters of two inputs", model.inputs[aipp.parameters].name));
  return {};
}

/// There is room for the parameters of the largest batch.
Status check_aipp_parameters(const OmModel& model) {
  const auto is_dynamic = [](const OmInput& input) { return input.aipp && input.aipp->is_dynamic(); };
  if (std::ranges::none_of(model.inputs, is_dynamic)) return {};
  std::vector<OmShapes> gears;
  if (!has_open_shapes(model)) {
    CAIRN_ASSIGN(gears, shapes_of(model));
  }
  for (size_t i = 0; i < model.inputs.size(); ++i) {
    if (!is_dynamic(model.inputs[i])) continue;
    int64_t images = 0;
    for (const OmShapes& gear : gears)
      images = std::max(images, gear.network_inputs[i].dims[0]);
    if (gears.empty()) {
      CAIRN_ASSIGN(images, most_aipp_images(model.inputs[i]));
    }
    const OmInput& parameters = model.inputs[model.inputs[i].aipp->parameters];
    const size_t needed = aipp_block_bytes(static_cast<size_t>(images));
    if (parameters.bytes != needed)
      return malformed(fmt::format("input {} has {} bytes, the parameters of {} images need {}",
                                   parameters.name, parameters.bytes, images, needed));
  }
  return {};
}

/// Inputs of the network first; only they have AIPP.
Status check_order(const OmModel& model) {
  const auto is_extra = [](const OmInput& input) { return input.role != OmInputRole::kData; };
  if (std::ranges::any_of(model.inputs, [&](const OmInput& input) { return is_extra(input) && input.aipp; }))
    return malformed("an input that was added has AIPP");
  if (std::ranges::is_partitioned(model.inputs, std::not_fn(is_extra))) return {};
  return malformed("an input of the network stands behind those that were added");
}

/// What the file says about a model with gears is what its gears come to.
Status check_gears(const OmModel& model) {
  CAIRN_ASSIGN(const std::vector<OmShapes> gears, shapes_of(model));
  std::vector<OmInput> inputs = model.inputs;
  std::vector<OmTensor> outputs = model.outputs;
  report_largest(gears, inputs, outputs);
  for (size_t i = 0; i < inputs.size(); ++i)
    if (model.inputs[i].bytes != inputs[i].bytes)
      return malformed(fmt::format("input {} has {} bytes, its largest gear needs {}", inputs[i].name,
                                   model.inputs[i].bytes, inputs[i].bytes));
  for (size_t i = 0; i < outputs.size(); ++i)
    if (model.outputs[i].bytes != outputs[i].bytes || model.outputs[i].dims != outputs[i].dims)
      return malformed(fmt::format("output {} does not have the size of its gears", model.outputs[i].name));
  return {};
}

Status check_for_execution(OmModel& model) {
  CAIRN_RETURN_IF_ERROR(check_order(model));
  for (OmInput& input : model.inputs) {
    if (input.dims.size() > ACL_MAX_DIM_CNT || input.dims_v2.size() > ACL_MAX_DIM_CNT)
      return malformed(fmt::format("input {} has {} dims", input.name, input.dims.size()));
    if (input.aipp && input.aipp->is_dynamic()) {
      CAIRN_RETURN_IF_ERROR(check_dynamic_aipp(model, input));
      continue;
    }
    if (model.gears) continue;
    if (input.aipp) {
      CAIRN_RETURN_IF_ERROR(check_aipp(input));
      continue;
    }
    CAIRN_RETURN_IF_ERROR(check_tensor(input, "input"));
    if (input.dims_v2 != input.dims) return malformed(fmt::format("input {} has two shapes", input.name));
  }
  for (const OmTensor& output : model.outputs) {
    if (output.dims.size() > ACL_MAX_DIM_CNT)
      return malformed(fmt::format("output {} has {} dims", output.name, output.dims.size()));
    if (!model.gears) CAIRN_RETURN_IF_ERROR(check_tensor(output, "output"));
  }
  if (model.outputs.empty()) return malformed("it has no outputs");
  if (model.gears) CAIRN_RETURN_IF_ERROR(check_gears(model));
  return check_aipp_parameters(model);
}

Status decode(const pb::ModelDef& def, uint64_t weight_bytes, OmModel& model) {
  if (def.graph_size() == 0) return malformed("it has no graph");
  model.name = def.name();
  model.soc_version = text_of(def.attr(), "soc_version");
  model.atc_version = text_of(def.attr(), "atc_version");
  model.atc_cmdline = text_of(def.attr(), "atc_cmdline");
  model.framework = number_of(def.attr(), "framework_type");
  model.memory_size = static_cast<uint64_t>(std::max<int64_t>(0, number_of(def.attr(), "memory_size")));
  model.weight_size = static_cast<uint64_t>(std::max<int64_t>(0, number_of(def.attr(), "weight_size")));
  const pb::GraphDef& graph = def.graph(0);
  for (const pb::OpDef& op : graph.op()) {
    if (is_gear_node(op)) continue;
    CAIRN_ASSIGN(OmNode node, decode_node(op, weight_bytes));
    model.nodes.push_back(std::move(node));
  }
  CAIRN_RETURN_IF_ERROR(decode_inputs(graph, model));
  CAIRN_RETURN_IF_ERROR(decode_outputs(graph, def, model));
  return decode_gears(graph, model);
}

}  // namespace

Result<std::string> encode_model_def(const OmModel& model) {
  pb::ModelDef def;
  def.set_name(model.name);
  def.set_version(1);
  encode_model_attributes(model, *def.mutable_attr());
  pb::GraphDef& graph = *def.add_graph();
  graph.set_name(model.name);
  for (const OmInput& input : model.inputs)
    graph.add_input(input.name + ":0");
  for (const OmTensor& output : model.outputs)
    graph.add_output(output.name);
  for (size_t i = 0; i < model.nodes.size(); ++i)
    encode_node(model.nodes[i], static_cast<int64_t>(i), *graph.add_op());
  encode_gears(model, graph);
  for (pb::OpDef& op : *graph.mutable_op()) {
    if (op.type() != "Data" && op.type() != "AippData") continue;
    const auto input = std::find_if(model.inputs.begin(), model.inputs.end(),
                                    [&](const OmInput& candidate) { return candidate.name == op.name(); });
    if (input == model.inputs.end()) continue;
    set(*op.mutable_attr(), "index", int64_t{input - model.inputs.begin()});
    if (input->role == OmInputRole::kAippParameters)
      encode_aipp_parameters(model, static_cast<size_t>(input - model.inputs.begin()), *op.mutable_attr());
    else if (input->aipp && input->aipp->is_dynamic())
      encode_dynamic_aipp(model, *input, *op.mutable_attr());
    else if (input->aipp)
      encode_aipp(*input, *op.mutable_attr());
    if (input->ranges.empty()) continue;
    std::vector<int64_t> numbers;
    for (const DimRange& range : input->ranges)
      numbers.insert(numbers.end(), {range.least, range.most});
    set(*op.mutable_attr(), kShapeRange, numbers);
  }

  const google::protobuf::LogSilencer silence;
  std::string bytes;
  google::protobuf::io::StringOutputStream string(&bytes);
  google::protobuf::io::CodedOutputStream stream(&string);
  stream.SetSerializationDeterministic(true);
  if (def.ByteSizeLong() > kMostModelDefBytes || !def.SerializeToCodedStream(&stream))
    return error(ACL_ERROR_GE_INTERNAL_ERROR, "MDL-001", "the description of model {} is larger than 512 MiB",
                 model.name);
  stream.Trim();
  // The library writes texts that are no UTF-8, but does not read them.
  pb::ModelDef again;
  if (!parse(std::as_bytes(std::span(bytes)), again))
    return error(ACL_ERROR_GE_PARAM_INVALID, "MDL-001",
                 "a name in the model or a word of the command line is no valid UTF-8");
  return bytes;
}

Status with_model_def(std::span<const std::byte> bytes,
                      const std::function<Status(const pb::ModelDef&)>& use) {
  if (bytes.size() > kMostModelDefBytes) return malformed("it is larger than 512 MiB");
  try {
    arena_budget = 64 * bytes.size() + (size_t{1} << 20);
    google::protobuf::ArenaOptions options;
    options.block_alloc = allocate_block;
    options.block_dealloc = free_block;
    google::protobuf::Arena arena(options);
    auto& def = *google::protobuf::Arena::CreateMessage<pb::ModelDef>(&arena);
    if (!parse(bytes, def)) return malformed("it is no ge.proto.ModelDef");
    return use(def);
  } catch (const std::bad_alloc&) {
    return malformed("it needs far more memory than its size allows for");
  }
}

Status decode_model_def(std::span<const std::byte> bytes, uint64_t weight_bytes, OmUse use, OmModel& model) {
  CAIRN_RETURN_IF_ERROR(
      with_model_def(bytes, [&](const pb::ModelDef& def) { return decode(def, weight_bytes, model); }));
  return use != OmUse::kDescribe ? check_for_execution(model) : Status();
}

}  // namespace cairn::om
