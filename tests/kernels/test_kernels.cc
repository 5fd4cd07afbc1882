// Kernels for the tests of acl.op.create_kernel: what a program would write, and what goes wrong in programs.
#include <cairn/kernel.h>

#include <chrono>
#include <thread>

namespace {

using cairn::kernel::Block;

struct AddTiling {
  uint64_t elements;
  uint64_t tile;
};

/// Adds tile by tile; the tiles go to the blocks in turn.
template <class T>
void add(const Block& block) {
  const auto& tiling = block.tiling<AddTiling>();
  const auto a = block.input<T>(0);
  const auto b = block.input<T>(1);
  const auto c = block.output<T>(0);
  for (uint64_t at = block.index() * tiling.tile; at < tiling.elements; at += block.count() * tiling.tile) {
    const uint64_t count = std::min(tiling.tile, tiling.elements - at);
    const T* from_a = a.part(at, count).data();
    const T* from_b = b.part(at, count).data();
    T* to = c.part(at, count).data();
    for (uint64_t i = 0; i < count; ++i)
      to[i] = from_a[i] + from_b[i];
  }
}

}  // namespace

CAIRN_KERNEL(cce_add_float) {
  add<float>(block);
}

// The name in the manual's sample. NOLINTNEXTLINE(bugprone-reserved-identifier)
CAIRN_KERNEL(cce_add_11_33_float16_11_33_float16__kernel0) {
  add<cairn::kernel::Half>(block);
}

// Adds the input to what the output holds.
CAIRN_KERNEL(add_bytes) {
  const auto& tiling = block.tiling<AddTiling>();
  const auto from = block.input<unsigned char>(0);
  const auto to = block.output<unsigned char>(0);
  for (uint64_t at = block.index() * tiling.tile; at < tiling.elements; at += block.count() * tiling.tile)
    for (uint64_t i = at; i < std::min(at + tiling.tile, tiling.elements); ++i)
      to[i] = static_cast<unsigned char>(to[i] + from[i]);
}

// Each block writes its number, and how many there are.
CAIRN_KERNEL(write_block) {
  const auto out = block.output<uint32_t>(0);
  out[uint64_t{2} * block.index()] = block.index();
  out[uint64_t{2} * block.index() + 1] = block.count();
}

// Writes the number of bytes of every tensor and workspace, after it has filled the workspaces.
CAIRN_KERNEL(write_sizes) {
  const auto out = block.output<uint64_t>(0);
  uint64_t at = 0;
  for (uint32_t i = 0; i < block.inputs(); ++i)
    out[at++] = block.input<unsigned char>(i).size();
  for (uint32_t i = 0; i < block.outputs(); ++i)
    out[at++] = block.output<unsigned char>(i).size();
  for (uint32_t i = 0; i < block.workspaces(); ++i) {
    const auto room = block.workspace<unsigned char>(i);
    for (unsigned char& byte : room)
      byte = static_cast<unsigned char>(i + 1);
    out[at++] = room.size();
  }
  for (uint32_t i = 0; i < block.workspaces(); ++i)
    for (const unsigned char byte : block.workspace<unsigned char>(i))
      if (byte != i + 1) throw std::runtime_error("workspaces overlap");
}

// Copies the tiling data to the output.
CAIRN_KERNEL(write_tiling) {
  const auto from = block.tiling_bytes();
  std::copy(from.begin(), from.end(), block.output<unsigned char>(0).part(0, from.size()).begin());
}

CAIRN_KERNEL(throw_in_block_3) {
  if (block.index() == 3) throw std::runtime_error("three is too many");
}

CAIRN_KERNEL(throw_a_number) {
  throw 5;  // NOLINT(bugprone-std-exception-baseclass): that is the point.
}

CAIRN_KERNEL(leave_the_span) {
  const auto out = block.output<float>(0);
  out[out.size()] = 1;
}

CAIRN_KERNEL(read_a_third_input) {
  block.input<float>(2);
}

CAIRN_KERNEL(want_other_tiling) {
  block.tiling<AddTiling>();
}

CAIRN_KERNEL(write_to_nowhere) {
  volatile int* nowhere = reinterpret_cast<int*>(uintptr_t{16} + block.index());
  *nowhere = 1;
}

CAIRN_KERNEL(divide_by_zero) {
  volatile int zero = 0;
  volatile int result = 5 / zero;
  (void)result;
}

CAIRN_KERNEL(trap) {
  __builtin_trap();
}

CAIRN_KERNEL(sleep_20_ms) {
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
}

CAIRN_KERNEL(do_nothing) {}
