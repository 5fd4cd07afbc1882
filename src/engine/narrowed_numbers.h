// What the CPU plugin computes with fewer bits than a network says: float64 as float32, and whole numbers of
// 64 bits, or of 32 without a sign, as int32.
#pragma once

#include <cstdint>
#include <memory>
#include <openvino/core/model.hpp>
#include <string>
#include <vector>

namespace cairn {

struct NarrowedNumbers {
  /// Those that compute with float64. Casts lose nothing that their types would keep.
  std::vector<std::shared_ptr<ov::Node>> doubles;
  /// Constants with a number beyond int32 that the network computes with. Ends of slices and bounds of the
  /// numbers, which mean "as far as it goes", stay that when they are cut.
  struct Constant {
    std::shared_ptr<ov::Node> node;
    std::string number;
  };
  std::vector<Constant> constants;
};

/// In order. Whole numbers that follow from shapes and constants are not narrowed: the engine computes them
/// when it compiles the network.
NarrowedNumbers find_narrowed_numbers(const ov::Model& network);

}  // namespace cairn
