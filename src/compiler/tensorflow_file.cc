#include "compiler/tensorflow_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <unordered_map>
#include <unordered_set>

#include "compiler/compile_error.h"
#include "compiler/wire_message.h"

namespace cairn {
namespace {

using wire::Field;
using wire::Message;

constexpr size_t kMostNodes = 1'000'000;
constexpr size_t kMostValues = 8'000'000;  // Inputs and attributes of all nodes.
constexpr size_t kMostDims = 254;          // TensorFlow's own limit.
// A constant may be written as one value and a shape: this bounds what it grows to.
constexpr uint64_t kMostElements = uint64_t{1} << 28;
constexpr int64_t kMostOutputs = 65536;

/// TensorFlow's DataType -> TensorProto.DataType of ONNX and bytes of an element.
struct TypeEntry {
  int32_t tensorflow;
  int32_t onnx;
  size_t bytes;
};
constexpr std::array kTypes = std::to_array<TypeEntry>({
    {1, 1, 4},
    {2, 11, 8},
    {3, 6, 4},
    {4, 2, 1},
    {5, 5, 2},
    {6, 3, 1},
    {8, 14, 8},
    {9, 7, 8},
    {10, 9, 1},
    {14, 16, 2},
    {17, 4, 2},
    {18, 15, 16},
    {19, 10, 2},
    {22, 12, 4},
    {23, 13, 8},
});

const TypeEntry* find_type(int64_t type) {
  const auto found = std::ranges::find(kTypes, type, &TypeEntry::tensorflow);
  return found == kTypes.end() ? nullptr : &*found;
}

/// An attribute as it stands in the file.
struct RawAttribute {
  std::string_view name;
  std::string_view value;  ///< An AttrValue.
};

struct RawNode {
  std::string_view name;
  std::string_view type;
  std::vector<std::string_view> inputs;  ///< As written: "node", "node:1", "^node".
  std::vector<RawAttribute> attributes;
};

class TensorFlowReader {
 public:
  explicit TensorFlowReader(const std::filesystem::path& path) : path_(path) {}

  Result<TensorFlowGraph> read(std::string_view file) {
    CAIRN_RETURN_IF_ERROR(each(file, "the graph", [&](const Field& field) -> Status {
      return field.number == 1 && field.is_bytes() ? read_node(field.bytes) : Status();
    }));
    if (raw_.empty())
      return refused("it has no nodes; give a frozen graph (.pb), not a SavedModel or a checkpoint");
    CAIRN_RETURN_IF_ERROR(find_references());
    for (const RawNode& node : raw_)
      CAIRN_RETURN_IF_ERROR(add_node(node));
    add_outputs();
    if (graph_.model.outputs.empty()) return refused("it has no outputs");
    return std::move(graph_);
  }

 private:
  struct Place {
    std::string_view node;
    int64_t index = 0;
    bool is_control = false;
  };

  Status refused(std::string_view what) const { return compile_error("E10041", {path_.string(), what}); }
  Status damaged(std::string_view what) const {
    return refused(fmt::format("{} is damaged or cut off", what));
  }

  template <class Visit>
  Status each(std::string_view bytes, std::string_view what, Visit&& visit) {
    return visit_fields(bytes, std::forward<Visit>(visit), [&] { return damaged(what); });
  }

  std::string_view keep(std::string text) {
    graph_.names.push_back(std::make_unique<std::string>(std::move(text)));
    return *graph_.names.back();
  }

  Status count_value() {
    return ++values_ > kMostValues
               ? refused(fmt::format("it has more than {} inputs and attributes", kMostValues))
               : Status();
  }

  Status read_node(std::string_view bytes) {
    if (raw_.size() == kMostNodes) return refused(fmt::format("it has more than {} nodes", kMostNodes));
    RawNode node;
    CAIRN_RETURN_IF_ERROR(each(bytes, "a node", [&](const Field& field) -> Status {
      if (!field.is_bytes()) return {};
      switch (field.number) {
        case 1:
          node.name = field.bytes;
          return {};
        case 2:
          node.type = field.bytes;
          return {};
        case 3:
          node.inputs.push_back(field.bytes);
          return count_value();
        case 5: {
          RawAttribute attribute;
          CAIRN_RETURN_IF_ERROR(each(field.bytes, "an attribute", [&](const Field& entry) -> Status {
            if (entry.number == 1) attribute.name = entry.bytes;
            if (entry.number == 2) attribute.value = entry.bytes;
            return {};
          }));
          node.attributes.push_back(attribute);
          return count_value();
        }
        default:
          return {};
      }
    }));
    if (node.name.empty() || node.type.empty()) return refused("a node has no name or no operator");
    raw_.push_back(std::move(node));
    return {};
  }

  static Place place_of(std::string_view text) {
    Place place{text, 0, text.starts_with('^')};
    if (place.is_control) place.node.remove_prefix(1);
    const size_t colon = place.node.rfind(':');
    if (colon == std::string_view::npos) return place;
    const std::string_view number = place.node.substr(colon + 1);
    const auto [end, failure] = std::from_chars(number.data(), number.data() + number.size(), place.index);
    if (failure != std::errc() || end != number.data() + number.size() || number.empty()) place.index = -1;
    place.node = place.node.substr(0, colon);
    return place;
  }

  /// Counts the outputs of each node that others take.
  Status find_references() {
    for (const RawNode& node : raw_)
      if (!outputs_.emplace(node.name, 0).second) return compile_error("E19009", {node.name});
    for (const RawNode& node : raw_)
      for (const std::string_view input : node.inputs) {
        const Place place = place_of(input);
        const auto found = outputs_.find(place.node);
        if (found == outputs_.end()) return compile_error("E16001", {input, "node", node.name});
        if (place.index < 0 || place.index >= kMostOutputs)
          return refused(fmt::format("node {} takes the impossible output {}", node.name, input));
        if (place.is_control) continue;
        found->second = std::max(found->second, place.index + 1);
      }
    return {};
  }

  Status add_node(const RawNode& raw) {
    if (raw.type == "Placeholder") return add_input(raw);
    OnnxNode node;
    node.name = raw.name;
    node.type = raw.type;
    node.domain = kTensorFlowDomain;
    for (const std::string_view input : raw.inputs) {
      const Place place = place_of(input);
      if (place.is_control) continue;
      const bool is_input = inputs_.contains(place.node);
      node.inputs.push_back(is_input ? place.node : keep(fmt::format("{}:{}", place.node, place.index)));
    }
    for (const RawAttribute& attribute : raw.attributes)
      CAIRN_RETURN_IF_ERROR(add_attribute(attribute, node));
    if (raw.type == "Const" && node.tensor) {
      node.tensor->name = keep(fmt::format("{}:0", raw.name));
      graph_.model.initializers.push_back(std::move(*node.tensor));
      return {};
    }
    const int64_t count = std::max<int64_t>(outputs_[raw.name], raw.type == "NoOp" ? 0 : 1);
    for (int64_t i = 0; i < count; ++i)
      node.outputs.push_back(keep(fmt::format("{}:{}", raw.name, i)));
    if (!node.outputs.empty()) graph_.model.nodes.push_back(std::move(node));
    return {};
  }

  Status add_input(const RawNode& raw) {
    OnnxValue value;
    value.name = raw.name;
    for (const RawAttribute& attribute : raw.attributes)
      CAIRN_RETURN_IF_ERROR(each(attribute.value, "an attribute", [&](const Field& field) -> Status {
        if (attribute.name == "dtype" && field.number == 6) {
          const TypeEntry* type = find_type(field.signed_integer());
          if (!type)
            return refused(fmt::format("input {} has the type {}, which tensors cannot have here", raw.name,
                                       field.signed_integer()));
          value.data_type = type->onnx;
        }
        if (attribute.name != "shape" || field.number != 7) return {};
        return read_shape(field.bytes, value.dims, value.has_shape);
      }));
    inputs_.insert(raw.name);
    graph_.model.inputs.push_back(std::move(value));
    return {};
  }

  Status read_shape(std::string_view bytes, std::vector<int64_t>& dims, bool& is_known) {
    is_known = true;
    return each(bytes, "a shape", [&](const Field& field) -> Status {
      if (field.number == 3 && field.integer != 0) is_known = false;
      if (field.number != 2) return {};
      int64_t dim = 0;
      CAIRN_RETURN_IF_ERROR(each(field.bytes, "a dim", [&](const Field& part) -> Status {
        if (part.number == 1) dim = part.signed_integer();
        return {};
      }));
      if (dims.size() == kMostDims) return refused("a shape has too many dims");
      dims.push_back(dim >= 0 ? dim : -1);
      return {};
    });
  }

  Status add_attribute(const RawAttribute& raw, OnnxNode& node) {
    OnnxAttribute attribute;
    attribute.name = raw.name;
    CAIRN_RETURN_IF_ERROR(each(raw.value, "an attribute", [&](const Field& field) -> Status {
      switch (field.number) {
        case 1:
          return read_list(field.bytes, attribute);
        case 2:
          attribute.value = field.bytes;
          return {};
        case 3:
        case 5:
        case 6:
          attribute.value = field.signed_integer();
          return {};
        case 4:
          attribute.value = field.real();
          return {};
        case 8: {
          CAIRN_ASSIGN(node.tensor, read_tensor(field.bytes, node.name));
          return {};
        }
        default:
          return {};
      }
    }));
    // Internal ones begin with an underline, and say nothing about the layer.
    if (!raw.name.starts_with('_')) node.attributes.push_back(std::move(attribute));
    return {};
  }

  Status read_list(std::string_view bytes, OnnxAttribute& attribute) {
    std::vector<int64_t> integers;
    std::vector<std::string_view> texts;
    CAIRN_RETURN_IF_ERROR(each(bytes, "a list", [&](const Field& field) -> Status {
      if (field.number == 2) texts.push_back(field.bytes);
      if (field.number == 3 && !wire::read_numbers(field, integers)) return damaged("a list of numbers");
      return {};
    }));
    if (!integers.empty()) attribute.value = std::move(integers);
    if (!texts.empty()) attribute.value = std::move(texts);
    return {};
  }

  Result<OnnxTensor> read_tensor(std::string_view bytes, std::string_view node) {
    OnnxTensor tensor;
    int64_t type = 0;
    bool is_known = true;
    CAIRN_RETURN_IF_ERROR(each(bytes, "a tensor", [&](const Field& field) -> Status {
      if (field.number == 1) type = field.signed_integer();
      if (field.number == 4) tensor.data = field.bytes;
      return field.number == 2 ? read_shape(field.bytes, tensor.dims, is_known) : Status();
    }));
    const TypeEntry* const entry = find_type(type);
    if (entry) tensor.data_type = entry->onnx;
    uint64_t elements = 1;
    for (const int64_t dim : tensor.dims)
      if (dim < 0 || __builtin_mul_overflow(elements, static_cast<uint64_t>(dim), &elements))
        return refused(fmt::format("the tensor of node {} has an impossible shape", node));
    // Texts and other types without a size are left to the engine, which refuses them where they matter.
    if (entry && !tensor.data.empty() &&
        (elements > tensor.data.size() || elements * entry->bytes != tensor.data.size()))
      return refused(fmt::format("the tensor of node {} holds {} bytes, its shape needs {} elements of {}",
                                 node, tensor.data.size(), elements, entry->bytes));
    if (tensor.data.empty() && elements > kMostElements)
      return refused(fmt::format("the tensor of node {} has {} elements and no data", node, elements));
    return tensor;
  }

  /// The first output of every node that nobody takes anything from.
  void add_outputs() {
    for (const OnnxNode& node : graph_.model.nodes)
      if (outputs_[node.name] == 0 && node.type != "Assert" && node.type != "Print")
        graph_.model.outputs.push_back({node.outputs[0], 0, {}, false});
  }

  const std::filesystem::path& path_;
  std::vector<RawNode> raw_;
  size_t values_ = 0;
  std::unordered_map<std::string_view, int64_t> outputs_;  ///< Node -> how many of its outputs are taken.
  std::unordered_set<std::string_view> inputs_;
  TensorFlowGraph graph_;
};

}  // namespace

Result<TensorFlowGraph> read_tensorflow(std::span<const std::byte> file, const std::filesystem::path& path) {
  constexpr size_t kMostBytes = (size_t{1} << 31) - 1;
  if (file.size() > kMostBytes)
    return compile_error("E19015",
                         {path.string(), std::to_string(file.size()), "a frozen graph holds 2 GiB at most."});
  return TensorFlowReader(path).read({reinterpret_cast<const char*>(file.data()), file.size()});
}

}  // namespace cairn
