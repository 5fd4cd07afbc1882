#include "kernel/kernel_registry.h"

#include <utility>

#include "kernel/kernel_desc.h"

namespace cairn {
namespace {

Status check_name(const char* text, const char* argument, const char* rule) {
  if (text != nullptr && *text != '\0') return {};
  return error(ACL_ERROR_INVALID_PARAM, rule, "{} is {}; pass a name", argument,
               text == nullptr ? "null" : "empty");
}

/// A description that has a handle while the selector runs.
class LivingDesc {
 public:
  static Result<LivingDesc> make(const char* op_type) {
    Ref<KernelDesc> made = handle_table<KernelDesc>().insert(std::make_unique<KernelDesc>(op_type));
    if (!made) return error(ACL_ERROR_BAD_ALLOC, "KRN-016", "too many selectors run at a time");
    return LivingDesc(std::move(made));
  }
  LivingDesc(LivingDesc&&) = default;
  LivingDesc& operator=(LivingDesc&&) = delete;
  ~LivingDesc() {
    if (desc_) handle_table<KernelDesc>().remove(desc_.handle());
  }
  KernelDesc* operator->() const { return desc_.get(); }
  aclopKernelDesc* handle() const { return static_cast<aclopKernelDesc*>(desc_.handle()); }

 private:
  explicit LivingDesc(Ref<KernelDesc> desc) : desc_(std::move(desc)) {}
  Ref<KernelDesc> desc_;
};

Result<std::vector<PreparedKernel::Tensor>> tensors_of(std::span<const aclTensorDesc* const> list,
                                                       const char* name) {
  std::vector<PreparedKernel::Tensor> tensors;
  tensors.reserve(list.size());
  for (const aclTensorDesc* const handle : list) {
    CAIRN_ASSIGN(const Ref<TensorDesc> desc, find<TensorDesc>(handle, name, "OP-012"));
    tensors.emplace_back(*desc);
  }
  return tensors;
}

}  // namespace

KernelRegistry& KernelRegistry::get() {
  static auto* registry = new KernelRegistry;  // Never destroyed: kernels may run until the process ends.
  return *registry;
}

Status KernelRegistry::check_is_new(const char* op_type, const char* kernel_id) const {
  CAIRN_RETURN_IF_ERROR(check_name(op_type, "opType", "KRN-018"));
  CAIRN_RETURN_IF_ERROR(check_name(kernel_id, "kernelId", "KRN-006"));
  const std::lock_guard lock(mutex_);
  if (!kernels_.contains({op_type, kernel_id})) return {};
  return error(ACL_ERROR_KERNEL_ALREADY_REGISTERED, "KRN-018",
               "operator {} has a kernel with the id {} already; register each once, or choose another id",
               op_type, kernel_id);
}

Status KernelRegistry::add_kernel(const char* op_type, const char* kernel_id,
                                  const std::shared_ptr<const Kernel>& kernel) {
  CAIRN_RETURN_IF_ERROR(check_is_new(op_type, kernel_id));
  bool is_new = false;
  {
    const std::lock_guard lock(mutex_);
    is_new = kernels_.try_emplace({op_type, kernel_id}, kernel).second;
  }
  return is_new ? Status() : check_is_new(op_type, kernel_id);  // Another thread was quicker.
}

Result<std::shared_ptr<const Kernel>> KernelRegistry::kernel(const std::string& op_type,
                                                             const char* kernel_id) const {
  const std::lock_guard lock(mutex_);
  const auto found = kernels_.find({op_type, kernel_id});
  if (found != kernels_.end()) return found->second;
  return error(ACL_ERROR_KERNEL_NOT_FOUND, "KRN-011",
               "operator {} has no kernel with the id {}; register it with aclopCreateKernel "
               "(acl.op.create_kernel) first",
               op_type, kernel_id);
}

Status KernelRegistry::add_selector(const char* op_type, aclopCompileFunc selector) {
  CAIRN_RETURN_IF_ERROR(check_name(op_type, "opType", "KRN-001"));
  if (selector == nullptr) return error(ACL_ERROR_INVALID_PARAM, "KRN-003", "func is null; pass a function");
  const std::lock_guard lock(mutex_);
  if (!selectors_.try_emplace(op_type, selector).second)
    return error(ACL_ERROR_BIN_SELECTOR_ALREADY_REGISTERED, "KRN-002",
                 "operator {} has a selector already; unregister it first", op_type);
  forget_prepared(op_type);
  note_emptiness();
  return {};
}

Status KernelRegistry::remove_selector(const char* op_type) {
  CAIRN_RETURN_IF_ERROR(check_name(op_type, "opType", "KRN-004"));
  const std::lock_guard lock(mutex_);
  const auto found = selectors_.find(std::string_view(op_type));
  if (found == selectors_.end())
    return error(ACL_ERROR_BIN_SELECTOR_NOT_REGISTERED, "KRN-004", "operator {} has no selector", op_type);
  selectors_.erase(found);
  note_emptiness();
  return {};
}

aclopCompileFunc KernelRegistry::selector_of(const char* op_type) const {
  const std::lock_guard lock(mutex_);
  const auto found = selectors_.find(std::string_view(op_type));
  return found == selectors_.end() ? nullptr : found->second;
}

Status KernelRegistry::prepare(const KernelRequest& request) {
  std::string key;
  CAIRN_RETURN_IF_ERROR(write_key(request, key));
  const aclopCompileFunc selector = selector_of(request.type);
  if (selector == nullptr)
    return error(ACL_ERROR_BIN_SELECTOR_NOT_REGISTERED, "KRN-016",
                 "operator {} has no selector; register one with aclopRegisterCompileFunc "
                 "(acl.op.register_compile_func) first",
                 request.type);
  return ask_selector(request, selector, key).status();
}

Result<std::shared_ptr<const PreparedKernel>> KernelRegistry::ask_selector(const KernelRequest& request,
                                                                           aclopCompileFunc selector,
                                                                           const std::string& key) {
  CAIRN_ASSIGN(auto inputs, tensors_of(request.inputs, "inputDesc"));
  CAIRN_ASSIGN(auto outputs, tensors_of(request.outputs, "outputDesc"));
  CAIRN_ASSIGN(const LivingDesc desc, LivingDesc::make(request.type));
  const aclError code = selector(static_cast<int>(request.inputs.size()), request.inputs.data(),
                                 static_cast<int>(request.outputs.size()), request.outputs.data(),
                                 request.attributes, desc.handle());
  if (code != ACL_SUCCESS)
    return error(code, "KRN-016", "the selector of operator {} returned {}", request.type, code);
  CAIRN_ASSIGN(KernelChoice choice, desc->take());
  const std::shared_ptr<const PreparedKernel> made =
      std::make_shared<PreparedKernel>(std::move(choice), std::move(inputs), std::move(outputs));
  Recent added;
  added.push_front({key, request.type, made});
  Recent gone;  // Destroyed after the lock.
  const std::lock_guard lock(mutex_);
  if (const auto known = prepared_.find(key); known != prepared_.end()) {
    gone.splice(gone.begin(), recent_, known->second);
    prepared_.erase(known);
  } else if (recent_.size() >= kMostPrepared) {
    prepared_.erase(recent_.back().key);
    gone.splice(gone.begin(), recent_, std::prev(recent_.end()));
  }
  recent_.splice(recent_.begin(), added);
  prepared_.emplace(recent_.front().key, recent_.begin());
  note_emptiness();
  return made;
}

std::shared_ptr<const PreparedKernel> KernelRegistry::find_prepared(std::string_view key) {
  const std::lock_guard lock(mutex_);
  const auto found = prepared_.find(key);
  if (found == prepared_.end()) return nullptr;
  recent_.splice(recent_.begin(), recent_, found->second);
  return found->second->kernel;
}

Result<std::shared_ptr<const PreparedKernel>> KernelRegistry::find(const KernelRequest& request) {
  thread_local std::string key;
  CAIRN_RETURN_IF_ERROR(write_key(request, key));
  if (auto prepared = find_prepared(key)) return prepared;
  const aclopCompileFunc selector = selector_of(request.type);
  if (selector == nullptr) return std::shared_ptr<const PreparedKernel>();
  return ask_selector(request, selector, std::string(key));  // A selector may itself look operators up.
}

void KernelRegistry::forget_prepared(std::string_view op_type) {
  for (auto one = recent_.begin(); one != recent_.end();) {
    if (one->op_type == op_type) {
      prepared_.erase(one->key);
      one = recent_.erase(one);
    } else {
      ++one;
    }
  }
}

void KernelRegistry::note_emptiness() {
  is_empty_.store(selectors_.empty() && prepared_.empty(), std::memory_order_relaxed);
}

void KernelRegistry::clear() {
  std::map<KernelName, std::shared_ptr<const Kernel>> kernels;  // Destroyed after the lock.
  Recent recent;
  const std::lock_guard lock(mutex_);
  kernels.swap(kernels_);
  recent.swap(recent_);
  prepared_.clear();
  selectors_.clear();
  note_emptiness();
}

}  // namespace cairn
