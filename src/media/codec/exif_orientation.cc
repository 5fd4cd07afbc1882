#include "media/codec/exif_orientation.h"

#include <algorithm>
#include <array>
#include <optional>

namespace cairn {
namespace {

using Bytes = std::span<const uint8_t>;

/// Reads integers of a TIFF block; past its end there is nothing.
class TiffReader {
 public:
  TiffReader(Bytes block, bool big_endian) : block_(block), big_endian_(big_endian) {}

  std::optional<uint32_t> integer(size_t at, int size) const {
    if (at > block_.size() || block_.size() - at < static_cast<size_t>(size)) return std::nullopt;
    uint32_t value = 0;
    for (int i = 0; i < size; ++i)
      value = (value << 8) | block_[at + (big_endian_ ? i : size - 1 - i)];
    return value;
  }

 private:
  Bytes block_;
  bool big_endian_;
};

Orientation orientation_of_tiff(Bytes block) {
  constexpr uint32_t kOrientationTag = 0x0112;
  constexpr uint32_t kShort = 3;
  if (block.size() < 8 || block[0] != block[1] || (block[0] != 'I' && block[0] != 'M'))
    return Orientation::kUpright;
  const TiffReader tiff(block, block[0] == 'M');
  if (tiff.integer(2, 2) != 42U) return Orientation::kUpright;
  const uint32_t directory = *tiff.integer(4, 4);
  const uint32_t entries = tiff.integer(directory, 2).value_or(0);
  for (uint32_t i = 0; i < entries; ++i) {
    const size_t entry = size_t{directory} + 2 + size_t{12} * i;
    const auto value = tiff.integer(entry + 8, 2);
    if (!value) break;
    if (tiff.integer(entry, 2) != kOrientationTag) continue;
    const bool usable = tiff.integer(entry + 2, 2) == kShort && *value >= 1 && *value <= 8;
    return usable ? static_cast<Orientation>(*value) : Orientation::kUpright;
  }
  return Orientation::kUpright;
}

}  // namespace

Orientation read_orientation(Bytes jpeg) {
  constexpr uint8_t kApp1 = 0xE1;
  constexpr uint8_t kStartOfScan = 0xDA;
  constexpr std::array<uint8_t, 6> kExif = {'E', 'x', 'i', 'f', 0, 0};
  size_t at = 2;
  while (at + 4 <= jpeg.size() && jpeg[at] == 0xFF) {
    const uint8_t marker = jpeg[at + 1];
    if (marker == 0xFF) {  // A fill byte.
      ++at;
      continue;
    }
    const size_t length = size_t{jpeg[at + 2]} << 8 | jpeg[at + 3];
    if (marker == kStartOfScan || length < 2 || length + 2 > jpeg.size() - at) break;
    const Bytes segment = jpeg.subspan(at + 4, length - 2);
    if (marker == kApp1 && segment.size() > kExif.size() &&
        std::equal(kExif.begin(), kExif.end(), segment.begin()))
      return orientation_of_tiff(segment.subspan(kExif.size()));
    at += 2 + length;
  }
  return Orientation::kUpright;
}

}  // namespace cairn
