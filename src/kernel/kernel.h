// A kernel that aclopCreateKernel has registered: code of the program for one operator type [KRN-005].
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "acl/acl_op.h"
#include "base/status.h"
#include "cairn/kernel.h"
#include "device/code_guard.h"
#include "device/scheduler.h"

namespace cairn {

/// Code that stays in memory as long as the object. Thread-safe.
class Kernel {
 public:
  using Function = void (*)(const kernel::Launch*);

  /// Copies and checks a kernel binary and loads it. `bytes` may be memory that is not mapped: then it is
  /// refused.
  static Result<std::shared_ptr<const Kernel>> load(const void* binary, size_t bytes, std::string name,
                                                    aclopEngineType engine);
  Kernel(const Kernel&) = delete;
  Kernel& operator=(const Kernel&) = delete;
  ~Kernel();

  const std::string& name() const { return name_; }

  /// Runs all blocks of a launch on the calling worker and on idle ones of its device; `launch.block` has no
  /// meaning. Once a block has failed no more are begun, and the first failure comes back.
  Status run(const kernel::Launch& launch, Scheduler& scheduler) const;

 private:
  struct Run;
  Kernel(std::string name, aclopEngineType engine) : name_(std::move(name)), engine_(engine) {}
  Status open(int file);
  void run_block(Run& run, uint32_t block) const;
  Status failed(const kernel::Launch& launch, std::string_view how, std::string_view detail) const;

  const std::string name_;
  const aclopEngineType engine_;
  int file_ = -1;  ///< Stays open: the loader takes a second file of the same name for the first one.
  void* library_ = nullptr;
  Function function_ = nullptr;
  GuardedCode code_;
};

}  // namespace cairn
