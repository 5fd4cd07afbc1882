// Any bytes as the text file of a Caffe network.
#include <cstdint>
#include <span>

#include "compiler/caffe/caffe_graph.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const cairn::CaffeFile network{std::as_bytes(std::span(data, size)), "net.prototxt", nullptr};
  static_cast<void>(cairn::read_caffe(network, {{}, "net.caffemodel", nullptr}));
  return 0;
}
