#include "singleop/operator_dump.h"

#include <cstring>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/log.h"
#include "device/runtime.h"
#include "dump/dump_file.h"
#include "dump/dumping.h"
#include "singleop/host_tensors.h"
#include "tensor/tensor_desc.h"

namespace cairn {
namespace {

/// A tensor of the call, and a copy of its bytes once they are there.
struct DumpedTensor {
  OperatorTensor tensor;
  OperatorBuffer buffer;
  std::vector<std::byte> copy;

  /// Leaves the copy empty where the memory cannot be read: the operator's own task tells why.
  void read() {
    const auto bytes = tensor.bytes();
    if (tensor.constant) copy = *tensor.constant;
    if (tensor.constant || tensor.is_absent() || !bytes || *bytes > buffer.size) return;
    copy.resize(*bytes);
    if (copy.empty()) return;
    if (buffer.on_host) {
      if (!copy_host_value(copy.data(), buffer.data, *bytes).is_ok()) copy.clear();
      return;
    }
    const auto memory = Runtime::get().resolve(buffer.data, *bytes, "tensor", "OP-025");
    if (memory.is_ok())
      std::memcpy(copy.data(), *memory, *bytes);
    else
      copy.clear();
  }
  DumpTensor described() const { return {tensor.data_type, tensor.format, tensor.dims, copy}; }
};

/// The shapes of this call where the operator leaves them open.
void take_shapes(std::vector<DumpedTensor>& tensors, std::span<const aclTensorDesc* const> descs) {
  for (size_t i = 0; i < tensors.size() && i < descs.size(); ++i)
    if (const Ref<TensorDesc> desc = handle_table<TensorDesc>().find(descs[i]))
      tensors[i].tensor.dims = desc->dims();
}

std::vector<DumpedTensor> tensors_of(const std::vector<OperatorTensor>& described,
                                     std::span<const OperatorBuffer> buffers,
                                     std::span<const aclTensorDesc* const> descs) {
  std::vector<DumpedTensor> tensors;
  for (size_t i = 0; i < described.size() && i < buffers.size(); ++i)
    tensors.push_back({described[i], buffers[i], {}});
  take_shapes(tensors, descs);
  return tensors;
}

class DumpedCall {
 public:
  DumpedCall(std::shared_ptr<const DumpSession> session, const OperatorSpec& one, const OperatorCall& call)
      : session_(std::move(session)),
        type_(one.type),
        inputs_(tensors_of(one.inputs, call.inputs, call.input_descs)),
        outputs_(tensors_of(one.outputs, call.outputs, call.output_descs)) {}

  void take_output_shapes(const OperatorCall& call) { take_shapes(outputs_, call.output_descs); }

  void keep_inputs() {
    for (DumpedTensor& input : inputs_)
      input.read();
  }

  void write(const Stream& stream, uint32_t task_id) {
    const DumpConfig& config = session_->config;
    if (!session_->active.load(std::memory_order_relaxed)) return;
    DumpOperator one;
    one.type = one.name = type_;
    one.task_id = task_id;
    one.stream_id = stream.id();
    if (config.mode != DumpMode::kOutput)
      for (const DumpedTensor& input : inputs_)
        one.inputs.push_back(input.described());
    if (config.mode != DumpMode::kInput)
      for (DumpedTensor& output : outputs_) {
        output.read();
        one.outputs.push_back(output.described());
      }
    const std::filesystem::path folder = session_->folder / std::to_string(stream.device().id());
    const uint64_t time = next_dump_time();
    const Status status = config.statistics
                              ? write_dump_statistics(folder, one, time, config.wanted_statistics)
                              : write_dump_file(folder, one, time);
    if (!status.is_ok()) log(LogLevel::kError, "ASCENDCL", "{}", status.text());
  }

 private:
  const std::shared_ptr<const DumpSession> session_;
  const std::string type_;
  std::vector<DumpedTensor> inputs_;
  std::vector<DumpedTensor> outputs_;
};

/// A task of the dump: it fails nothing.
template <class Work>
Status launch_work(const OperatorCall& call, Work work) {
  return Stream::launch(call.stream, call.function, [work = std::move(work)](Stream& stream) -> Status {
    try {
      work(stream);
    } catch (const std::exception& problem) {
      log(LogLevel::kError, "ASCENDCL", "an operator cannot be dumped: {}", problem.what());
    }
    return {};
  });
}

}  // namespace

Status launch_operator(const SingleOperator& one, const OperatorCall& call) {
  auto session = Dumping::get().session_of_operators();
  if (!session) [[likely]]
    return one.launch(call);
  const bool keeps_inputs = session->config.mode != DumpMode::kOutput;
  const auto dumped = std::make_shared<DumpedCall>(std::move(session), one.description(), call);
  if (keeps_inputs) CAIRN_RETURN_IF_ERROR(launch_work(call, [dumped](Stream&) { dumped->keep_inputs(); }));
  CAIRN_RETURN_IF_ERROR(one.launch(call));
  dumped->take_output_shapes(call);
  const uint32_t task = Stream::last_task_of_thread().value_or(0);
  return launch_work(call, [dumped, task](Stream& stream) { dumped->write(stream, task); });
}

}  // namespace cairn
