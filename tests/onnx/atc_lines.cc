// `atc` many times in one process, for suites of thousands of small networks: each line of the input holds
// the words of one command line, separated by tabs. The answer is the exit code, a tab and the number of
// bytes of the text in one line, then the text.
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <string>
#include <vector>

#include "compiler/atc.h"

namespace {

std::vector<std::string> split(const std::string& line) {
  std::vector<std::string> words;
  for (size_t at = 0; at <= line.size();) {
    const size_t end = std::min(line.find('\t', at), line.size());
    words.push_back(line.substr(at, end - at));
    at = end + 1;
  }
  return words;
}

}  // namespace

int main() {
  for (std::string line; std::getline(std::cin, line);) {
    char* text = nullptr;
    size_t size = 0;
    std::FILE* const out = ::open_memstream(&text, &size);
    if (out == nullptr) return 1;
    const int code = cairn::run_atc(split(line), out, nullptr);
    std::fclose(out);
    std::printf("%d\t%zu\n", code, size);
    std::fwrite(text, 1, size, stdout);
    std::fflush(stdout);
    std::free(text);
  }
  return 0;
}
