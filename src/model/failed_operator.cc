#include "model/failed_operator.h"

#include <algorithm>
#include <deque>
#include <mutex>
#include <utility>

namespace cairn {
namespace {

constexpr size_t kMostFailures = 64;

struct Entry {
  TaskPlace place;
  std::shared_ptr<const FailedOperator> failed;
};

std::mutex entries_mutex;

std::deque<Entry>& entries() {
  static auto* list = new std::deque<Entry>;  // Never destroyed: tasks may still fail when the process ends.
  return *list;
}

/// True if the network up to this node runs.
bool runs_up_to(Executable& executable, size_t gear, size_t node, std::span<const void* const> inputs) {
  InnerView view(executable, gear);
  for (size_t i = 0; i <= node; ++i)
    if (executable.nodes()[i].type != "Const" && executable.nodes()[i].type != "NetOutput")
      view.want(i, false, true);
  return view.is_empty() || view.run_inside(inputs).is_ok();
}

Result<Ref<TensorDesc>> insert(std::unique_ptr<TensorDesc> desc) {
  Ref<TensorDesc> inserted = handle_table<TensorDesc>().insert(std::move(desc));
  if (!inserted) return error(ACL_ERROR_BAD_ALLOC, "MDL-036", "too many tensor descriptions");
  return inserted;
}

Result<std::unique_ptr<TensorDesc>> describe(const DumpTensor& tensor) {
  // A type that the API does not know still has a shape.
  CAIRN_ASSIGN(std::unique_ptr<TensorDesc> desc,
               TensorDesc::create(tensor.data_type, tensor.dims, tensor.format));
  desc->constant.assign(tensor.bytes.begin(), tensor.bytes.end());
  return desc;
}

/// One description that stands for all.
Result<Ref<TensorDesc>> describe_all(const std::vector<DumpTensor>& tensors) {
  if (tensors.empty()) return Ref<TensorDesc>();
  CAIRN_ASSIGN(std::unique_ptr<TensorDesc> first, describe(tensors[0]));
  Status status;
  for (size_t i = 0; i < tensors.size() && status.is_ok(); ++i) {
    auto desc = describe(tensors[i]);
    auto inserted = desc.is_ok() ? insert(std::move(*desc)) : Result<Ref<TensorDesc>>(desc.status());
    status = inserted.status();
    if (status.is_ok()) first->array.push_back(std::move(*inserted));
  }
  if (status.is_ok()) return insert(std::move(first));
  for (const Ref<TensorDesc>& part : first->array)
    handle_table<TensorDesc>().remove(part.handle());
  return status;
}

}  // namespace

Result<FailedOperator> find_failed_operator(Executable& executable, size_t gear,
                                            std::span<const void* const> inputs) {
  const std::vector<OmNode>& nodes = executable.nodes();
  if (nodes.empty() || runs_up_to(executable, gear, nodes.size() - 1, inputs))
    return error(ACL_ERROR_RT_MODEL_EXECUTE, "MDL-037", "every operator of the model runs by itself");
  size_t good = 0;  // Number of nodes at the front that run together.
  size_t bad = nodes.size();
  while (bad - good > 1) {
    const size_t middle = good + (bad - good) / 2;
    (runs_up_to(executable, gear, middle - 1, inputs) ? good : bad) = middle;
  }
  InnerView view(executable, gear);
  view.want(bad - 1, true, false);
  CAIRN_RETURN_IF_ERROR(view.run_inside(inputs));
  FailedOperator failed;
  failed.one = std::move(view.operators(0).front().one);
  for (DumpTensor& input : failed.one.inputs)
    failed.input_bytes.emplace_back(input.bytes.begin(), input.bytes.end());
  for (size_t i = 0; i < failed.input_bytes.size(); ++i)
    failed.one.inputs[i].bytes = failed.input_bytes[i];
  return failed;
}

void remember_failed_operator(const TaskPlace& place, std::shared_ptr<const FailedOperator> failed) {
  const std::lock_guard lock(entries_mutex);
  entries().push_front({place, std::move(failed)});
  if (entries().size() > kMostFailures) entries().pop_back();
}

Result<OperatorDescription> describe_failed_operator(const TaskPlace& place, size_t most_name) {
  std::shared_ptr<const FailedOperator> failed;
  {
    const std::lock_guard lock(entries_mutex);
    const auto found = std::find_if(entries().begin(), entries().end(), [&](const Entry& entry) {
      return entry.place.device_id == place.device_id && entry.place.stream_id == place.stream_id &&
             entry.place.task_id == place.task_id;
    });
    if (found != entries().end()) failed = found->failed;
  }
  if (!failed)
    return error(ACL_ERROR_INVALID_PARAM, "MDL-037",
                 "no operator of a model failed in task {} of stream#{} of device {}; pass the ids that the "
                 "exception callback gets",
                 place.task_id, place.stream_id, place.device_id);
  OperatorDescription description;
  description.name = failed->one.name;
  if (description.name.size() >= most_name)
    return error(ACL_ERROR_INVALID_PARAM, "MDL-038",
                 "opNameLen = {}; the operator's name has {} characters, so at least {} are needed",
                 most_name, description.name.size(), description.name.size() + 1);
  CAIRN_ASSIGN(description.inputs, describe_all(failed->one.inputs));
  description.input_count = failed->one.inputs.size();
  const auto outputs = describe_all(failed->one.outputs);
  if (!outputs.is_ok()) {
    if (description.inputs) handle_table<TensorDesc>().remove(description.inputs.handle());
    return outputs.status();
  }
  description.outputs = *outputs;
  description.output_count = failed->one.outputs.size();
  return description;
}

}  // namespace cairn
