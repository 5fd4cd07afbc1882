// atc: converts a model of a framework to an offline model. See src/compiler/atc.h.
#include <dlfcn.h>
#include <unistd.h>

#include <cstdio>
#include <exception>
#include <filesystem>
#include <string>
#include <vector>

#include "compiler/atc.h"
#include "compiler/import_limits.h"
#include "engine/engine.h"

namespace {

/// For people and for `cairn doctor`: the engine that does the work, and where it was found.
int print_version() {
  Dl_info about{};
  void* inside = dlsym(RTLD_DEFAULT, "get_openvino_version");
  const bool found = inside != nullptr && dladdr(inside, &about) != 0;
  // The loader's own name of it goes through the folders of whoever asked for it.
  const std::string path = found ? std::filesystem::weakly_canonical(about.dli_fname).string() : "unknown";
  std::printf("ATC of Cairn %s\nOpenVINO %s\npath %s\n", CAIRN_VERSION, cairn_engine_version(), path.c_str());
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const std::vector<std::string> words(argv + 1, argv + argc);
    if (words == std::vector<std::string>{"--version"}) return print_version();
    cairn::own_process_for_import();
    return cairn::run_atc(words, stdout, ::isatty(STDERR_FILENO) ? stderr : nullptr);
  } catch (const std::exception& failure) {
    std::fprintf(stdout,
                 "ATC run failed, Please check the detail log, Try 'atc --help' for more "
                 "information\nE19999: Inner Error! %s\n",
                 failure.what());
    return 1;
  }
}
