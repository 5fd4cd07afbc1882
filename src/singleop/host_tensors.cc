#include "singleop/host_tensors.h"

#include <cstdlib>
#include <new>

#include "device/guarded_copy.h"
#include "device/runtime.h"

namespace cairn {
namespace {

constexpr size_t kAlignment = 64;

Status refuse(const void* user, size_t bytes, const char* done) {
  return error(ACL_ERROR_INVALID_PARAM, "OP-026",
               "{} is no host memory of {} bytes that can be {}; the placement of the tensor is host memory",
               user, bytes, done);
}

/// On a device that is its own host there is one memory.
bool is_on_device(const void* user) {
  const Runtime& runtime = Runtime::get();
  return runtime.soc().run_mode == ACL_HOST && runtime.device_of_address(user) != nullptr;
}

}  // namespace

void HostTensors::Free::operator()(void* memory) const {
  std::free(memory);
}

HostTensors::Tensor& HostTensors::add(size_t index, size_t bytes) {
  if (!tensors_) tensors_ = std::make_unique<std::vector<Tensor>>();
  if (tensors_->size() <= index) tensors_->resize(index + 1);
  Tensor& tensor = (*tensors_)[index];
  tensor.copy.reset(std::aligned_alloc(kAlignment, (bytes / kAlignment + 1) * kAlignment));
  if (!tensor.copy) throw std::bad_alloc();
  tensor.bytes = bytes;
  return tensor;
}

Result<void*> HostTensors::copy_in(size_t index, const void* user, size_t bytes) {
  Tensor& tensor = add(index, bytes);
  CAIRN_RETURN_IF_ERROR(copy_host_value(tensor.copy.get(), user, bytes));
  return tensor.copy.get();
}

void* HostTensors::prepare_out(size_t index, void* user, size_t bytes) {
  Tensor& tensor = add(index, bytes);
  tensor.written = user;
  return tensor.copy.get();
}

Status HostTensors::copy_out() const {
  if (!tensors_) return {};
  for (const Tensor& tensor : *tensors_) {
    if (tensor.written == nullptr) continue;
    if (is_on_device(tensor.written)) return refuse(tensor.written, tensor.bytes, "written");
    if (!guarded_copy(Runtime::own_view(tensor.written), tensor.copy.get(), tensor.bytes))
      return refuse(tensor.written, tensor.bytes, "written");
  }
  return {};
}

Status copy_host_value(void* to, const void* user, size_t bytes) {
  if (bytes == 0) return {};
  if (user == nullptr || is_on_device(user)) return refuse(user, bytes, "read");
  CAIRN_ASSIGN(const std::byte* const from, Runtime::get().resolve_any(user, bytes, "input", "OP-026"));
  if (!guarded_copy(to, from, bytes)) return refuse(user, bytes, "read");
  return {};
}

}  // namespace cairn
