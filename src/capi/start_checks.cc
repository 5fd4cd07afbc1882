// Switches the check mode on when the library is loaded, where the environment asks for it.
#include <dlfcn.h>

#include <cstdio>
#include <cstdlib>
#include <string>

#include "base/observer.h"

namespace {

/// The directory of the library that holds this code, with a slash at the end.
std::string own_directory() {
  Dl_info info{};
  static const char kHere = 0;
  if (dladdr(&kHere, &info) == 0 || info.dli_fname == nullptr) return "";
  const std::string path = info.dli_fname;
  return path.substr(0, path.rfind('/') + 1);
}

__attribute__((constructor)) void start_checks() {
  const char* const kinds = std::getenv("CAIRN_CHECK");
  if (kinds == nullptr || *kinds == '\0') return;
  void* const library = dlopen((own_directory() + "libcairn_check.so").c_str(), RTLD_NOW | RTLD_LOCAL);
  auto* const start =
      library != nullptr
          ? reinterpret_cast<cairn::Observer* (*)(const char*)>(dlsym(library, "cairn_start_checks"))
          : nullptr;
  if (start == nullptr) {
    std::fprintf(stderr, "CAIRN_CHECK is set, but the checkers cannot be loaded: %s\n", dlerror());
    return;
  }
  cairn::current_observer.store(start(kinds));
}

}  // namespace
