// An operator of one's own: C = A + B for float32 matrices, tile by tile. tiled_add.py builds and runs it.
#include <cairn/kernel.h>

namespace {

// What the selector in tiled_add.py chooses for each shape.
struct Tiling {
  uint64_t rows, columns;            // Of the matrices.
  uint64_t tile_rows, tile_columns;  // Of a tile; those at the right and lower edge may be smaller.
};

void add_tile(const Tiling& size, uint64_t top, uint64_t left, const cairn::kernel::Span<const float>& a,
              const cairn::kernel::Span<const float>& b, const cairn::kernel::Span<float>& c) {
  const uint64_t bottom = std::min(top + size.tile_rows, size.rows);
  const uint64_t width = std::min(size.tile_columns, size.columns - left);
  for (uint64_t row = top; row < bottom; ++row) {
    // part() checks the bounds once; the loop then runs on plain pointers, which the compiler vectorises.
    const uint64_t start = row * size.columns + left;
    const float* first = a.part(start, width).data();
    const float* second = b.part(start, width).data();
    float* sum = c.part(start, width).data();
    for (uint64_t i = 0; i < width; ++i)
      sum[i] = first[i] + second[i];
  }
}

}  // namespace

// The tiles are dealt to the blocks in turn.
CAIRN_KERNEL(add_tiles_float) {
  const auto& size = block.tiling<Tiling>();
  const auto a = block.input<float>(0);
  const auto b = block.input<float>(1);
  const auto c = block.output<float>(0);
  const uint64_t across = (size.columns + size.tile_columns - 1) / size.tile_columns;
  const uint64_t down = (size.rows + size.tile_rows - 1) / size.tile_rows;
  for (uint64_t tile = block.index(); tile < across * down; tile += block.count())
    add_tile(size, tile / across * size.tile_rows, tile % across * size.tile_columns, a, b, c);
}
