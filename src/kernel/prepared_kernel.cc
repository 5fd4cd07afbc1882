#include "kernel/prepared_kernel.h"

#include <algorithm>
#include <array>
#include <numeric>

#include "base/observer.h"
#include "device/device.h"
#include "device/guarded_copy.h"
#include "device/memory_transfer.h"
#include "device/runtime.h"
#include "tensor/data_type.h"

namespace cairn {
namespace {

using kernel::Memory;

constexpr size_t kFewTensors = 8;  // Fit into a task.
constexpr size_t kAlignment = 64;  // Of each workspace.
constexpr size_t kMostMemories = kFewTensors + KernelDesc::kMostWorkspaces;

/// Device memory for the workspaces of one run, which begins when the kernel does.
class Workspace {
 public:
  Workspace() = default;
  Workspace(const Workspace&) = delete;
  Workspace& operator=(const Workspace&) = delete;
  ~Workspace() {
    if (start_ != nullptr) (void)memory_->free(start_, "KRN-014").is_ok();
  }

  /// Writes where each lies to `places`.
  Status allocate(Device& device, std::span<const size_t> sizes, Memory* places) {
    const auto rounded = [](size_t size) { return (size + kAlignment - 1) / kAlignment * kAlignment; };
    const size_t total = std::transform_reduce(sizes.begin(), sizes.end(), size_t{0}, std::plus<>(), rounded);
    std::byte* next = nullptr;
    if (total > 0) {
      memory_ = device.memory();
      CAIRN_ASSIGN(start_, memory_->allocate(total, kAlignment));
      CAIRN_ASSIGN(next, memory_->resolve(start_, total));
    }
    for (const size_t size : sizes) {
      *places++ = {size > 0 ? next : nullptr, size};
      next += rounded(size);
    }
    return {};
  }

 private:
  DeviceMemory* memory_ = nullptr;
  void* start_ = nullptr;
};

Status check_buffer(const PreparedKernel::Tensor& tensor, const OperatorBuffer& buffer, const char* kind,
                    size_t index) {
  if (buffer.size < tensor.bytes)
    return error(ACL_ERROR_INVALID_PARAM, "OP-014",
                 "{} {} has a buffer of {} bytes, but its description needs {}", kind, index, buffer.size,
                 tensor.bytes);
  if (tensor.alignment > 0 && reinterpret_cast<uintptr_t>(buffer.data) % tensor.alignment != 0)
    return error(ACL_ERROR_RT_ADDR_UNALIGNED, "OP-014",
                 "{} {} at {} is not aligned to its elements ({} bytes)", kind, index, buffer.data,
                 tensor.alignment);
  return {};
}

}  // namespace

PreparedKernel::Tensor::Tensor(const TensorDesc& desc)
    : bytes(desc.size_bytes()),
      is_left_out(desc.type() == ACL_DT_UNDEFINED),
      is_in_host(desc.placement != ACL_MEMTYPE_DEVICE),
      alignment(std::min<size_t>(data_type_size(desc.type()), 8)) {}

/// What a task needs besides the kernel: where the tensors lie.
struct PreparedKernel::Call {
  struct Many {
    std::vector<Memory> tensors;  ///< If they are more than kFewTensors.
    std::vector<std::vector<std::max_align_t>> from_host;
  };
  std::array<Memory, kFewTensors> few{};
  std::unique_ptr<Many> many;

  explicit Call(size_t tensors) {
    if (tensors > kFewTensors) with_many().tensors.resize(tensors);
  }
  Many& with_many() {
    if (many == nullptr) many = std::make_unique<Many>();
    return *many;
  }
  Memory* tensors() { return many != nullptr && !many->tensors.empty() ? many->tensors.data() : few.data(); }

  Status take_from_host(const OperatorBuffer& buffer, size_t bytes, Memory& place) {
    if (bytes == 0) return {};
    CAIRN_RETURN_IF_ERROR(check_host_readable(buffer.data, bytes, "OP-026"));
    auto& copy =
        with_many().from_host.emplace_back((bytes + sizeof(std::max_align_t) - 1) / sizeof(std::max_align_t));
    if (!guarded_copy(copy.data(), Runtime::own_view(buffer.data), bytes))
      return error(ACL_ERROR_INVALID_PARAM, "OP-026", "{} bytes at {} are not mapped", bytes, buffer.data);
    place = {copy.data(), bytes};
    return {};
  }
  Status set(const Tensor& tensor, const OperatorBuffer& buffer, bool is_input, size_t index, Memory& place) {
    const char* const kind = is_input ? "input" : "output";
    place = {};
    if (tensor.is_left_out) return {};
    CAIRN_RETURN_IF_ERROR(check_buffer(tensor, buffer, kind, index));
    const size_t bytes = tensor.bytes != 0 ? tensor.bytes : buffer.size;
    if (is_input && tensor.is_in_host) return take_from_host(buffer, bytes, place);
    if (bytes == 0) return {};
    CAIRN_ASSIGN(std::byte* const address, Runtime::get().resolve(buffer.data, bytes, kind, "OP-025"));
    place = {address, bytes};
    return {};
  }
};

Status PreparedKernel::launch(const std::shared_ptr<const PreparedKernel>& self, const char* function,
                              std::span<const OperatorBuffer> inputs, std::span<const OperatorBuffer> outputs,
                              const Ref<Stream>& stream) {
  if (inputs.size() != self->inputs_.size() || outputs.size() != self->outputs_.size())
    return error(ACL_ERROR_INVALID_PARAM, "OP-014",
                 "{} inputs and {} outputs have buffers, but {} and {} descriptions", inputs.size(),
                 outputs.size(), self->inputs_.size(), self->outputs_.size());
  Call call(inputs.size() + outputs.size());
  for (size_t i = 0; i < inputs.size(); ++i)
    CAIRN_RETURN_IF_ERROR(call.set(self->inputs_[i], inputs[i], true, i, call.tensors()[i]));
  for (size_t i = 0; i < outputs.size(); ++i)
    CAIRN_RETURN_IF_ERROR(
        call.set(self->outputs_[i], outputs[i], false, i, call.tensors()[inputs.size() + i]));
  observe([&](Observer& watching) {
    std::vector<MemoryAccess> list;
    for (size_t i = 0; i < inputs.size(); ++i)
      if (!self->inputs_[i].is_in_host && call.tensors()[i].bytes > 0)
        list.push_back({inputs[i].data, call.tensors()[i].bytes, MemoryAccess::Kind::kReadParts});
    for (size_t i = 0; i < outputs.size(); ++i)
      if (call.tensors()[inputs.size() + i].bytes > 0)
        list.push_back(
            {outputs[i].data, call.tensors()[inputs.size() + i].bytes, MemoryAccess::Kind::kWrite});
    watching.task_launched(stream.get(), function, list);
  });
  return Stream::launch(stream, function, [self, call = std::move(call)](Stream& running) mutable -> Status {
    return self->run({call.tensors(), self->inputs_.size() + self->outputs_.size()}, running);
  });
}

Status PreparedKernel::run(std::span<const Memory> tensors, Stream& stream) const {
  std::array<Memory, kMostMemories> few;
  std::vector<Memory> many;
  Memory* memory = few.data();
  if (tensors.size() > kFewTensors) {
    many.resize(tensors.size() + KernelDesc::kMostWorkspaces);
    memory = many.data();
  }
  std::ranges::copy(tensors, memory);
  Workspace workspace;
  CAIRN_RETURN_IF_ERROR(
      workspace.allocate(stream.device(), choice_.workspace_sizes, memory + tensors.size()));
  const kernel::Launch launch{.block = 0,
                              .blocks = choice_.blocks,
                              .inputs = static_cast<uint32_t>(inputs_.size()),
                              .outputs = static_cast<uint32_t>(outputs_.size()),
                              .workspaces = static_cast<uint32_t>(choice_.workspace_sizes.size()),
                              .reserved = 0,
                              .memory = memory,
                              .tiling = choice_.tiling.data(),
                              .tiling_bytes = choice_.tiling_bytes};
  return choice_.kernel->run(launch, stream.device().scheduler());
}

}  // namespace cairn
