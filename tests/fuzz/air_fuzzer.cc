// Any bytes as a MindSpore AIR file.
#include <cstdint>
#include <span>

#include "compiler/air_file.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static_cast<void>(cairn::read_air(std::as_bytes(std::span(data, size)), "/nowhere/net.air"));
  return 0;
}
