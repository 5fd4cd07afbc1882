// How the elements of a matrix lie in memory: by rows, by rows of its transpose, or in fractals
// (ACL_TRANS_NZ).
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "acl/ops/acl_cblas.h"

namespace cairn::blas {

/// rows x columns as the product sees them, that is after the transposition.
struct MatrixLayout {
  aclTransType order = ACL_TRANS_N;
  int32_t rows = 0;
  int32_t columns = 0;
  int32_t line = 0;  ///< Elements from one stored row to the next; of no meaning for fractals.
  // Of fractals:
  int16_t block_rows = 16;
  int16_t block_columns = 16;
  bool blocks_by_rows = false;  ///< The blocks of one row follow each other; else those of one column.

  bool is_fractal() const { return order == ACL_TRANS_NZ; }
  int64_t stored_rows() const { return order == ACL_TRANS_T ? columns : rows; }
  int64_t stored_columns() const { return order == ACL_TRANS_T ? rows : columns; }
  /// Elements from the first to the last, padding of fractals included.
  int64_t elements() const {
    if (!is_fractal()) return (stored_rows() - 1) * line + stored_columns();
    return row_blocks() * block_rows * column_blocks() * block_columns;
  }
  int64_t row_blocks() const { return (int64_t{rows} + block_rows - 1) / block_rows; }
  int64_t column_blocks() const { return (int64_t{columns} + block_columns - 1) / block_columns; }
  /// The first element of row `row` within block column `block`; block_columns of them lie side by side.
  int64_t fractal_offset(int64_t row, int64_t block) const {
    const int64_t row_block = row / block_rows;
    const int64_t number =
        blocks_by_rows ? row_block * column_blocks() + block : block * row_blocks() + row_block;
    return (number * block_rows + row % block_rows) * block_columns;
  }
};

/// Copies a matrix without gaps, row by row as it is stored, fractals row by row as they are meant.
/// copy(from, to, count) copies `count` elements at offset `from` to offset `to`.
template <class Copy>
void copy_compact(const MatrixLayout& layout, Copy copy) {
  if (layout.is_fractal()) {
    for (int64_t row = 0; row < layout.rows; ++row)
      for (int64_t block = 0; block < layout.column_blocks(); ++block) {
        const int64_t first = block * layout.block_columns;
        const int64_t count = std::min<int64_t>(layout.columns - first, layout.block_columns);
        copy(layout.fractal_offset(row, block), row * layout.columns + first, static_cast<size_t>(count));
      }
  } else if (layout.line == layout.stored_columns()) {
    copy(0, 0, static_cast<size_t>(layout.stored_rows() * layout.stored_columns()));
  } else {
    for (int64_t row = 0; row < layout.stored_rows(); ++row)
      copy(row * layout.line, row * layout.stored_columns(), static_cast<size_t>(layout.stored_columns()));
  }
}

}  // namespace cairn::blas
