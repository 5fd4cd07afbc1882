#include "direct/move_stage.h"

#include <algorithm>
#include <cstring>
#include <span>

namespace cairn::direct {
namespace {

using Axis = Move::Axis;

/// Axes of one element go, and those that lie like one in both tensors become one.
std::vector<Axis> merged(const std::vector<Axis>& axes) {
  std::vector<Axis> kept;
  for (const Axis& axis : axes) {
    if (axis.count == 1) continue;
    if (!kept.empty() && kept.back().from == axis.from * axis.count && kept.back().to == axis.to * axis.count)
      kept.back() = {kept.back().count * axis.count, axis.from, axis.to};
    else
      kept.push_back(axis);
  }
  return kept;
}

/// Two axes, of which one goes through elements side by side in the source and the other in the target: in
/// squares, so that no line of the cache is fetched more than once.
template <class T>
void copy_crossed(const Axis& rows, const Axis& columns, const T* from, T* to) {
  constexpr int64_t kSide = 16;
  for (int64_t i = 0; i < rows.count; i += kSide)
    for (int64_t j = 0; j < columns.count; j += kSide) {
      const int64_t last_row = std::min(i + kSide, rows.count);
      const int64_t last_column = std::min(j + kSide, columns.count);
      for (int64_t row = i; row < last_row; ++row)
        for (int64_t column = j; column < last_column; ++column)
          to[row * rows.to + column * columns.to] = from[row * rows.from + column * columns.from];
    }
}

template <class T>
void copy_line(const Axis& axis, const T* from, T* to) {
  if (axis.from == 1 && axis.to == 1) {
    std::memcpy(to, from, static_cast<size_t>(axis.count) * sizeof(T));
  } else if (axis.from == 0 && axis.to == 1) {
    std::fill_n(to, axis.count, *from);
  } else {
    for (int64_t i = 0; i < axis.count; ++i)
      to[i * axis.to] = from[i * axis.from];
  }
}

/// `crosses`: the last two axes are copied in squares.
template <class T>
void copy_box(std::span<const Axis> axes, bool crosses, const T* from, T* to) {
  if (axes.empty()) {
    *to = *from;
  } else if (axes.size() == 1) {
    copy_line(axes[0], from, to);
  } else if (axes.size() == 2 && crosses) {
    copy_crossed(axes[0], axes[1], from, to);
  } else {
    for (int64_t i = 0; i < axes[0].count; ++i)
      copy_box(axes.subspan(1), crosses, from + i * axes[0].from, to + i * axes[0].to);
  }
}

template <class T>
void copy_piece(const Move& piece, const void* from, void* to) {
  const std::span<const Axis> axes = piece.axes;
  const bool crosses = axes.size() >= 2 && axes[axes.size() - 2].from == 1;
  copy_box(axes, crosses, static_cast<const T*>(from) + piece.from, static_cast<T*>(to) + piece.to);
}

/// The axis that goes through elements side by side in the source comes last but one.
void bring_together(std::vector<Axis>& axes) {
  if (axes.size() < 2 || axes.back().from == 1) return;
  const auto found = std::find_if(axes.begin(), axes.end(), [](const Axis& axis) { return axis.from == 1; });
  if (found != axes.end()) std::rotate(found, found + 1, axes.end() - 1);
}

}  // namespace

MoveStage::MoveStage(size_t element_bytes, std::vector<Move> moves) : element_bytes_(element_bytes) {
  constexpr int64_t kElementsOfPiece = int64_t{32} << 10;
  for (Move& move : moves) {
    move.axes = merged(move.axes);
    int64_t elements = 1;
    for (const Axis& axis : move.axes)
      elements *= axis.count;
    if (elements == 0) continue;
    bring_together(move.axes);
    const bool in_lines = move.axes.empty() || (move.axes.back().from == 1 && move.axes.back().to == 1);
    const double lines =
        static_cast<double>(elements) / static_cast<double>(move.axes.empty() ? 1 : move.axes.back().count);
    nanoseconds_ +=
        in_lines ? lines * 4 + static_cast<double>(elements) * static_cast<double>(element_bytes) * 0.03
                 : static_cast<double>(elements);
    // Pieces of the axis that has most elements.
    const auto longest = std::ranges::max_element(move.axes, {}, &Axis::count);
    const int64_t pieces =
        move.axes.empty() ? 1 : std::clamp<int64_t>(elements / kElementsOfPiece, 1, longest->count);
    const auto axis = static_cast<size_t>(longest - move.axes.begin());
    for (int64_t i = 0; i < pieces; ++i) {
      Move piece = move;
      if (pieces > 1) {
        Axis& part = piece.axes[axis];
        const int64_t begin = part.count * i / pieces;
        piece.from += begin * part.from;
        piece.to += begin * part.to;
        part.count = part.count * (i + 1) / pieces - begin;
      }
      pieces_.push_back(std::move(piece));
    }
  }
}

void MoveStage::run(size_t part, std::span<const void* const> inputs, std::span<void* const> outputs,
                    FloatOverflow& /*overflow*/) const {
  const Move& piece = pieces_[part];
  const void* const from = inputs[piece.input];
  switch (element_bytes_) {
    case 1:
      return copy_piece<uint8_t>(piece, from, outputs[0]);
    case 2:
      return copy_piece<uint16_t>(piece, from, outputs[0]);
    case 4:
      return copy_piece<uint32_t>(piece, from, outputs[0]);
    default:
      return copy_piece<uint64_t>(piece, from, outputs[0]);
  }
}

GatherStage::GatherStage(const Shape& shape, bool wide_places)
    : shape_(shape),
      wide_places_(wide_places),
      rows_of_part_(std::max<size_t>(1, (size_t{128} << 10) / std::max<size_t>(shape.inner_bytes, 1))) {}

double GatherStage::nanoseconds() const {
  constexpr double kOfRow = 5;
  return static_cast<double>(shape_.outer * shape_.count) *
         (kOfRow + 0.05 * static_cast<double>(shape_.inner_bytes));
}

template <class Place>
void GatherStage::copy_rows(const std::byte* from, const Place* places, std::byte* to, size_t begin,
                            size_t end) const {
  const auto n = static_cast<int64_t>(shape_.n);
  const size_t bytes = shape_.inner_bytes;
  for (size_t row = begin; row < end; ++row) {
    const size_t outer = row / shape_.count;
    int64_t place = places[row % shape_.count];
    if (place < 0) place += n;
    if (place < 0 || place >= n)
      std::memset(to + row * bytes, 0, bytes);
    else
      std::memcpy(to + row * bytes, from + (outer * shape_.n + static_cast<size_t>(place)) * bytes, bytes);
  }
}

void GatherStage::run(size_t part, std::span<const void* const> inputs, std::span<void* const> outputs,
                      FloatOverflow& /*overflow*/) const {
  const auto* const from = static_cast<const std::byte*>(inputs[0]);
  auto* const to = static_cast<std::byte*>(outputs[0]);
  const size_t begin = part * rows_of_part_;
  const size_t end = std::min(begin + rows_of_part_, shape_.outer * shape_.count);
  if (wide_places_)
    copy_rows(from, static_cast<const int64_t*>(inputs[1]), to, begin, end);
  else
    copy_rows(from, static_cast<const int32_t*>(inputs[1]), to, begin, end);
}

}  // namespace cairn::direct
