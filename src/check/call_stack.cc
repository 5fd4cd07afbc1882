#include "check/call_stack.h"

#include <cxxabi.h>
#include <dlfcn.h>
#include <fmt/format.h>
#include <unwind.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <mutex>
#include <string_view>
#include <unordered_set>

#include "base/script_stack.h"

namespace cairn::check {
namespace {

constexpr size_t kMostScriptFrames = 16;
constexpr size_t kMostReturnAddresses = 24;
constexpr size_t kMostLines = 12;

struct Hash {
  size_t operator()(const std::unique_ptr<CallStack>& stack) const {
    size_t hash = stack->is_script ? 1 : 0;
    for (const void* frame : stack->frames)
      hash = (hash ^ reinterpret_cast<size_t>(frame)) * 0x9E3779B97F4A7C15ULL;
    return hash ^ (hash >> 32);
  }
};

struct Equal {
  bool operator()(const std::unique_ptr<CallStack>& a, const std::unique_ptr<CallStack>& b) const {
    return a->is_script == b->is_script && a->frames == b->frames;
  }
};

const CallStack* intern(bool is_script, const void* const* frames, size_t count) {
  static std::mutex mutex;
  static auto* const known = new std::unordered_set<std::unique_ptr<CallStack>, Hash, Equal>;
  // Filled again and again, so that a known stack allocates nothing.
  static auto* const candidate = new std::unique_ptr<CallStack>;
  const std::lock_guard lock(mutex);
  if (!*candidate) *candidate = std::make_unique<CallStack>();
  (*candidate)->is_script = is_script;
  (*candidate)->frames.assign(frames, frames + count);
  const auto found = known->find(*candidate);
  if (found != known->end()) return found->get();
  return known->insert(std::move(*candidate)).first->get();
}

/// The newest C stacks of a thread. To unwind costs microseconds, so a stack is kept together with the places
/// in memory that hold its return addresses: as long as they hold the same, it is the same stack. Plain data.
struct KnownStack {
  const void* frame;  ///< Of current_call_stack; null: empty.
  const void* caller;
  size_t count;
  const void* const* slots[kMostReturnAddresses];
  const void* addresses[kMostReturnAddresses];
  const CallStack* stack;

  bool is_still(const void* this_frame, const void* this_caller) const {
    if (frame != this_frame || caller != this_caller) return false;
    for (size_t i = 0; i < count; ++i)
      if (*slots[i] != addresses[i]) return false;
    return true;
  }
};
constexpr size_t kKnownSets = 4;
constexpr size_t kKnownOfASet = 8;  // Calls that take the same way to us differ only further up.
thread_local KnownStack known_stacks[kKnownSets][kKnownOfASet];
thread_local size_t unwound = 0;

/// Fills `known` with the return addresses above its frame; `caller` becomes null if they are not where they
/// are expected.
void unwind(KnownStack& known) {
  known.count = 0;
  _Unwind_Backtrace(
      [](_Unwind_Context* context, void* into) -> _Unwind_Reason_Code {
        auto& filled = *static_cast<KnownStack*>(into);
        if (filled.count == kMostReturnAddresses) return _URC_END_OF_STACK;
        int is_interrupted = 0;
        const _Unwind_Ptr place = _Unwind_GetIPInfo(context, &is_interrupted);
        if (place == 0) return _URC_END_OF_STACK;
        if (is_interrupted != 0) filled.count = 0;  // What came before is the signal handler.
        // Of an interrupted function it is the instruction itself, of the others the one behind the call.
        const auto* const address = reinterpret_cast<const void*>(place + (is_interrupted != 0 ? 1 : 0));
        // x86-64 keeps the return address just below the caller's frame.
        const auto* const slot = reinterpret_cast<const void* const*>(_Unwind_GetCFA(context)) - 1;
#if defined(__x86_64__)
        if (static_cast<const void*>(slot) < filled.frame)
          return _URC_NO_REASON;  // Of functions that return first.
        if (*slot != address) filled.caller = nullptr;
#else
        filled.caller = nullptr;
#endif
        filled.slots[filled.count] = slot;
        filled.addresses[filled.count++] = address;
        return _URC_NO_REASON;
      },
      &known);
}

const CallStack* current_c_stack(const void* frame, const void* caller) {
  const size_t hash = (reinterpret_cast<size_t>(frame) >> 4) ^ reinterpret_cast<size_t>(caller);
  auto& known_of_set = known_stacks[hash % kKnownSets];
  for (const KnownStack& known : known_of_set)
    if (known.is_still(frame, caller)) return known.stack;
  KnownStack& known = known_of_set[unwound++ % kKnownOfASet];
  known.frame = frame;
  known.caller = caller;
  unwind(known);
  known.stack = intern(false, known.addresses, known.count);
  return known.stack;
}

/// The newest script stacks of a thread, by a hash of 4 bits.
thread_local const CallStack* known_script_stacks[16];

/// Null if no script runs in this thread.
const CallStack* current_script_stack(size_t (ScriptStack::*read)(std::span<const ScriptFrame*>)) {
  ScriptStack* const script = script_stack.load(std::memory_order_acquire);
  if (script == nullptr) return nullptr;
  std::array<const ScriptFrame*, kMostScriptFrames> frames;
  const size_t count = (script->*read)(frames);
  if (count == 0) return nullptr;
  const std::span given(reinterpret_cast<const void* const*>(frames.data()), count);
  size_t hash = count;
  for (const void* frame : given)
    hash = (hash ^ reinterpret_cast<size_t>(frame)) * 0x9E3779B97F4A7C15ULL;
  const CallStack*& known = known_script_stacks[hash >> 60];
  if (known == nullptr || !std::ranges::equal(known->frames, given))
    known = intern(true, given.data(), count);
  return known;
}

bool is_own_library(std::string_view path) {
  const std::string_view name = path.substr(path.rfind('/') + 1);
  return name.starts_with("libcairn_") || name.starts_with("libascendcl.so") ||
         name.starts_with("libacl_dvpp.so");
}

std::string readable(const char* symbol) {
  int status = 0;
  const std::unique_ptr<char, void (*)(void*)> name(abi::__cxa_demangle(symbol, nullptr, nullptr, &status),
                                                    std::free);
  return status == 0 && name ? name.get() : symbol;
}

}  // namespace

const CallStack* current_call_stack() {
  const CallStack* const script = current_script_stack(&ScriptStack::frames);
  return script != nullptr ? script
                           : current_c_stack(__builtin_frame_address(0), __builtin_return_address(0));
}

const CallStack* stack_of_fault() {
  const CallStack* const script = current_script_stack(&ScriptStack::frames_of_fault);
  return script != nullptr ? script
                           : current_c_stack(__builtin_frame_address(0), __builtin_return_address(0));
}

std::vector<std::string> describe(const CallStack& stack) {
  std::vector<std::string> lines;
  for (const void* frame : stack.frames) {
    if (lines.size() == kMostLines) break;
    if (stack.is_script) {
      const auto* const place = static_cast<const ScriptFrame*>(frame);
      lines.push_back(fmt::format("{}:{} in {}", place->file, place->line, place->function));
      continue;
    }
    // A return address belongs to the call before it.
    const auto* const address = static_cast<const char*>(frame) - 1;
    Dl_info info{};
    if (::dladdr(address, &info) == 0 || info.dli_fname == nullptr) continue;
    if (is_own_library(info.dli_fname)) continue;
    const auto offset = static_cast<size_t>(address - static_cast<const char*>(info.dli_fbase));
    const bool named = info.dli_sname != nullptr;
    lines.push_back(
        fmt::format("{} ({} + {:#x})", named ? readable(info.dli_sname) : "?", info.dli_fname, offset));
    if (named && std::strcmp(info.dli_sname, "main") == 0) break;
  }
  return lines;
}

std::string innermost(const CallStack* stack) {
  if (stack == nullptr) return "";
  const std::vector<std::string> lines = describe(*stack);
  return lines.empty() ? "" : lines.front();
}

void prepare_call_stacks() {
  (void)current_c_stack(__builtin_frame_address(0), __builtin_return_address(0));
}

}  // namespace cairn::check
