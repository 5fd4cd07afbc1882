#include "kernel/kernel.h"

#include <dlfcn.h>
#include <link.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <functional>
#include <mutex>
#include <vector>

#include "base/brief_lock.h"
#include "device/memory_transfer.h"
#include "device/runtime.h"
#include "kernel/kernel_file.h"

namespace cairn {
namespace {

using Clock = std::chrono::steady_clock;

/// `why`: null where the loader says nothing.
Status not_loaded(std::string_view name, const char* why) {
  return error(ACL_ERROR_OP_LOAD_FAILED, "KRN-006", "the binary of kernel {} cannot be loaded: {}", name,
               why != nullptr ? why : "no reason is known");
}

/// A file in memory with a copy of the binary.
Result<int> copy_to_file(const void* binary, size_t bytes, const std::string& name) {
  CAIRN_RETURN_IF_ERROR(check_host_readable(binary, bytes, "KRN-006"));
  const std::byte* const from = Runtime::own_view(binary);
  const int file = ::memfd_create(name.substr(0, 200).c_str(), MFD_CLOEXEC);
  if (file < 0) return error(ACL_ERROR_RT_RESOURCE_ALLOC_FAIL, "RT-193", "the host refuses a file in memory");
  for (size_t done = 0; done < bytes;) {
    const ssize_t written = ::write(file, from + done, bytes - done);
    if (written <= 0) {  // Unmapped since it was looked at, or no memory.
      ::close(file);
      return error(ACL_ERROR_INVALID_PARAM, "KRN-006", "cannot copy the {} bytes of bin_data at {}", bytes,
                   binary);
    }
    done += static_cast<size_t>(written);
  }
  return file;
}

std::string names_of(const std::vector<KernelFunction>& functions) {
  constexpr size_t kMostNames = 10;
  std::string list;
  for (size_t i = 0; i < std::min(functions.size(), kMostNames); ++i)
    list += (i == 0 ? "" : ", ") + functions[i].name;
  return list + (functions.size() > kMostNames ? ", ..." : "");
}

/// The code of the function in a file that is loaded from nowhere yet.
Result<CodeRange> find_function(int file, const std::string& name) {
  const off_t end = ::lseek(file, 0, SEEK_END);
  void* const view = ::mmap(nullptr, static_cast<size_t>(end), PROT_READ, MAP_PRIVATE, file, 0);
  if (view == MAP_FAILED) return not_loaded(name, "there is no memory to look at it");
  const std::unique_ptr<void, std::function<void(void*)>> unmap(
      view, [end](void* start) { ::munmap(start, static_cast<size_t>(end)); });
  CAIRN_ASSIGN(const std::vector<KernelFunction> functions,
               read_kernel_file({static_cast<const std::byte*>(view), static_cast<size_t>(end)}));
  const auto found = std::ranges::find(functions, name, &KernelFunction::name);
  if (found == functions.end())
    return error(ACL_ERROR_INVALID_PARAM, "KRN-006",
                 "kernel_name = {} is not in the binary, which has {}; pass one of these", name,
                 names_of(functions));
  return found->code;
}

std::string_view meaning_of(int signal) {
  switch (signal) {
    case SIGFPE:
      return "divided an integer by zero";
    case SIGILL:
      return "used an instruction that this CPU does not have, or trapped";
    default:
      return "touched memory that is not mapped";
  }
}

}  // namespace

/// What the workers that run the blocks of one launch share.
struct Kernel::Run {
  const Kernel& kernel;
  const kernel::Launch& launch;
  uint64_t limit_ms;
  Clock::time_point end;
  std::atomic<bool> has_failed{false};
  BriefLock lock;
  Status failure;  ///< Under the lock.

  void fail(Status status) {
    const std::lock_guard guard(lock);
    if (has_failed.load(std::memory_order_relaxed)) return;
    failure = std::move(status);
    has_failed.store(true, std::memory_order_relaxed);
  }
};

Result<std::shared_ptr<const Kernel>> Kernel::load(const void* binary, size_t bytes, std::string name,
                                                   aclopEngineType engine) {
  const std::shared_ptr<Kernel> made(new Kernel(std::move(name), engine));
  CAIRN_ASSIGN(const int file, copy_to_file(binary, bytes, made->name_));
  made->file_ = file;
  CAIRN_RETURN_IF_ERROR(made->open(file));
  return std::shared_ptr<const Kernel>(made);
}

Status Kernel::open(int file) {
  CAIRN_ASSIGN(const CodeRange code, find_function(file, name_));
  library_ = ::dlopen(fmt::format("/proc/self/fd/{}", file).c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library_ == nullptr) return not_loaded(name_, ::dlerror());
  function_ = reinterpret_cast<Function>(::dlsym(library_, name_.c_str()));
  const link_map* map = nullptr;
  if (function_ == nullptr || ::dlinfo(library_, RTLD_DI_LINKMAP, &map) != 0)
    return not_loaded(name_, "the loader does not find its function");
  code_ = {map->l_addr + code.start, map->l_addr + code.start + code.size};
  const auto entry = reinterpret_cast<uintptr_t>(function_);
  if (entry < code_.start || entry >= code_.end)
    return not_loaded(name_, "its function is not where its code is");
  return {};
}

Kernel::~Kernel() {
  if (library_ != nullptr) ::dlclose(library_);
  if (file_ >= 0) ::close(file_);
}

Status Kernel::failed(const kernel::Launch& launch, std::string_view how, std::string_view detail) const {
  const int code =
      engine_ == ACL_ENGINE_VECTOR ? ACL_ERROR_RT_VECTOR_CORE_EXCEPTION : ACL_ERROR_RT_AICORE_EXCEPTION;
  return error(code, "KRN-005",
               "block {} of {} of kernel {} {} {}; correct the kernel, its tiling data or the tensors",
               launch.block, launch.blocks, name_, how, detail);
}

void Kernel::run_block(Run& run, uint32_t block) const {
  if (run.has_failed.load(std::memory_order_relaxed)) return;
  if (run.limit_ms != 0 && Clock::now() > run.end) {
    run.fail(error(
        engine_ == ACL_ENGINE_VECTOR ? ACL_ERROR_RT_VECTOR_CORE_TIMEOUT : ACL_ERROR_RT_AICORE_TIMEOUT,
        "OP-007", "kernel {} ran longer than the {} ms of aclrtSetOpExecuteTimeOut; {} blocks were left",
        name_, run.limit_ms, run.launch.blocks - block));
    return;
  }
  struct Call {
    const Kernel& kernel;
    Run& run;
    kernel::Launch launch;
  } call{*this, run, run.launch};
  call.launch.block = block;
  const auto body = [](void* argument) {
    auto& [self, running, launch] = *static_cast<Call*>(argument);
    try {
      self.function_(&launch);
    } catch (const std::exception& problem) {
      running.fail(self.failed(launch, "threw", problem.what()));
    } catch (...) {
      running.fail(self.failed(launch, "threw", "something that is no std::exception"));
    }
  };
  CodeFault fault;
  if (run_guarded_code(code_, body, &call, fault)) return;
  std::array<char, 24> address{};
  fmt::format_to_n(address.data(), address.size() - 1, "at {}", fault.address);
  run.fail(failed(call.launch, meaning_of(fault.signal), address.data()));
}

Status Kernel::run(const kernel::Launch& launch, Scheduler& scheduler) const {
  const uint64_t limit = Runtime::get().op_execute_timeout_ms();
  Run run{.kernel = *this, .launch = launch, .limit_ms = limit, .end = {}, .lock = {}, .failure = {}};
  if (limit != 0) run.end = Clock::now() + std::chrono::milliseconds(limit);
  scheduler.run_parts(
      launch.blocks,
      [](void* argument, size_t block) {
        Run& running = *static_cast<Run*>(argument);
        running.kernel.run_block(running, static_cast<uint32_t>(block));
      },
      &run);
  return std::move(run.failure);
}

}  // namespace cairn
