#include "om/om_gear_graph.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "om/om_attributes.h"
#include "om/om_gears.h"

namespace cairn::om {
namespace {

constexpr std::string_view kCaseName = "ascend_mbatch_shape_case";
constexpr const char* kCount = "_batch_num";
constexpr const char* kKind = "mbatch_dynamic_type";
constexpr const char* kOpenDims = "_mbatch_origin_input_dims";
constexpr const char* kOutputDims = "_dynamic_output_dims";
constexpr int64_t kMostGears = ACL_MAX_BATCH_NUM;
constexpr size_t kMostShapes = 1 << 16;  // Keeps a small file from becoming much memory.

std::string gear_attribute(size_t gear) {
  return fmt::format("_pred_value_{}", gear);
}

void encode_case(const OmModel& model, pb::OpDef& op) {
  const OmGears& gears = *model.gears;
  op.set_name(std::string(kCaseName));
  op.set_type("Case");
  op.add_input(fmt::format("{}:0", kGearInputName));
  op.add_input_desc()->set_name(std::string(kGearInputName));
  op.set_has_out_attr(true);
  Attributes& attributes = *op.mutable_attr();
  set(attributes, kCount, static_cast<int64_t>(gears.list.size()));
  set(attributes, kKind, static_cast<int64_t>(gears.kind));
  for (size_t i = 0; i < gears.list.size(); ++i)
    set(attributes, gear_attribute(i), gears.list[i].values);
  std::vector<std::string> order;
  for (const OmInput& input : model.inputs)
    if (input.role == OmInputRole::kData) order.push_back(input.name);
  set(attributes, "user_designate_shape_order", order);
}

std::vector<std::string> output_texts(const OmGears& gears) {
  std::vector<std::string> texts;
  for (size_t gear = 0; gear < gears.list.size(); ++gear)
    for (size_t output = 0; output < gears.list[gear].outputs.size(); ++output) {
      texts.push_back(fmt::format("{},{}", gear, output));
      for (const int64_t dim : gears.list[gear].outputs[output])
        texts.back() += fmt::format(",{}", dim);
    }
  return texts;
}

/// "gear,output,dim,dim...": the numbers, or nothing.
std::optional<std::vector<int64_t>> numbers_of(std::string_view text) {
  std::vector<int64_t> numbers;
  while (true) {
    int64_t number = 0;
    if (!take_number(text, number) || numbers.size() > ACL_MAX_DIM_CNT + 2) return std::nullopt;
    numbers.push_back(number);
    if (text.empty()) return numbers;
    if (text.front() != ',') return std::nullopt;
    text.remove_prefix(1);
  }
}

Status decode_output_dims(const pb::AttrDef* attribute, size_t outputs, OmGears& gears) {
  if (!attribute) return malformed(fmt::format("NetOutput has no {}", kOutputDims));
  for (OmGears::Gear& gear : gears.list)
    gear.outputs.resize(outputs);
  std::set<std::pair<int64_t, int64_t>> known;
  for (const std::string& text : attribute->list().s()) {
    const auto numbers = numbers_of(text);
    if (!numbers || numbers->size() < 2 || (*numbers)[0] < 0 || (*numbers)[1] < 0 ||
        static_cast<size_t>((*numbers)[0]) >= gears.list.size() ||
        static_cast<size_t>((*numbers)[1]) >= outputs || !known.emplace((*numbers)[0], (*numbers)[1]).second)
      return malformed(fmt::format("{} of NetOutput cannot be read", kOutputDims));
    gears.list[static_cast<size_t>((*numbers)[0])].outputs[static_cast<size_t>((*numbers)[1])].assign(
        numbers->begin() + 2, numbers->end());
  }
  if (known.size() == gears.list.size() * outputs) return {};
  return malformed(fmt::format("{} of NetOutput lacks an output of a gear", kOutputDims));
}

Result<OmGears> decode_case(const pb::OpDef& op) {
  OmGears gears;
  const int64_t count = number_of(op.attr(), kCount);
  const int64_t kind = number_of(op.attr(), kKind);
  if (count < 1 || count > kMostGears || kind < static_cast<int64_t>(OmGearKind::kBatch) ||
      kind > static_cast<int64_t>(OmGearKind::kDims))
    return malformed(fmt::format("it has {} gears of kind {}", count, kind));
  gears.kind = static_cast<OmGearKind>(kind);
  for (size_t i = 0; i < static_cast<size_t>(count); ++i) {
    const pb::AttrDef* values = find(op.attr(), gear_attribute(i));
    if (!values || values->list().i_size() == 0 || values->list().i_size() > ACL_MAX_DIM_CNT)
      return malformed(fmt::format("the numbers of gear {} are missing", i));
    gears.list.push_back({{values->list().i().begin(), values->list().i().end()}, {}});
    if (gears.list[i].values.size() != gears.list[0].values.size())
      return malformed("gears have different numbers of values");
  }
  return gears;
}

/// The shape with -1, for an input that has one; with AIPP it is that of the network's input.
Status decode_open_dims(const pb::GraphDef& graph, OmModel& model) {
  for (const pb::OpDef& op : graph.op()) {
    const pb::AttrDef* open = op.type() == "Data" ? find(op.attr(), kOpenDims) : nullptr;
    if (!open) continue;
    const auto input =
        std::ranges::find_if(model.inputs, [&](const OmInput& each) { return each.name == op.name(); });
    if (input == model.inputs.end()) continue;
    std::vector<int64_t> dims(open->list().i().begin(), open->list().i().end());
    if (dims.size() > ACL_MAX_DIM_CNT) return malformed(fmt::format("{} has too many dims", op.name()));
    (input->aipp ? input->aipp->original.dims : input->dims) = std::move(dims);
  }
  return {};
}

}  // namespace

bool is_gear_node(const pb::OpDef& op) {
  return op.type() == "Case" && op.name() == kCaseName;
}

void encode_gears(const OmModel& model, pb::GraphDef& graph) {
  if (!model.gears) return;
  for (pb::OpDef& op : *graph.mutable_op()) {
    if (op.type() == "NetOutput") set(*op.mutable_attr(), kOutputDims, output_texts(*model.gears));
    if (op.type() != "Data") continue;
    const auto input =
        std::ranges::find_if(model.inputs, [&](const OmInput& each) { return each.name == op.name(); });
    if (input != model.inputs.end() && input->role == OmInputRole::kData)
      set(*op.mutable_attr(), kOpenDims, input->engine_tensor().dims);
  }
  encode_case(model, *graph.add_op());
}

Status decode_gears(const pb::GraphDef& graph, OmModel& model) {
  const auto node = std::ranges::find_if(graph.op(), is_gear_node);
  if (node == graph.op().end()) return {};
  if (model.inputs.empty() || model.inputs.back().name != kGearInputName)
    return malformed(fmt::format("it has gears, but its last input is not {}", kGearInputName));
  CAIRN_ASSIGN(OmGears gears, decode_case(*node));
  if ((model.inputs.size() + model.outputs.size()) * gears.list.size() > kMostShapes)
    return malformed("it has too many gears for so many inputs and outputs");
  const auto end =
      std::ranges::find_if(graph.op(), [](const pb::OpDef& op) { return op.type() == "NetOutput"; });
  if (end == graph.op().end()) return malformed("it has no NetOutput");
  CAIRN_RETURN_IF_ERROR(decode_output_dims(find(end->attr(), kOutputDims), model.outputs.size(), gears));
  CAIRN_RETURN_IF_ERROR(decode_open_dims(graph, model));
  model.inputs.back().role = OmInputRole::kGear;
  const OmInput expected = make_gear_input(gears);
  if (model.inputs.back().dims != expected.dims || model.inputs.back().bytes != expected.bytes ||
      model.inputs.back().data_type != expected.data_type)
    return malformed(fmt::format("input {} does not hold the numbers of a gear", kGearInputName));
  model.gears = std::move(gears);
  return {};
}

}  // namespace cairn::om
