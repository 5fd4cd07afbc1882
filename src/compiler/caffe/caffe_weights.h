// The weights of a caffemodel file: the blobs of each layer, where they lie in the file.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace cairn {

/// float32 values.
struct CaffeBlob {
  std::vector<int64_t> dims;
  std::span<const std::byte> bytes;    ///< 4 for each value; may be unaligned.
  std::shared_ptr<const void> keeper;  ///< Of bytes that had to be gathered; null if they lie in the file.

  int64_t count() const { return static_cast<int64_t>(bytes.size() / sizeof(float)); }
};

using CaffeWeights = std::map<std::string, std::vector<CaffeBlob>, std::less<>>;

/// Reads the bytes of a file; memory stays within a small multiple of its size. `path` is for messages.
Result<CaffeWeights> read_caffe_weights(std::span<const std::byte> file, std::string_view path);

}  // namespace cairn
