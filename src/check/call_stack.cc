#include "check/call_stack.h"

#include <cxxabi.h>
#include <dlfcn.h>
#include <execinfo.h>
#include <fmt/format.h>

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
constexpr int kMostReturnAddresses = 24;
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
  if (ScriptStack* const script = script_stack.load(std::memory_order_acquire)) {
    std::array<const ScriptFrame*, kMostScriptFrames> frames;
    const size_t count = script->frames(frames);
    if (count > 0) return intern(true, reinterpret_cast<const void* const*>(frames.data()), count);
  }
  void* addresses[kMostReturnAddresses];
  const int count = ::backtrace(addresses, kMostReturnAddresses);
  return intern(false, addresses, static_cast<size_t>(std::max(count, 0)));
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
  void* addresses[1];
  (void)::backtrace(addresses, 1);  // Loads libgcc.
}

}  // namespace cairn::check
