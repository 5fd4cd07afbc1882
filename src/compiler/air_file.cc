#include "compiler/air_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <optional>
#include <unordered_map>

#include "compiler/compile_error.h"
#include "om/ge_ir.pb.h"
#include "om/om_graph.h"
#include "om/om_types.h"
#include "ops/signature.h"

namespace cairn {
namespace {

namespace pb = ge::proto;
using Attributes = google::protobuf::Map<std::string, pb::AttrDef>;

constexpr size_t kMostNodes = 1'000'000;
constexpr int kMostDims = 64;

const pb::AttrDef* find(const Attributes& attributes, const std::string& name) {
  const auto found = attributes.find(name);
  return found == attributes.end() ? nullptr : &found->second;
}

template <class Values>
auto list_of(const Values& values) {
  return std::vector<std::decay_t<decltype(*values.begin())>>(values.begin(), values.end());
}

std::optional<OmAttributeValue> convert(const pb::AttrDef::ListValue& list) {
  if (list.s_size() > 0) return std::vector<std::string>(list.s().begin(), list.s().end());
  if (list.f_size() > 0) return list_of(list.f());
  if (list.b_size() > 0) return std::vector<int64_t>(list.b().begin(), list.b().end());
  if (list.dt_size() > 0) return std::vector<int64_t>(list.dt().begin(), list.dt().end());
  return std::vector<int64_t>(list.i().begin(), list.i().end());
}

/// Lists of lists become one list; values that no operator of the table takes are left out.
std::optional<OmAttributeValue> convert(const pb::AttrDef& attribute) {
  switch (attribute.value_case()) {
    case pb::AttrDef::kS:
      return attribute.s();
    case pb::AttrDef::kI:
      return int64_t{attribute.i()};
    case pb::AttrDef::kF:
      return attribute.f();
    case pb::AttrDef::kB:
      return attribute.b();
    case pb::AttrDef::kDt:
      return int64_t{attribute.dt()};
    case pb::AttrDef::kList:
      return convert(attribute.list());
    case pb::AttrDef::kListListInt: {
      std::vector<int64_t> flat;
      for (const auto& inner : attribute.list_list_int().list_list_i())
        flat.insert(flat.end(), inner.list_i().begin(), inner.list_i().end());
      return flat;
    }
    default:
      return std::nullopt;
  }
}

class AirReader {
 public:
  AirReader(const pb::GraphDef& graph, const std::filesystem::path& path) : source_(graph), path_(path) {}

  Result<ops::OperatorGraph> read() {
    if (static_cast<size_t>(source_.op_size()) > kMostNodes)
      return refused(fmt::format("it has more than {} nodes", kMostNodes));
    for (const pb::OpDef& op : source_.op())
      if (!by_name_.emplace(op.name(), &op).second) return compile_error("E19009", {op.name()});
    CAIRN_RETURN_IF_ERROR(read_inputs());
    CAIRN_RETURN_IF_ERROR(read_nodes());
    CAIRN_RETURN_IF_ERROR(read_outputs());
    return std::move(graph_);
  }

 private:
  struct Edge {
    const pb::OpDef* producer = nullptr;  ///< Null: not connected.
    int64_t index = 0;
  };

  Status refused(std::string_view what) const { return compile_error("E10041", {path_.string(), what}); }

  static bool is_data(const pb::OpDef& op) { return op.type() == "Data"; }
  static bool is_constant(const pb::OpDef& op) { return op.type() == "Const" || op.type() == "Constant"; }

  static std::string tensor_name(const pb::OpDef& op, int64_t index) {
    return fmt::format("{}:{}", op.name(), index);
  }
  /// Inputs keep the node's name, which is how the user calls them.
  static std::string tensor_of(const Edge& edge) {
    return is_data(*edge.producer) ? edge.producer->name() : tensor_name(*edge.producer, edge.index);
  }

  /// "node:index"; -1 is an edge that only orders.
  Result<std::optional<Edge>> parse_edge(const pb::OpDef& op, const std::string& text) const {
    if (text.empty()) return std::optional(Edge());
    const size_t colon = text.rfind(':');
    Edge edge;
    if (colon != text.npos) {
      const auto [end, failure] =
          std::from_chars(text.data() + colon + 1, text.data() + text.size(), edge.index);
      if (failure != std::errc() || end != text.data() + text.size())
        return refused(fmt::format("input {} of node {} cannot be read", text, op.name()));
    }
    if (edge.index == -1) return std::optional<Edge>();
    const auto found = by_name_.find(text.substr(0, colon));
    if (found == by_name_.end() || edge.index < 0) return compile_error("E16001", {text, "node", op.name()});
    edge.producer = found->second;
    return std::optional(edge);
  }

  Result<std::vector<Edge>> edges_of(const pb::OpDef& op) const {
    std::vector<Edge> edges;
    for (const std::string& text : op.input()) {
      CAIRN_ASSIGN(const std::optional<Edge> edge, parse_edge(op, text));
      if (edge) edges.push_back(*edge);
    }
    return edges;
  }

  Status check_dims(const pb::TensorDescriptor& desc, std::string_view name) const {
    if (desc.shape().dim_size() > kMostDims)
      return refused(fmt::format("tensor {} has {} dims", name, desc.shape().dim_size()));
    return {};
  }

  Status read_inputs() {
    std::vector<std::pair<int64_t, const pb::OpDef*>> found;
    for (const pb::OpDef& op : source_.op()) {
      if (!is_data(op)) continue;
      const pb::AttrDef* index = find(op.attr(), "index");
      found.emplace_back(index ? index->i() : 0, &op);
    }
    std::ranges::stable_sort(found, {}, [](const auto& pair) { return pair.first; });
    for (const auto& [index, op] : found) {
      if (op->output_desc_size() + op->input_desc_size() == 0)
        return refused(fmt::format("input {} has no description", op->name()));
      const pb::TensorDescriptor& desc = op->output_desc_size() ? op->output_desc(0) : op->input_desc(0);
      CAIRN_RETURN_IF_ERROR(check_dims(desc, op->name()));
      ops::GraphInput input;
      input.tensor = op->name();
      input.data_type = om::acl_type(desc.dtype());
      if (!ops::TypeSet::all().contains(input.data_type))
        return refused(fmt::format("input {} has a type that is not supported", op->name()));
      input.format = om::format_of_name(desc.layout());
      for (const int64_t dim : desc.shape().dim())
        input.dims.push_back(dim < 0 ? -1 : dim);
      graph_.inputs.push_back(std::move(input));
    }
    return {};
  }

  /// Depth first without recursion: a node follows those that make its inputs.
  Status read_nodes() {
    enum class State : uint8_t { kNew, kOpen, kDone };
    std::unordered_map<const pb::OpDef*, State> states;
    for (const pb::OpDef& first : source_.op()) {
      std::vector<const pb::OpDef*> open = {&first};
      while (!open.empty()) {
        const pb::OpDef* op = open.back();
        State& state = states[op];
        if (state == State::kDone) {
          open.pop_back();
          continue;
        }
        CAIRN_ASSIGN(const std::vector<Edge> edges, edges_of(*op));
        if (state == State::kNew) {
          state = State::kOpen;
          for (const Edge& edge : edges) {
            if (!edge.producer) continue;
            const State other = states[edge.producer];
            if (other == State::kOpen)
              return refused(fmt::format("node {} is its own input", edge.producer->name()));
            if (other == State::kNew) open.push_back(edge.producer);
          }
          continue;
        }
        state = State::kDone;
        open.pop_back();
        CAIRN_RETURN_IF_ERROR(read_node(*op, edges));
      }
    }
    return {};
  }

  Status read_node(const pb::OpDef& op, const std::vector<Edge>& edges) {
    if (is_data(op) || op.type() == "NetOutput") return {};
    if (is_constant(op)) return read_constant(op);
    ops::GraphNode node;
    node.name = op.name();
    node.type = op.type();
    CAIRN_RETURN_IF_ERROR(place_inputs(op, edges, node));
    // What a node gives is known from its descriptions; it may have more consumers than those.
    for (int i = 0; i < std::max(op.output_desc_size(), 1); ++i)
      node.outputs.push_back(tensor_name(op, i));
    for (const auto& [name, value] : op.attr())
      if (auto converted = convert(value)) node.attributes.push_back({name, std::move(*converted)});
    std::ranges::sort(node.attributes, {}, &OmAttribute::name);
    node.original_names = {op.name()};
    if (const pb::AttrDef* names = find(op.attr(), kOriginalNames))
      node.original_names.assign(names->list().s().begin(), names->list().s().end());
    graph_.nodes.push_back(std::move(node));
    return {};
  }

  /// Inputs stand in the operator's order, or their places are listed by name.
  Status place_inputs(const pb::OpDef& op, const std::vector<Edge>& edges, ops::GraphNode& node) const {
    for (size_t i = 0; i < edges.size(); ++i) {
      node.inputs.push_back(edges[i].producer ? tensor_of(edges[i]) : "");
      const bool described = static_cast<int>(i) < op.input_desc_size();
      node.input_formats.push_back(described ? om::format_of_name(op.input_desc(static_cast<int>(i)).layout())
                                             : ACL_FORMAT_ND);
    }
    return {};
  }

  Status read_constant(const pb::OpDef& op) {
    const pb::AttrDef* value = find(op.attr(), "value");
    if (!value || value->value_case() != pb::AttrDef::kT)
      return refused(fmt::format("constant {} has no value", op.name()));
    const pb::TensorDescriptor& desc = value->t().desc();
    CAIRN_RETURN_IF_ERROR(check_dims(desc, op.name()));
    const aclDataType type = om::acl_type(desc.dtype());
    std::vector<int64_t> dims(desc.shape().dim().begin(), desc.shape().dim().end());
    const auto bytes = om::tensor_bytes(type, dims);
    if (!bytes || !ops::TypeSet::all().contains(type))
      return refused(fmt::format("type or shape of constant {} is not supported", op.name()));
    const std::string& data = value->t().data();
    if (data.size() != *bytes)
      return refused(
          fmt::format("constant {} has {} bytes, its shape needs {}", op.name(), data.size(), *bytes));
    ops::GraphConstant constant = ops::make_constant(tensor_name(op, 0), type, std::move(dims),
                                                     std::vector<char>(data.begin(), data.end()));
    constant.format = om::format_of_name(desc.layout());
    graph_.constants.push_back(std::move(constant));
    return {};
  }

  /// NetOutput's inputs; without it what the graph lists, else what nobody takes.
  Status read_outputs() {
    std::vector<Edge> edges;
    for (const pb::OpDef& op : source_.op()) {
      if (op.type() != "NetOutput") continue;
      CAIRN_ASSIGN(edges, edges_of(op));
    }
    if (edges.empty() && !source_.op().empty()) {
      for (const std::string& text : source_.output()) {
        CAIRN_ASSIGN(const std::optional<Edge> edge, parse_edge(source_.op(0), text));
        if (edge) edges.push_back(*edge);
      }
    }
    if (edges.empty()) CAIRN_RETURN_IF_ERROR(find_leaves(edges));
    for (const Edge& edge : edges)
      if (edge.producer) graph_.outputs.push_back({tensor_of(edge), edge.producer->name(), edge.index, ""});
    return graph_.outputs.empty() ? refused("it has no outputs") : Status();
  }

  Status find_leaves(std::vector<Edge>& leaves) const {
    std::unordered_map<const pb::OpDef*, bool> is_used;
    for (const pb::OpDef& op : source_.op()) {
      CAIRN_ASSIGN(const std::vector<Edge> edges, edges_of(op));
      for (const Edge& edge : edges)
        is_used[edge.producer] = true;
    }
    for (const pb::OpDef& op : source_.op())
      if (!is_used[&op] && !is_data(op) && !is_constant(op)) leaves.push_back({&op, 0});
    return {};
  }

  const pb::GraphDef& source_;
  const std::filesystem::path& path_;
  std::unordered_map<std::string, const pb::OpDef*> by_name_;
  ops::OperatorGraph graph_;
};

}  // namespace

Result<ops::OperatorGraph> read_air(std::span<const std::byte> file, const std::filesystem::path& path) {
  std::optional<Result<ops::OperatorGraph>> graph;
  const Status parsed = om::with_model_def(file, [&](const pb::ModelDef& def) -> Status {
    if (def.graph_size() == 0) return compile_error("E10041", {path.string(), "it has no graph"});
    graph = AirReader(def.graph(0), path).read();
    return {};
  });
  if (graph) return std::move(*graph);
  if (parsed.text().starts_with('['))
    return compile_error("E10041",
                         {path.string(), "it is no serialised graph of operators (ge.proto.ModelDef)"});
  return parsed;
}

}  // namespace cairn
