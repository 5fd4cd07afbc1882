#include "model/engine_loader.h"

#include <dlfcn.h>

#include <atomic>
#include <string>

namespace cairn {
namespace {

/// The directory of the library that holds this code, with a slash at the end.
std::string own_directory() {
  Dl_info info{};
  if (dladdr(reinterpret_cast<const void*>(&load_engine), &info) == 0 || info.dli_fname == nullptr) return "";
  const std::string path = info.dli_fname;
  return path.substr(0, path.rfind('/') + 1);
}

}  // namespace

Result<Engine*> load_engine() {
  static std::atomic<Engine*> engine{nullptr};
  if (Engine* known = engine.load(std::memory_order_acquire)) return known;

  const std::string path = own_directory() + "libcairn_engine.so";
  void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    const char* reason = dlerror();
    return error(
        ACL_ERROR_GE_LOAD_MODEL, "MDL-001",
        "the model engine cannot be opened: {}. It needs the OpenVINO runtime: install it with 'pip install "
        "openvino', or put the directory of libopenvino.so on LD_LIBRARY_PATH",
        reason ? reason : path);
  }
  auto* entry = reinterpret_cast<Engine* (*)()>(dlsym(library, "cairn_engine"));
  if (entry == nullptr)
    return error(ACL_ERROR_GE_LOAD_MODEL, "MDL-001",
                 "{} is not part of this version of Cairn; install Cairn again", path);
  Engine* loaded = entry();
  engine.store(loaded, std::memory_order_release);
  return loaded;
}

}  // namespace cairn
