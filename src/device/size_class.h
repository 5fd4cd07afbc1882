// The sizes in which device memory is given out: small blocks, which share a region, and whole regions.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace cairn {

/// Device memory is divided into regions of 64 KiB.
constexpr size_t kRegionShift = 16;
constexpr size_t kRegionBytes = size_t{1} << kRegionShift;
/// Regions for that many bytes.
constexpr size_t regions_for(size_t bytes) {
  return (bytes + kRegionBytes - 1) >> kRegionShift;
}

/// Sizes of small blocks: at most 33 % waste, all multiples of kBlockStep.
constexpr size_t kBlockStep = 64;
constexpr std::array<size_t, 16> kBlockSizes = {64,   128,  192,  256,  384,  512,  768,   1024,
                                                1536, 2048, 3072, 4096, 6144, 8192, 12288, 16384};
constexpr size_t kSmallClasses = kBlockSizes.size();
/// Up to the size of the largest allocation that never has huge pages (1 MiB and its spare bytes) each number
/// of regions is a class, too.
constexpr size_t kMostClassRegions = 17;
constexpr size_t kSizeClasses = kSmallClasses + kMostClassRegions;

constexpr bool is_small_class(size_t size_class) {
  return size_class < kSmallClasses;
}
constexpr size_t class_of_regions(size_t regions) {
  return kSmallClasses + regions - 1;
}
constexpr size_t bytes_of_class(size_t size_class) {
  return is_small_class(size_class) ? kBlockSizes[size_class]
                                    : (size_class - kSmallClasses + 1) << kRegionShift;
}

namespace size_class_detail {
/// By the number of steps, rounded up: the smallest small class.
constexpr auto kClassOfSteps = [] {
  std::array<uint8_t, kBlockSizes.back() / kBlockStep + 1> classes{};
  for (size_t steps = 0, size_class = 0; steps < classes.size(); ++steps) {
    if (steps * kBlockStep > kBlockSizes[size_class]) ++size_class;
    classes[steps] = static_cast<uint8_t>(size_class);
  }
  return classes;
}();
}  // namespace size_class_detail

/// The class for `size` bytes at a multiple of `alignment`, a power of two of at most kRegionBytes;
/// kSizeClasses or more for sizes beyond all classes.
constexpr size_t size_class_for(size_t size, size_t alignment) {
  if (size > kBlockSizes.back()) return class_of_regions(regions_for(size));
  size_t size_class = size_class_detail::kClassOfSteps[(size + kBlockStep - 1) / kBlockStep];
  while (alignment > kBlockStep && is_small_class(size_class) && kBlockSizes[size_class] % alignment != 0)
    ++size_class;
  return size_class;  // One past the small ones is one region.
}

}  // namespace cairn
