// Stages that move elements without looking at them.
#pragma once

#include <cstdint>
#include <vector>

#include "direct/stage.h"

namespace cairn::direct {

/// A box of elements, and how it lies in two tensors. Counted in elements.
struct Move {
  struct Axis {
    int64_t count;
    int64_t from;  ///< From one element to the next, in the source; may be negative or 0.
    int64_t to;
  };
  size_t input = 0;  ///< Which one it comes from.
  int64_t from = 0;  ///< Its first element.
  int64_t to = 0;
  std::vector<Axis> axes;  ///< The last one is that of elements side by side in the target, if there is one.
};

/// Each move writes other elements of the one output; all that no move writes stays as it is.
class MoveStage final : public Stage {
 public:
  /// Elements have 1, 2, 4 or 8 bytes.
  MoveStage(size_t element_bytes, std::vector<Move> moves);

  double nanoseconds() const override { return nanoseconds_; }
  size_t parts() const override { return pieces_.size(); }
  void run(size_t part, std::span<const void* const> inputs, std::span<void* const> outputs,
           FloatOverflow& overflow) const override;

 private:
  const size_t element_bytes_;
  std::vector<Move> pieces_;
  double nanoseconds_ = 0;
};

/// From [outer, n, inner] to [outer, count, inner], by places along the middle axis. The second input holds
/// them, int32 or int64; negative ones count from the end, and what lies outside becomes 0.
class GatherStage final : public Stage {
 public:
  struct Shape {
    size_t outer;
    size_t n;
    size_t inner_bytes;
    size_t count;
  };
  GatherStage(const Shape& shape, bool wide_places);

  double nanoseconds() const override;
  size_t parts() const override { return (shape_.outer * shape_.count + rows_of_part_ - 1) / rows_of_part_; }
  void run(size_t part, std::span<const void* const> inputs, std::span<void* const> outputs,
           FloatOverflow& overflow) const override;

 private:
  template <class Place>
  void copy_rows(const std::byte* from, const Place* places, std::byte* to, size_t begin, size_t end) const;

  const Shape shape_;
  const bool wide_places_;
  const size_t rows_of_part_;
};

}  // namespace cairn::direct
