// Any bytes as the weights of a small Caffe network.
#include <cstdint>
#include <span>
#include <string_view>

#include "compiler/caffe/caffe_graph.h"

namespace {

constexpr std::string_view kNetwork = R"(
input: "x" input_shape { dim: 1 dim: 2 dim: 4 dim: 4 }
layer { name: "c" type: "Convolution" bottom: "x" top: "c" convolution_param { num_output: 2 kernel_size: 3 } }
layer { name: "n" type: "BatchNorm" bottom: "c" top: "c" }
layer { name: "s" type: "Scale" bottom: "c" top: "c" scale_param { bias_term: true } }
layer { name: "p" type: "PReLU" bottom: "c" top: "c" }
layer { name: "f" type: "InnerProduct" bottom: "c" top: "f" inner_product_param { num_output: 3 } }
)";

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const cairn::CaffeFile network{std::as_bytes(std::span(kNetwork)), "net.prototxt", nullptr};
  static_cast<void>(
      cairn::read_caffe(network, {std::as_bytes(std::span(data, size)), "net.caffemodel", nullptr}));
  return 0;
}
