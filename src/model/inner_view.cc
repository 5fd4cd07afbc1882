#include "model/inner_view.h"

#include <algorithm>
#include <utility>

namespace cairn {

size_t InnerView::add_wanted(InnerTensorId id) {
  const auto [entry, is_new] = positions_.emplace(std::pair(id.node, id.output), wanted_.size());
  if (is_new) wanted_.push_back(id);
  return entry->second;
}

void InnerView::want(size_t node, bool inputs, bool outputs) {
  const std::vector<OmNode>& nodes = executable_.nodes();
  if (nodes_by_name_.empty())
    for (size_t i = 0; i < nodes.size(); ++i)
      nodes_by_name_.emplace(nodes[i].name, i);

  const OmNode& one = nodes.at(node);
  Choice choice{node, {}, {}};
  for (size_t i = 0; inputs && i < one.inputs.size(); ++i) {
    Operand operand;
    if (i < one.input_tensors.size()) operand.described = one.input_tensors[i];
    const auto source = nodes_by_name_.find(one.inputs[i].node);
    if (source != nodes_by_name_.end() && one.inputs[i].output >= 0)
      operand.wanted = add_wanted({source->second, static_cast<size_t>(one.inputs[i].output)});
    choice.inputs.push_back(std::move(operand));
  }
  // Whether the operator exists shows at its outputs.
  for (size_t i = 0; i < one.output_tensors.size(); ++i)
    choice.outputs.push_back(
        {outputs ? std::optional(add_wanted({node, i})) : std::nullopt, one.output_tensors[i]});
  choices_.push_back(std::move(choice));
}

Status InnerView::run_with(std::span<const void* const> inputs, std::span<void* const> outputs,
                           bool with_outputs, FloatOverflow& overflow) {
  if (!inspection_) {
    CAIRN_ASSIGN(inspection_, executable_.info().has_open_shapes
                                  ? executable_.inspect_open(open_dims_, wanted_)
                                  : executable_.inspect(gear_, wanted_, with_outputs));
  }
  return inspection_->run(inputs, outputs, overflow, found_);
}

Status InnerView::run(std::span<const void* const> inputs, std::span<void* const> outputs,
                      FloatOverflow& overflow) {
  return run_with(inputs, outputs, true, overflow);
}

Status InnerView::run_inside(std::span<const void* const> inputs) {
  FloatOverflow ignored{.saturate = false};
  return run_with(inputs, {}, false, ignored);
}

DumpTensor InnerView::tensor(const Operand& operand) const {
  DumpTensor tensor;
  tensor.data_type = operand.described.data_type;
  tensor.format = operand.described.format;
  tensor.dims = operand.described.dims;
  if (!operand.wanted || *operand.wanted >= found_.size() || !found_[*operand.wanted].exists) return tensor;
  const InnerTensor& inner = found_[*operand.wanted];
  tensor.data_type = inner.data_type;
  tensor.dims = inner.dims;
  tensor.bytes = inner.bytes;
  return tensor;
}

std::vector<InnerView::Seen> InnerView::operators(uint32_t stream_id) const {
  std::vector<Seen> result;
  for (const Choice& choice : choices_) {
    const OmNode& node = executable_.nodes()[choice.node];
    Seen seen{choice.node, {}, false};
    seen.one.type = node.type;
    seen.one.name = node.name;
    seen.one.original_names = node.original_names;
    seen.one.task_id = static_cast<uint32_t>(choice.node);
    seen.one.stream_id = stream_id;
    for (const Operand& input : choice.inputs)
      seen.one.inputs.push_back(tensor(input));
    for (const Operand& output : choice.outputs) {
      seen.exists =
          seen.exists || !output.wanted || (*output.wanted < found_.size() && found_[*output.wanted].exists);
      seen.one.outputs.push_back(tensor(output));
    }
    result.push_back(std::move(seen));
  }
  return result;
}

}  // namespace cairn
