// A Caffe network as its prototxt describes it, for the phase TEST.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "compiler/caffe/caffe.pb.h"

namespace cairn {

struct CaffeInput {
  std::string name;
  std::vector<int64_t> dims;
};

/// Old layers (`layers`) have become new ones (`layer`).
struct CaffeNet {
  std::vector<CaffeInput> inputs;
  std::vector<caffe::LayerParameter> layers;  ///< Without inputs and what TEST leaves out.
};

/// Reads the bytes of a file within a bounded amount of memory. `path` is for messages. Fields that the
/// schema does not have are errors, all in one message, except in layers that TEST leaves out.
Result<CaffeNet> read_caffe_net(std::span<const std::byte> file, std::string_view path);

}  // namespace cairn
