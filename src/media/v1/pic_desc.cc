#include "media/v1/pic_desc.h"

#include <array>

namespace cairn {

bool is_pixel_format(int value) {
  struct Range {
    int first;
    int last;
  };
  constexpr std::array kRanges = {Range{0, 40}, Range{50, 54}, Range{70, 84}, Range{1000, 1003},
                                  Range{10000, 10000}};
  for (const Range& range : kRanges)
    if (value >= range.first && value <= range.last) return true;
  return false;
}

}  // namespace cairn
