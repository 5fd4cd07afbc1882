#include "media/v1/resize_config.h"

namespace cairn {

Status ResizeConfig::set_interpolation(uint32_t value) {
  if (value > kHighOrder)
    return error(ACL_ERROR_INVALID_PARAM, "VPC1-087",
                 "interpolation {} does not exist; give 0 (default), 1 or 3 (bilinear), 2 or 4 (nearest "
                 "neighbour) or 5 (high "
                 "order)",
                 value);
  value_.store(value | kWasSet, std::memory_order_relaxed);
  return {};
}

ResizeConfig::Choice ResizeConfig::choice(SocFamily family) const {
  constexpr Choice kBilinear{Interpolation::kBilinear, false};
  constexpr Choice kNearest{Interpolation::kNearest, false};
  constexpr Choice kFilter{Interpolation::kBicubic, true};
  const uint32_t value = value_.load(std::memory_order_relaxed);
  switch (value & ~kWasSet) {
    case 0:
      return (value & kWasSet) != 0 && family == SocFamily::k310B ? kFilter : kBilinear;
    case 2:
    case 4:
      return kNearest;
    case kHighOrder:
      return kFilter;
    default:
      return kBilinear;
  }
}

}  // namespace cairn
