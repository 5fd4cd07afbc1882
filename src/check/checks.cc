#include "check/checks.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>

#include "check/api/api_checker.h"
#include "check/current_call.h"
#include "check/leak/leak_checker.h"
#include "check/memory/memory_checker.h"
#include "check/sync/sync_checker.h"

namespace cairn::check {
namespace {

// A checker may ask the runtime something, which would be told here again.
thread_local bool is_telling = false;

class Telling {
 public:
  Telling() { is_telling = true; }
  Telling(const Telling&) = delete;
  Telling& operator=(const Telling&) = delete;
  ~Telling() { is_telling = false; }
};

bool is_same(const char* function, std::string_view name) {
  return function != nullptr && name == function;
}

/// Objects that come with another one, which the program asked for.
bool is_internal(HandleType type, const char* function) {
  switch (type) {
    case HandleType::kContext:
      return is_same(function, "aclrtSetDevice");
    case HandleType::kStream:
      return is_same(function, "aclrtSetDevice") || is_same(function, "aclrtCreateContext");
    case HandleType::kDvppPicDesc:
      return is_same(function, "acldvppCreateBatchPicDesc");
    default:
      return false;
  }
}

}  // namespace

template <class Tell>
void Checks::tell(Tell tell) {
  if (is_telling) return;
  const Telling telling;
  const std::lock_guard lock(mutex_);
  tell();
}

Checks::Checks(std::string_view kinds) {
  while (!kinds.empty()) {
    const size_t comma = std::min(kinds.find(','), kinds.size());
    const std::string_view kind = kinds.substr(0, comma);
    kinds.remove_prefix(std::min(comma + 1, kinds.size()));
    const bool all = kind == "all";
    const size_t before = checkers_.size();
    if (all || kind == "memory") checkers_.push_back(std::make_unique<MemoryChecker>(facts_));
    if (all || kind == "sync") {
      checkers_.push_back(std::make_unique<SyncChecker>(facts_));
      closes_memory_ = true;
    }
    if (all || kind == "leak") checkers_.push_back(std::make_unique<LeakChecker>(facts_));
    if (all || kind == "api") {
      checkers_.push_back(std::make_unique<ApiChecker>(facts_));
      watches_calls_ = true;
    }
    if (checkers_.size() == before && !kind.empty())
      fmt::print(stderr, "[cairn check] CAIRN_CHECK: '{}' is none of memory, sync, leak, api, all\n", kind);
    if (all) break;
  }
}

bool Checks::finish() {
  tell([&] {
    for (const auto& checker : checkers_)
      if (!is_forked_) checker->finish();
    facts_.reports.finish();
  });
  return !facts_.reports.is_empty();
}

void Checks::lock_for_fork() {
  mutex_.lock();
  closable_.before_fork();
}

void Checks::unlock_after_fork(bool is_child) {
  closable_.after_fork(is_child);
  if (is_child) is_forked_ = true;
  mutex_.unlock();
}

// --- what is kept here ---

void Checks::call_begins(const char* function) {
  enter_call(function);
  if (!watches_calls_) return;
  // A thread calls few functions often.
  thread_local const char* unwanted[16];
  const char*& known = unwanted[reinterpret_cast<uintptr_t>(function) * 0x9E3779B97F4A7C15ULL >> 60];
  if (known == function) return;
  tell([&] {
    bool wanted = false;
    for (const auto& checker : checkers_) {
      checker->call_begins(function);
      wanted = wanted || checker->wants_calls_of(function);
    }
    if (!wanted) known = function;
  });
}

void Checks::call_ended(const char* function, const Status& status) {
  if (!status.is_ok())
    tell([&] {
      for (const auto& checker : checkers_)
        checker->call_ended(function, status);
    });
  leave_call();
}

const void* Checks::call_site() {
  return current_call_stack();
}

void Checks::object_made(HandleType type, const void* handle, const void* object) {
  tell([&] {
    const CallSite site = facts_.here();
    facts_.objects.add({type, handle, object, site, {}, is_internal(type, site.function)});
    for (const auto& checker : checkers_)
      checker->object_made(type, handle, object);
  });
}

void Checks::object_ended(HandleType type, const void* handle, const void* object) {
  tell([&] {
    for (const auto& checker : checkers_)
      checker->object_ended(type, handle, object);
    facts_.objects.end(handle, facts_.here());
  });
}

Allocation Checks::made_here(MemoryPlace place, int device, const void* start, size_t size) const {
  Allocation allocation;
  allocation.start = static_cast<const std::byte*>(start);
  allocation.size = size;
  allocation.place = place;
  allocation.device = device;
  allocation.made = facts_.here();
  return allocation;
}

void Checks::memory_allocated(MemoryPlace place, int device, const void* start, size_t size) {
  tell([&] {
    Allocation allocation = made_here(place, device, start, size);
    allocation.is_closable = place == MemoryPlace::kHost && closable_.contains(start);
    facts_.heap.add(allocation);
    for (const auto& checker : checkers_)
      checker->memory_allocated(place, device, start, size);
  });
}

bool Checks::memory_freed(MemoryPlace place, void* start) {
  bool kept = false;
  tell([&] {
    for (const auto& checker : checkers_)
      checker->memory_freed(place, start);
    // Host blocks belong to the heap's history from now on, which gives them back later.
    kept = place == MemoryPlace::kHost && facts_.heap.find(start) != nullptr;
    facts_.heap.end(start, facts_.here());
    if (kept || !closable_.contains(start)) return;
    closable_.free(static_cast<std::byte*>(start));  // Nobody was told of it: the call that made it failed.
    kept = true;
  });
  return kept;
}

void* Checks::host_memory(size_t size) {
  void* memory = nullptr;
  if (closes_memory_) tell([&] { memory = closable_.allocate(size); });
  return memory;
}

void Checks::memory_mapped(int device, const void* start, size_t size, bool is_new) {
  tell([&] {
    Allocation allocation = made_here(MemoryPlace::kDevice, device, start, size);
    allocation.is_mapped = true;
    facts_.heap.add(allocation);
    for (const auto& checker : checkers_)
      checker->memory_mapped(device, start, size, is_new);
  });
}

void Checks::memory_unmapped(const void* start) {
  tell([&] {
    for (const auto& checker : checkers_)
      checker->memory_unmapped(start);
    facts_.heap.end(start, facts_.here());
  });
}

void Checks::addresses_reserved(int device, const void* start, size_t size) {
  tell([&] { facts_.heap.add_reservation(made_here(MemoryPlace::kDevice, device, start, size)); });
}

void Checks::addresses_released(const void* start) {
  tell([&] { facts_.heap.end_reservation(start); });
}

void Checks::device_released(int device) {
  tell([&] {
    for (const auto& checker : checkers_)
      checker->device_released(device);
    (void)facts_.heap.take_device(device);
  });
}

void Checks::host_faulted(const void* address) {
  // In the signal handler: another thread may hold the lock, or this one.
  if (is_telling || !mutex_.try_lock()) return;
  const Telling telling;
  for (const auto& checker : checkers_)
    checker->host_faulted(address);
  mutex_.unlock();
}

bool Checks::host_touched(const void* address, Touch touch, bool is_own) {
  if (!closable_.contains(address)) return false;
  const int code = errno;
  // Before the lock, which a thread may wait for that holds the interpreter's.
  enter_call(nullptr, is_own ? nullptr : stack_of_fault());
  bool opened = false;
  tell([&] {
    for (const auto& checker : checkers_)
      opened = checker->host_touched(address, touch, is_own) || opened;
  });
  leave_call();
  errno = code;
  return opened;
}

// --- what is only passed on ---

void Checks::code_ignored(const char* function, int code, const void* site) {
  tell([&] {
    for (const auto& checker : checkers_)
      checker->code_ignored(function, code, site);
  });
}

void Checks::handle_refused(HandleType wanted, const void* handle) {
  tell([&] {
    for (const auto& checker : checkers_)
      checker->handle_refused(wanted, handle);
  });
}

void Checks::free_refused(MemoryPlace place, const void* pointer) {
  tell([&] {
    for (const auto& checker : checkers_)
      checker->free_refused(place, pointer);
  });
}

void Checks::access_refused(const void* pointer, size_t size) {
  tell([&] {
    for (const auto& checker : checkers_)
      checker->access_refused(pointer, size);
  });
}

void Checks::host_access_refused(const void* pointer, size_t size) {
  tell([&] {
    for (const auto& checker : checkers_)
      checker->host_access_refused(pointer, size);
  });
}

void Checks::accessed(const char* function, std::span<const MemoryAccess> accesses) {
  tell([&] {
    for (const auto& checker : checkers_)
      checker->accessed(function, accesses);
  });
}

void Checks::task_launched(const void* stream, const char* function, std::span<const MemoryAccess> accesses) {
  tell([&] {
    for (const auto& checker : checkers_)
      checker->task_launched(stream, function, accesses);
  });
}

void Checks::event_recorded(const void* event, const void* stream) {
  tell([&] {
    for (const auto& checker : checkers_)
      checker->event_recorded(event, stream);
  });
}

void Checks::event_reset(const void* event) {
  tell([&] {
    for (const auto& checker : checkers_)
      checker->event_reset(event);
  });
}

void Checks::stream_waits(const void* stream, const void* event) {
  tell([&] {
    for (const auto& checker : checkers_)
      checker->stream_waits(stream, event);
  });
}

void Checks::stream_found_done(const void* stream) {
  tell([&] {
    for (const auto& checker : checkers_)
      checker->stream_found_done(stream);
  });
}

void Checks::event_found_done(const void* event) {
  tell([&] {
    for (const auto& checker : checkers_)
      checker->event_found_done(event);
  });
}

uint64_t Checks::callback_launched(const void* stream, bool blocking) {
  uint64_t number = 0;
  tell([&] {
    for (const auto& checker : checkers_)
      number = std::max(number, checker->callback_launched(stream, blocking));
  });
  return number;
}

void Checks::callback_begins(uint64_t callback) {
  tell([&] {
    for (const auto& checker : checkers_)
      checker->callback_begins(callback);
  });
}

void Checks::callback_ended(uint64_t callback) {
  tell([&] {
    for (const auto& checker : checkers_)
      checker->callback_ended(callback);
  });
}

void Checks::finalized() {
  tell([&] {
    for (const auto& checker : checkers_)
      checker->finalized();
  });
}

}  // namespace cairn::check
