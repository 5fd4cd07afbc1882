// A picture in memory.
#pragma once

#include <cstddef>
#include <cstdint>

#include "media/image/pixel_format.h"

namespace cairn {

/// A picture whose memory belongs to somebody else: `format->memory_size(width_stride, height_stride)` bytes
/// from `data`.
struct Picture {
  const PixelFormat* format = nullptr;
  uint32_t width = 0;          ///< Pixels.
  uint32_t height = 0;         ///< Pixels.
  uint32_t width_stride = 0;   ///< Bytes from one line of the first plane to the next.
  uint32_t height_stride = 0;  ///< Lines of the first plane.
  std::byte* data = nullptr;

  /// The start of a component's plane, and the distance of its lines.
  std::byte* plane(const ComponentLayout& component) const {
    return data + (component.plane == 0 ? 0 : size_t{width_stride} * height_stride);
  }
  size_t plane_stride(const ComponentLayout& component) const {
    return component.plane == 0 ? width_stride : format->chroma_stride(width_stride);
  }
};

/// Pixels left <= x <= right, top <= y <= bottom [M1-016].
struct Rectangle {
  uint32_t left = 0;
  uint32_t right = 0;
  uint32_t top = 0;
  uint32_t bottom = 0;

  uint32_t width() const { return right - left + 1; }
  uint32_t height() const { return bottom - top + 1; }
  bool operator==(const Rectangle&) const = default;
};

inline Rectangle whole(const Picture& picture) {
  return {0, picture.width - 1, 0, picture.height - 1};
}

}  // namespace cairn
