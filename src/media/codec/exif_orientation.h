// The Orientation tag of a JPEG stream's Exif block.
#pragma once

#include <cstdint>
#include <span>

namespace cairn {

/// How the stored picture has to be turned to stand upright, numbered as in Exif.
enum class Orientation : uint8_t {
  kUpright = 1,
  kMirroredLeftRight = 2,
  kTurnedHalf = 3,
  kMirroredTopBottom = 4,
  kTransposed = 5,
  kTurnRight = 6,  ///< A quarter turn clockwise makes it upright.
  kTransversed = 7,
  kTurnLeft = 8,
};

inline bool swaps_sides(Orientation orientation) {
  return orientation >= Orientation::kTransposed;
}

/// Reads the tag from the segments before the first scan. kUpright if there is none or it cannot be read
/// [JPD1-002].
Orientation read_orientation(std::span<const uint8_t> jpeg);

}  // namespace cairn
