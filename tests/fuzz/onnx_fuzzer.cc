// Any bytes as an ONNX file: the reader in front of the engine's own.
#include <cstdint>
#include <span>

#include "compiler/onnx_file.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static_cast<void>(cairn::read_onnx(std::as_bytes(std::span(data, size)), "/nowhere/net.onnx"));
  return 0;
}
