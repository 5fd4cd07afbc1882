// atc: converts a model of a framework to an offline model. See src/compiler/atc.h.
#include <unistd.h>

#include <cstdio>
#include <exception>
#include <string>
#include <vector>

#include "compiler/atc.h"

int main(int argc, char** argv) {
  try {
    const std::vector<std::string> words(argv + 1, argv + argc);
    return cairn::run_atc(words, stdout, ::isatty(STDERR_FILENO) ? stderr : nullptr);
  } catch (const std::exception& failure) {
    std::fprintf(stdout,
                 "ATC run failed, Please check the detail log, Try 'atc --help' for more "
                 "information\nE19999: Inner Error! %s\n",
                 failure.what());
    return 1;
  }
}
