// Any bytes as a frozen TensorFlow graph: the reader in front of the engine's own.
#include <cstdint>
#include <span>

#include "compiler/tensorflow_file.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static_cast<void>(cairn::read_tensorflow(std::as_bytes(std::span(data, size)), "/nowhere/net.pb"));
  return 0;
}
