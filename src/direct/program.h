// A program of stages, and the memory between them: what many single operators are made of. It runs without
// the engine, so that making one costs microseconds and a short run less.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "acl/acl_base.h"
#include "direct/stage.h"

namespace cairn {
class Scheduler;
}

namespace cairn::direct {

/// Memory of a run: an input, an output, a constant, or what one stage writes for another.
using BufferId = size_t;

/// Immutable once it is finished; then run by any number of threads.
class Program {
 public:
  /// Inputs come in their order.
  BufferId add_input(aclDataType type, size_t bytes);
  BufferId add_constant(aclDataType type, std::vector<std::byte> bytes);
  /// For stages to write.
  BufferId add_buffer(aclDataType type, size_t bytes);
  /// Runs after those that were added before. Stages may write one buffer one after the other.
  void add_stage(std::unique_ptr<Stage> stage, std::vector<BufferId> inputs, std::vector<BufferId> outputs);
  /// Makes a buffer that stages write the next output. False if it is none of those, or an output already.
  bool add_output(BufferId buffer);
  /// Places the buffers. False if they need too much memory: then the engine, which writes fewer, is faster.
  bool finish();

  aclDataType type_of(BufferId buffer) const { return buffers_[buffer].type; }
  size_t bytes_of(BufferId buffer) const { return buffers_[buffer].bytes; }
  /// Of a run in one thread, roughly.
  double nanoseconds() const { return nanoseconds_; }
  /// Addresses may have any alignment. `workers` share long stages; null: the calling thread does all. Throws
  /// std::bad_alloc.
  void run(std::span<const void* const> inputs, std::span<void* const> outputs, FloatOverflow& overflow,
           Scheduler* workers) const;

 private:
  enum class Place : uint8_t { kInput, kOutput, kConstant, kBetween };
  struct Buffer {
    Place place;
    aclDataType type;
    size_t bytes;
    size_t at = 0;  ///< Its index among inputs, outputs or constants; of one between stages, its offset.
  };
  struct Placed {
    std::unique_ptr<Stage> stage;
    std::vector<BufferId> inputs;
    std::vector<BufferId> outputs;
  };

  bool is_aligned(std::span<const void* const> inputs, std::span<void* const> outputs) const;
  void run_copies(std::span<const void* const> inputs, std::span<void* const> outputs,
                  FloatOverflow& overflow, Scheduler* workers) const;

  void run_stages(std::span<const void* const> inputs, std::span<void* const> outputs,
                  FloatOverflow& overflow, Scheduler* workers) const;

  std::vector<Buffer> buffers_;
  std::vector<BufferId> inputs_;
  std::vector<BufferId> outputs_;
  std::vector<std::vector<std::byte>> constants_;
  std::vector<Placed> stages_;
  std::vector<bool> halves_are_finite_;  ///< One per output: its stage saturates half floats.
  size_t most_arguments_ = 0;            ///< Of a stage.
  size_t between_bytes_ = 0;
  bool takes_any_alignment_ = true;
  bool is_one_stage_ = false;  ///< Its arguments are those of the program.
  double nanoseconds_ = 0;
};

}  // namespace cairn::direct
