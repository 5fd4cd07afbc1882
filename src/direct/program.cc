#include "direct/program.h"

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <cstring>
#include <new>

#include "device/scheduler.h"
#include "tensor/data_type.h"

namespace cairn::direct {
namespace {

constexpr size_t kAlignment = 64;

size_t round_up(size_t bytes) {
  return (bytes + kAlignment - 1) / kAlignment * kAlignment;
}

struct Free {
  void operator()(std::byte* memory) const { std::free(memory); }
};
using Memory = std::unique_ptr<std::byte, Free>;

Memory allocate(size_t bytes) {
  Memory memory(
      static_cast<std::byte*>(std::aligned_alloc(kAlignment, round_up(std::max<size_t>(bytes, 1)))));
  if (!memory) throw std::bad_alloc();
  return memory;
}

/// Memory of one run, kept by each thread for its next one unless it is much.
class RunMemory {
 public:
  explicit RunMemory(size_t bytes) {
    if (bytes <= kept_bytes) return;
    kept_bytes = 0;
    kept = allocate(bytes);
    kept_bytes = bytes;
  }
  RunMemory(const RunMemory&) = delete;
  RunMemory& operator=(const RunMemory&) = delete;
  ~RunMemory() {
    constexpr size_t kMostKept = size_t{16} << 20;
    if (kept_bytes <= kMostKept) return;
    kept.reset();
    kept_bytes = 0;
  }
  std::byte* data() const { return kept.get(); }

 private:
  static inline thread_local Memory kept;
  static inline thread_local size_t kept_bytes = 0;
};

void run_stage(const Stage& stage, std::span<const void* const> inputs, std::span<void* const> outputs,
               FloatOverflow& overflow, Scheduler* workers) {
  constexpr double kWorthSharing = 8'000;  // Nanoseconds.
  const size_t parts = stage.parts();
  if (workers == nullptr || parts < 2 || stage.nanoseconds() < kWorthSharing) {
    for (size_t part = 0; part < parts; ++part)
      stage.run(part, inputs, outputs, overflow);
    return;
  }
  struct Shared {
    const Stage& stage;
    std::span<const void* const> inputs;
    std::span<void* const> outputs;
    bool saturate;
    std::atomic<bool> seen{false};
    std::atomic<bool> lacked_memory{false};

    void run(size_t part) {
      FloatOverflow mine{.saturate = saturate};
      try {
        stage.run(part, inputs, outputs, mine);
      } catch (const std::bad_alloc&) {
        lacked_memory.store(true, std::memory_order_relaxed);
      }
      if (mine.seen) seen.store(true, std::memory_order_relaxed);
    }
  } shared{stage, inputs, outputs, overflow.saturate};
  workers->run_parts(
      parts, [](void* argument, size_t part) { static_cast<Shared*>(argument)->run(part); }, &shared);
  if (shared.lacked_memory.load(std::memory_order_relaxed)) throw std::bad_alloc();
  overflow.seen |= shared.seen.load(std::memory_order_relaxed);
}

}  // namespace

BufferId Program::add_input(aclDataType type, size_t bytes) {
  buffers_.push_back({Place::kInput, type, bytes, inputs_.size()});
  inputs_.push_back(buffers_.size() - 1);
  return inputs_.back();
}

BufferId Program::add_constant(aclDataType type, std::vector<std::byte> bytes) {
  buffers_.push_back({Place::kConstant, type, bytes.size(), constants_.size()});
  constants_.push_back(std::move(bytes));
  return buffers_.size() - 1;
}

BufferId Program::add_buffer(aclDataType type, size_t bytes) {
  buffers_.push_back({Place::kBetween, type, bytes});
  return buffers_.size() - 1;
}

void Program::add_stage(std::unique_ptr<Stage> stage, std::vector<BufferId> inputs,
                        std::vector<BufferId> outputs) {
  constexpr double kOfAnyStage = 50;
  nanoseconds_ += stage->nanoseconds() + kOfAnyStage;
  takes_any_alignment_ = takes_any_alignment_ && stage->works_by_elements();
  most_arguments_ = std::max(most_arguments_, inputs.size() + outputs.size());
  stages_.push_back({std::move(stage), std::move(inputs), std::move(outputs)});
}

bool Program::add_output(BufferId buffer) {
  Buffer& output = buffers_[buffer];
  if (output.place != Place::kBetween) return false;
  output.place = Place::kOutput;
  output.at = outputs_.size();
  outputs_.push_back(buffer);
  const auto writer = std::ranges::find_if(stages_, [&](const Placed& placed) {
    return std::ranges::find(placed.outputs, buffer) != placed.outputs.end();
  });
  const bool by_elements = writer != stages_.end() && writer->stage->works_by_elements();
  halves_are_finite_.push_back(by_elements || output.type != ACL_FLOAT16);
  return true;
}

bool Program::finish() {
  constexpr size_t kMostBetween = size_t{64} << 20;
  for (Buffer& buffer : buffers_) {
    if (buffer.place != Place::kBetween) continue;
    buffer.at = between_bytes_;
    between_bytes_ += round_up(buffer.bytes);
    if (between_bytes_ > kMostBetween) return false;
  }
  is_one_stage_ = stages_.size() == 1 && stages_[0].inputs == inputs_ && stages_[0].outputs == outputs_;
  return true;
}

bool Program::is_aligned(std::span<const void* const> inputs, std::span<void* const> outputs) const {
  const auto fits = [&](const void* address, BufferId id) {
    const Buffer& buffer = buffers_[id];
    return buffer.bytes == 0 || reinterpret_cast<uintptr_t>(address) % data_type_size(buffer.type) == 0;
  };
  for (size_t i = 0; i < inputs_.size(); ++i)
    if (!fits(inputs[i], inputs_[i])) return false;
  for (size_t i = 0; i < outputs_.size(); ++i)
    if (!fits(outputs[i], outputs_[i])) return false;
  return true;
}

/// With copies of all inputs and outputs at aligned addresses.
void Program::run_copies(std::span<const void* const> inputs, std::span<void* const> outputs,
                         FloatOverflow& overflow, Scheduler* workers) const {
  std::vector<Memory> copies;
  std::vector<const void*> from;
  std::vector<void*> to;
  for (size_t i = 0; i < inputs_.size(); ++i) {
    copies.push_back(allocate(bytes_of(inputs_[i])));
    std::memcpy(copies.back().get(), inputs[i], bytes_of(inputs_[i]));
    from.push_back(copies.back().get());
  }
  for (const BufferId output : outputs_) {
    copies.push_back(allocate(bytes_of(output)));
    to.push_back(copies.back().get());
  }
  run(from, to, overflow, workers);
  for (size_t i = 0; i < outputs_.size(); ++i)
    std::memcpy(outputs[i], to[i], bytes_of(outputs_[i]));
}

void Program::run(std::span<const void* const> inputs, std::span<void* const> outputs,
                  FloatOverflow& overflow, Scheduler* workers) const {
  if (!takes_any_alignment_ && !is_aligned(inputs, outputs)) [[unlikely]]
    return run_copies(inputs, outputs, overflow, workers);
  if (is_one_stage_)
    run_stage(*stages_[0].stage, inputs, outputs, overflow, workers);
  else
    run_stages(inputs, outputs, overflow, workers);
  if (!overflow.saturate) return;
  for (size_t i = 0; i < outputs_.size(); ++i)
    if (!halves_are_finite_[i])
      overflow.seen |=
          saturate_halves({static_cast<uint16_t*>(outputs[i]), bytes_of(outputs_[i]) / sizeof(uint16_t)});
}

void Program::run_stages(std::span<const void* const> inputs, std::span<void* const> outputs,
                         FloatOverflow& overflow, Scheduler* workers) const {
  // Where each buffer is, the arguments of one stage, and what lies between the stages.
  const size_t pointers = buffers_.size() + most_arguments_;
  const size_t head = round_up(pointers * sizeof(void*));
  const RunMemory memory(head + between_bytes_);
  auto* const at = reinterpret_cast<const void**>(memory.data());
  std::byte* const between = memory.data() + head;
  for (size_t i = 0; i < buffers_.size(); ++i) {
    const Buffer& buffer = buffers_[i];
    switch (buffer.place) {
      case Place::kInput:
        at[i] = inputs[buffer.at];
        break;
      case Place::kOutput:
        at[i] = outputs[buffer.at];
        break;
      case Place::kConstant:
        at[i] = constants_[buffer.at].data();
        break;
      case Place::kBetween:
        at[i] = between + buffer.at;
        break;
    }
  }
  const void** const from = at + buffers_.size();
  for (const Placed& placed : stages_) {
    auto* const to = const_cast<void**>(from + placed.inputs.size());  // Only outputs are written.
    for (size_t i = 0; i < placed.inputs.size(); ++i)
      from[i] = at[placed.inputs[i]];
    for (size_t i = 0; i < placed.outputs.size(); ++i)
      to[i] = const_cast<void*>(at[placed.outputs[i]]);
    run_stage(*placed.stage, {from, placed.inputs.size()}, {to, placed.outputs.size()}, overflow, workers);
  }
}

}  // namespace cairn::direct
