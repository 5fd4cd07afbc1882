// The kernels and selectors of all operator types, and what selectors have chosen so far.
#pragma once

#include <atomic>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "acl/acl_op.h"
#include "base/adaptive_mutex.h"
#include "base/status.h"
#include "kernel/kernel.h"
#include "kernel/kernel_request.h"
#include "kernel/prepared_kernel.h"

namespace cairn {

/// Thread-safe. Selectors run without its locks, in the thread that asks.
class KernelRegistry {
 public:
  static KernelRegistry& get();

  Status add_kernel(const char* op_type, const char* kernel_id, const std::shared_ptr<const Kernel>& kernel);
  /// ACL_ERROR_KERNEL_ALREADY_REGISTERED if add_kernel would fail.
  Status check_is_new(const char* op_type, const char* kernel_id) const;
  /// ACL_ERROR_KERNEL_NOT_FOUND if there is none.
  Result<std::shared_ptr<const Kernel>> kernel(const std::string& op_type, const char* kernel_id) const;

  /// What was prepared with an earlier selector of the type is forgotten.
  Status add_selector(const char* op_type, aclopCompileFunc selector);
  Status remove_selector(const char* op_type);

  /// Asks the selector of the type, and keeps what it chooses for calls that are alike [KRN-016].
  Status prepare(const KernelRequest& request);
  /// What was prepared for a call like this. The selector is asked if that has not happened yet. Null if the
  /// type is no kernel's: it has neither a selector nor anything prepared.
  Result<std::shared_ptr<const PreparedKernel>> find(const KernelRequest& request);
  /// True while no type has a selector or anything prepared: then find() gives null.
  bool is_empty() const { return is_empty_.load(std::memory_order_relaxed); }

  /// Forgets everything (aclFinalize). Kernels that run or wait in streams stay loaded until they are done.
  void clear();

 private:
  static constexpr size_t kMostPrepared = 1024;  ///< Of all types; then the least recently used one goes.

  struct Prepared {
    std::string key;
    std::string op_type;
    std::shared_ptr<const PreparedKernel> kernel;
  };
  using Recent = std::list<Prepared>;  ///< The last used one comes first.
  using KernelName = std::pair<std::string, std::string>;

  aclopCompileFunc selector_of(const char* op_type) const;
  Result<std::shared_ptr<const PreparedKernel>> ask_selector(const KernelRequest& request,
                                                             aclopCompileFunc selector,
                                                             const std::string& key);
  std::shared_ptr<const PreparedKernel> find_prepared(std::string_view key);
  void forget_prepared(std::string_view op_type);  // Under mutex_.
  void note_emptiness();                           // Under mutex_.

  mutable AdaptiveMutex mutex_;
  std::map<KernelName, std::shared_ptr<const Kernel>> kernels_;
  std::map<std::string, aclopCompileFunc, std::less<>> selectors_;
  Recent recent_;
  std::unordered_map<std::string_view, Recent::iterator> prepared_;  ///< By the keys in recent_.
  std::atomic<bool> is_empty_{true};
};

}  // namespace cairn
