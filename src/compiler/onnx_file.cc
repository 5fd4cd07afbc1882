#include "compiler/onnx_file.h"

#include <fmt/format.h>

#include <set>
#include <unordered_set>

#include "compiler/compile_error.h"
#include "compiler/wire_message.h"

namespace cairn {
namespace {

using wire::Field;
using wire::Message;

constexpr int kMostNesting = 32;
constexpr size_t kMostNodes = 1'000'000;
constexpr size_t kMostValues = 4'000'000;  // Initializers, inputs, outputs and attributes together.
constexpr size_t kMostDims = 128;
constexpr int32_t kTypes[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 21, 22, 23, 24};

class OnnxReader {
 public:
  explicit OnnxReader(const std::filesystem::path& path) : path_(path) {}

  Result<OnnxModel> read(std::string_view file) {
    std::string_view graph;
    bool has_graph = false;
    CAIRN_RETURN_IF_ERROR(each(file, "the model", [&](const Field& field) -> Status {
      if (field.number == 8 && field.is_bytes()) return read_opset(field.bytes);
      if (field.number != 7 || !field.is_bytes()) return {};
      if (has_graph) return refused("it has more than one graph");
      graph = field.bytes;
      has_graph = true;
      return {};
    }));
    if (!has_graph) return compile_error("E16004", {path_.string()});
    CAIRN_RETURN_IF_ERROR(read_graph(graph, 1));
    finish();
    CAIRN_RETURN_IF_ERROR(check_references());
    return std::move(model_);
  }

 private:
  Status damaged(std::string_view what) const {
    return compile_error("E10041", {path_.string(), fmt::format("{} is damaged or cut off", what)});
  }
  Status refused(std::string_view what) const { return compile_error("E10041", {path_.string(), what}); }

  template <class Visit>
  Status each(std::string_view bytes, std::string_view what, Visit&& visit) {
    return visit_fields(bytes, std::forward<Visit>(visit), [&] { return damaged(what); });
  }

  Status count_value() {
    return ++values_ > kMostValues ? refused(fmt::format("it has more than {} values", kMostValues))
                                   : Status();
  }

  Status read_opset(std::string_view bytes) {
    std::string_view domain;
    int64_t version = 0;
    CAIRN_RETURN_IF_ERROR(each(bytes, "an opset", [&](const Field& field) -> Status {
      if (field.number == 1) domain = field.bytes;
      if (field.number == 2) version = field.signed_integer();
      return {};
    }));
    if (domain.empty() || domain == "ai.onnx") model_.opset = version;
    return {};
  }

  /// Of graphs inside attributes only the nodes are kept.
  Status read_graph(std::string_view bytes, int depth) {
    if (depth > kMostNesting)
      return refused(fmt::format("its graphs are nested more than {} deep", kMostNesting));
    const bool main = depth == 1;
    return each(bytes, "the graph", [&](const Field& field) -> Status {
      if (!field.is_bytes()) return {};
      switch (field.number) {
        case 1:
          return read_node(field.bytes, depth);
        case 2:
          if (main) model_.graph_name = field.bytes;
          return {};
        case 5: {
          CAIRN_ASSIGN(OnnxTensor tensor, read_tensor(field.bytes));
          if (main) model_.initializers.push_back(std::move(tensor));
          return {};
        }
        case 11:
        case 12: {
          CAIRN_ASSIGN(OnnxValue value, read_value(field.bytes));
          if (main) (field.number == 11 ? model_.inputs : model_.outputs).push_back(std::move(value));
          return {};
        }
        default:
          return {};
      }
    });
  }

  Status read_node(std::string_view bytes, int depth) {
    if (++nodes_ > kMostNodes) return refused(fmt::format("it has more than {} nodes", kMostNodes));
    OnnxNode node;
    CAIRN_RETURN_IF_ERROR(each(bytes, "a node", [&](const Field& field) -> Status {
      if (!field.is_bytes()) return {};
      switch (field.number) {
        case 1:
          node.inputs.push_back(field.bytes);
          return count_value();
        case 2:
          node.outputs.push_back(field.bytes);
          return count_value();
        case 3:
          node.name = field.bytes;
          return {};
        case 4:
          node.type = field.bytes;
          return {};
        case 5:
          return read_attribute(field.bytes, depth, node);
        case 7:
          node.domain = field.bytes;
          return {};
        default:
          return {};
      }
    }));
    (depth == 1 ? model_.nodes : model_.inner_nodes).push_back(std::move(node));
    return {};
  }

  Status read_attribute(std::string_view bytes, int depth, OnnxNode& node) {
    CAIRN_RETURN_IF_ERROR(count_value());
    OnnxAttribute attribute;
    std::optional<OnnxTensor> tensor;
    std::vector<int64_t> integers;
    std::vector<float> reals;
    std::vector<std::string_view> texts;
    int64_t kind = 0;
    CAIRN_RETURN_IF_ERROR(each(bytes, "an attribute", [&](const Field& field) -> Status {
      switch (field.number) {
        case 1:
          attribute.name = field.bytes;
          return {};
        case 2:
          attribute.value = field.real();
          return {};
        case 3:
          attribute.value = field.signed_integer();
          return {};
        case 4:
          attribute.value = field.bytes;
          return {};
        case 5:
        case 10: {
          CAIRN_ASSIGN(tensor, read_tensor(field.bytes));
          return {};
        }
        case 6:
        case 11:
          return read_graph(field.bytes, depth + 1);
        case 7:
          return read_reals(field, reals);
        case 8:
          return read_integers(field, integers);
        case 9:
          texts.push_back(field.bytes);
          return {};
        case 20:
          kind = field.signed_integer();
          return {};
        default:
          return {};
      }
    }));
    constexpr int64_t kFloats = 6;
    constexpr int64_t kIntegers = 7;
    constexpr int64_t kTexts = 8;
    if (!integers.empty() || kind == kIntegers) attribute.value = std::move(integers);
    if (!reals.empty() || kind == kFloats) attribute.value = std::move(reals);
    if (!texts.empty() || kind == kTexts) attribute.value = std::move(texts);
    if (tensor && attribute.name == "value") node.tensor = std::move(tensor);
    node.attributes.push_back(std::move(attribute));
    return {};
  }

  Status read_integers(const Field& field, std::vector<int64_t>& numbers) {
    return wire::read_numbers(field, numbers) ? Status() : damaged("a list of numbers");
  }

  Status read_reals(const Field& field, std::vector<float>& numbers) {
    if (!field.is_bytes()) {
      numbers.push_back(field.real());
      return {};
    }
    if (field.bytes.size() % sizeof(float)) return damaged("a list of numbers");
    const size_t old = numbers.size();
    numbers.resize(old + field.bytes.size() / sizeof(float));
    field.bytes.copy(reinterpret_cast<char*>(numbers.data() + old), field.bytes.size());
    return {};
  }

  Result<OnnxTensor> read_tensor(std::string_view bytes) {
    CAIRN_RETURN_IF_ERROR(count_value());
    OnnxTensor tensor;
    bool has_raw = false;
    CAIRN_RETURN_IF_ERROR(each(bytes, "a tensor", [&](const Field& field) -> Status {
      switch (field.number) {
        case 1:
          return read_integers(field, tensor.dims);
        case 2:
          tensor.data_type = static_cast<int32_t>(field.integer);
          return {};
        case 8:
          tensor.name = field.bytes;
          return {};
        case 9:
          tensor.data = field.bytes;
          has_raw = true;
          return {};
        case 13:
          return read_external(field.bytes, tensor);
        case 14:
          tensor.external = field.integer == 1;
          return {};
        default:
          return {};
      }
    }));
    CAIRN_RETURN_IF_ERROR(check_tensor(tensor, has_raw));
    return tensor;
  }

  Status check_tensor(const OnnxTensor& tensor, bool has_raw) {
    if (std::find(std::begin(kTypes), std::end(kTypes), tensor.data_type) == std::end(kTypes))
      return refused(fmt::format("tensor {} has the unknown type {}", tensor.name, tensor.data_type));
    if (tensor.dims.size() > kMostDims)
      return refused(fmt::format("tensor {} has {} dims", tensor.name, tensor.dims.size()));
    uint64_t elements = 1;
    for (const int64_t dim : tensor.dims)
      if (dim < 0 || __builtin_mul_overflow(elements, static_cast<uint64_t>(dim), &elements))
        return refused(fmt::format("tensor {} has an impossible shape", tensor.name));
    const size_t width = onnx_type_bytes(tensor.data_type);
    if (has_raw && !tensor.external && width &&
        (elements > tensor.data.size() || elements * width != tensor.data.size()))
      return refused(fmt::format("tensor {} holds {} bytes, its shape needs {} elements of {}", tensor.name,
                                 tensor.data.size(), elements, width));
    return tensor.external ? check_external(tensor) : Status();
  }

  static size_t onnx_type_bytes(int32_t type) {
    switch (type) {
      case 2:
      case 3:
      case 9:
        return 1;
      case 4:
      case 5:
      case 10:
      case 16:
        return 2;
      case 1:
      case 6:
      case 12:
        return 4;
      case 7:
      case 11:
      case 13:
      case 14:
        return 8;
      case 15:
        return 16;
      default:
        return 0;  // Not in whole bytes, or not checked.
    }
  }

  Status read_external(std::string_view bytes, OnnxTensor& tensor) {
    std::string_view key;
    std::string_view value;
    CAIRN_RETURN_IF_ERROR(each(bytes, "external data", [&](const Field& field) -> Status {
      if (field.number == 1) key = field.bytes;
      if (field.number == 2) value = field.bytes;
      return {};
    }));
    if (key == "location") tensor.external_path = value;
    return {};
  }

  /// The file must be there, in the model's folder or below it, also behind links.
  Status check_external(const OnnxTensor& tensor) {
    if (!external_seen_.insert(tensor.external_path).second) return {};
    if (tensor.external_path.find('\0') != std::string_view::npos || tensor.external_path.empty())
      return refused(fmt::format("tensor {} names no file for its external data", tensor.name));
    std::error_code failure;
    const auto folder =
        std::filesystem::canonical(path_.has_parent_path() ? path_.parent_path() : ".", failure);
    if (failure) return refused(fmt::format("its folder cannot be read: {}", failure.message()));
    const auto file = std::filesystem::weakly_canonical(folder / tensor.external_path, failure);
    const auto [end, rest] = std::mismatch(folder.begin(), folder.end(), file.begin(), file.end());
    if (failure || end != folder.end())
      return refused(fmt::format("external data {} lies outside the model's folder", tensor.external_path));
    if (!std::filesystem::is_regular_file(file, failure))
      return compile_error("E10410",
                           {file.string(), "--model", "it holds weights of the model and is missing"});
    return {};
  }

  Result<OnnxValue> read_value(std::string_view bytes) {
    CAIRN_RETURN_IF_ERROR(count_value());
    OnnxValue value;
    std::string_view tensor_type;
    CAIRN_RETURN_IF_ERROR(each(bytes, "an input or output", [&](const Field& field) -> Status {
      if (field.number == 1) value.name = field.bytes;
      if (field.number != 2) return {};
      return each(field.bytes, "a type", [&](const Field& kind) -> Status {
        if (kind.number == 1) tensor_type = kind.bytes;
        return {};
      });
    }));
    CAIRN_RETURN_IF_ERROR(each(tensor_type, "a type", [&](const Field& field) -> Status {
      if (field.number == 1) value.data_type = static_cast<int32_t>(field.integer);
      return field.number == 2 ? read_shape(field.bytes, value) : Status();
    }));
    return value;
  }

  Status read_shape(std::string_view bytes, OnnxValue& value) {
    value.has_shape = true;
    return each(bytes, "a shape", [&](const Field& field) -> Status {
      if (field.number != 1) return {};
      int64_t dim = -1;
      CAIRN_RETURN_IF_ERROR(each(field.bytes, "a dim", [&](const Field& part) -> Status {
        if (part.number == 1) dim = part.signed_integer();
        return {};
      }));
      if (value.dims.size() == kMostDims)
        return refused(fmt::format("value {} has too many dims", value.name));
      value.dims.push_back(dim >= 0 ? dim : -1);
      return {};
    });
  }

  /// Names the nodes, and drops the inputs that older files list for each initializer.
  void finish() {
    std::unordered_set<std::string> taken;
    for (const OnnxNode& node : model_.nodes)
      if (!node.name.empty()) taken.insert(node.name);
    std::unordered_set<std::string> given;
    for (size_t i = 0; i < model_.nodes.size(); ++i) {
      OnnxNode& node = model_.nodes[i];
      if (!node.name.empty() && given.insert(node.name).second) continue;
      std::string name =
          node.name.empty() ? fmt::format("{}_{}", node.type, i) : fmt::format("{}_{}", node.name, i);
      while (!taken.insert(name).second)
        name += '_';
      given.insert(name);
      node.name = std::move(name);
    }
    std::unordered_set<std::string_view> constants;
    for (const OnnxTensor& tensor : model_.initializers)
      constants.insert(tensor.name);
    std::erase_if(model_.inputs, [&](const OnnxValue& value) { return constants.contains(value.name); });
  }

  Status check_references() {
    std::unordered_set<std::string_view> known;
    for (const OnnxValue& input : model_.inputs)
      known.insert(input.name);
    for (const OnnxTensor& tensor : model_.initializers)
      known.insert(tensor.name);
    for (const OnnxNode& node : model_.nodes) {
      for (const std::string_view input : node.inputs)
        if (!input.empty() && !known.contains(input))
          return compile_error("E16001", {input, "node", node.name});
      known.insert(node.outputs.begin(), node.outputs.end());
    }
    for (const OnnxValue& output : model_.outputs)
      if (!known.contains(output.name)) return compile_error("E16001", {output.name, "output", output.name});
    if (model_.outputs.empty()) return refused("it has no outputs");
    return {};
  }

  const std::filesystem::path& path_;
  OnnxModel model_;
  size_t nodes_ = 0;
  size_t values_ = 0;
  std::set<std::string_view> external_seen_;
};

}  // namespace

Result<OnnxModel> read_onnx(std::span<const std::byte> file, const std::filesystem::path& path) {
  constexpr size_t kMostBytes = (size_t{1} << 31) - 1;
  if (file.size() > kMostBytes)
    return compile_error("E19015",
                         {path.string(), std::to_string(file.size()),
                          "an ONNX file holds 2 GiB at most, larger weights are stored beside it."});
  return OnnxReader(path).read({reinterpret_cast<const char*>(file.data()), file.size()});
}

}  // namespace cairn
