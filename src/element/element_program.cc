#include "element/element_program.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <new>

#include "tensor/data_type.h"

namespace cairn::element {
namespace {

constexpr size_t kAlignment = 64;
constexpr size_t kLargestElement = 8;
// Results of this size push everything else out of the caches and are not there when they are read.
constexpr size_t kMoreThanCaches = size_t{16} << 20;
constexpr float kNanosecondsOfCopy = 0.04F;

/// Memory of a thread for the blocks of the program that it runs.
class Slots {
 public:
  std::byte* reserve(size_t bytes) {
    if (bytes > size_) {
      memory_.reset(static_cast<std::byte*>(std::aligned_alloc(kAlignment, bytes)));
      size_ = memory_ ? bytes : 0;
      if (!memory_) throw std::bad_alloc();
    }
    return memory_.get();
  }

 private:
  struct Free {
    void operator()(std::byte* memory) const { std::free(memory); }
  };
  std::unique_ptr<std::byte, Free> memory_;
  size_t size_ = 0;
};

thread_local Slots slots_of_thread;

bool is_aligned(const void* address, size_t bytes) {
  return reinterpret_cast<uintptr_t>(address) % bytes == 0;
}

/// Puts `count` elements that are equal or lie one after the other.
template <class T>
void put(std::byte* to, const std::byte* from, size_t count, bool repeat) {
  if (!repeat) {
    std::memcpy(to, from, count * sizeof(T));
    return;
  }
  T value;
  std::memcpy(&value, from, sizeof value);
  std::fill_n(reinterpret_cast<T*>(to), count, value);
}

void put_elements(std::byte* to, const std::byte* from, size_t count, size_t size, bool repeat) {
  switch (size) {
    case 1:
      return put<uint8_t>(to, from, count, repeat);
    case 2:
      return put<uint16_t>(to, from, count, repeat);
    case 4:
      return put<uint32_t>(to, from, count, repeat);
    default:
      return put<uint64_t>(to, from, count, repeat);
  }
}

}  // namespace

/// The elements that are computed at a time.
struct ElementProgram::Block {
  size_t begin = 0;
  size_t count = 0;
  std::byte* slots = nullptr;
  size_t slot_bytes = 0;
  std::byte* spare = nullptr;                 ///< One more slot, for half floats before they are widened.
  std::array<const void*, kMostValues> at{};  ///< Where the block's elements of each value are.

  std::byte* slot_of(const Value& value) const { return slots + value.slot * slot_bytes; }
};

ElementProgram::ElementProgram(std::vector<int64_t> dims) : dims_(std::move(dims)) {
  for (const int64_t dim : dims_)
    elements_ *= static_cast<size_t>(dim);
}

ValueId ElementProgram::add_value(aclDataType type) {
  values_.push_back({type, values_.size()});
  return static_cast<ValueId>(values_.size() - 1);
}

ValueId ElementProgram::add_source(const Source& source) {
  Placed placed{source, add_value(computed_type(source.type)), Reach::kSame, {}};
  int64_t count = 1;
  for (const int64_t dim : source.dims)
    count *= dim;
  if (count == 1) {
    placed.reach = Reach::kOne;
  } else if (static_cast<size_t>(count) != elements_) {
    placed.reach = Reach::kRepeated;
    placed.strides.assign(dims_.size(), 0);
    int64_t stride = 1;
    for (size_t i = 1; i <= source.dims.size() && i <= dims_.size(); ++i) {
      const int64_t dim = source.dims[source.dims.size() - i];
      if (dim != 1) placed.strides[dims_.size() - i] = stride;
      stride *= dim;
    }
  }
  sources_.push_back(std::move(placed));
  return sources_.back().value;
}

ValueId ElementProgram::add_step(const Kernel& kernel, std::span<const ValueId> inputs) {
  Step step{kernel.run, {}, static_cast<uint8_t>(inputs.size()), 0};
  std::ranges::copy(inputs, step.inputs.begin());
  step.output = add_value(kernel.result);
  steps_.push_back(step);
  nanoseconds_ += kernel.nanoseconds;
  return step.output;
}

void ElementProgram::add_output(ValueId value, aclDataType type) {
  outputs_.push_back({value, type});
  nanoseconds_ += kNanosecondsOfCopy;
  passes_caches_ = elements_ * data_type_size(type) >= kMoreThanCaches;
}

void ElementProgram::copy_repeated(const Placed& source, const std::byte* from, size_t begin, size_t count,
                                   std::byte* to) const {
  const size_t size = data_type_size(source.source.type);
  const size_t rank = dims_.size();
  // Where the block begins.
  std::vector<int64_t> place(rank);
  int64_t offset = 0;
  for (size_t i = rank, rest = begin; i-- > 0;) {
    const auto dim = static_cast<size_t>(dims_[i]);
    place[i] = static_cast<int64_t>(rest % dim);
    rest /= dim;
    offset += place[i] * source.strides[i];
  }
  const size_t last = rank - 1;
  const bool repeats = source.strides[last] == 0;
  while (count > 0) {
    const size_t run = std::min(count, static_cast<size_t>(dims_[last] - place[last]));
    put_elements(to, from + static_cast<size_t>(offset) * size, run, size, repeats);
    to += run * size;
    count -= run;
    place[last] += static_cast<int64_t>(run);
    offset += static_cast<int64_t>(run) * source.strides[last];
    for (size_t i = last; i > 0 && place[i] == dims_[i]; --i) {
      offset += source.strides[i - 1] - dims_[i] * source.strides[i];
      place[i] = 0;
      ++place[i - 1];
    }
  }
}

void ElementProgram::load(const Placed& source, const std::byte* from, Block& block) const {
  const aclDataType stored = source.source.type;
  const size_t size = data_type_size(stored);
  const Value& value = values_[source.value];
  const bool widens = stored != value.type;
  std::byte* const slot = block.slot_of(value);
  const std::byte* found = nullptr;
  if (source.reach == Reach::kSame) {
    found = from + block.begin * size;
    if (!is_aligned(found, size)) {
      std::memcpy(block.spare, found, block.count * size);
      found = block.spare;
      if (!widens) {
        std::memcpy(slot, found, block.count * size);
        found = slot;
      }
    }
  } else {
    std::byte* const copy = widens ? block.spare : slot;
    if (source.reach == Reach::kOne)
      put_elements(copy, from, block.count, size, true);
    else
      copy_repeated(source, from, block.begin, block.count, copy);
    found = copy;
  }
  if (widens) {
    widen_elements(stored, found, reinterpret_cast<float*>(slot), block.count);
    found = slot;
  }
  block.at[source.value] = found;
}

void ElementProgram::store(const Output& output, void* to, const Block& block,
                           FloatOverflow& overflow) const {
  const size_t size = data_type_size(output.type);
  auto* const place = static_cast<std::byte*>(to) + block.begin * size;
  const void* from = block.at[output.value];
  const bool narrows = output.type != values_[output.value].type;
  const bool passes = passes_caches_ && is_aligned(place, kAlignment);
  if (narrows) {
    std::byte* const narrow = passes || !is_aligned(place, size) ? block.spare : place;
    narrow_elements(static_cast<const float*>(from), output.type, narrow, block.count, overflow);
    from = narrow;
  }
  if (from == place) return;
  if (passes && is_aligned(from, kAlignment)) {
    copy_past_caches(place, from, block.count * size);
  } else {
    std::memmove(place, from, block.count * size);
  }
}

void ElementProgram::run(std::span<const void* const> inputs, std::span<void* const> outputs, size_t begin,
                         size_t end, FloatOverflow& overflow) const {
  if (begin >= end) return;
  Block block;
  const size_t longest = std::min(kBlock, end - begin);
  block.slot_bytes = (longest * kLargestElement + kAlignment - 1) / kAlignment * kAlignment;
  block.slots = slots_of_thread.reserve((values_.size() + 1) * block.slot_bytes);
  block.spare = block.slots + values_.size() * block.slot_bytes;
  // The last step writes where its value is wanted: nothing reads the inputs after it.
  const Output* direct = nullptr;
  if (!passes_caches_ && outputs_.size() == 1 && !steps_.empty() &&
      outputs_[0].value == steps_.back().output && outputs_[0].type == values_[outputs_[0].value].type &&
      is_aligned(outputs[0], data_type_size(outputs_[0].type)))
    direct = outputs_.data();
  for (block.begin = begin; block.begin < end; block.begin += block.count) {
    block.count = std::min(kBlock, end - block.begin);
    for (const Placed& source : sources_) {
      if (source.reach == Reach::kOne && block.begin != begin) continue;  // Still there.
      const auto* const from = source.source.constant
                                   ? source.source.constant->data()
                                   : static_cast<const std::byte*>(inputs[source.source.input]);
      load(source, from, block);
    }
    for (const Step& step : steps_) {
      std::array<const void*, 3> in{};
      for (size_t k = 0; k < step.input_count; ++k)
        in[k] = block.at[step.inputs[k]];
      std::byte* out = block.slot_of(values_[step.output]);
      if (direct != nullptr && &step == &steps_.back())
        out = static_cast<std::byte*>(outputs[0]) + block.begin * data_type_size(direct->type);
      step.run(in.data(), out, block.count);
      block.at[step.output] = out;
    }
    if (direct != nullptr) continue;
    for (size_t i = 0; i < outputs_.size(); ++i)
      store(outputs_[i], outputs[i], block, overflow);
  }
  if (passes_caches_) finish_copies();
}

}  // namespace cairn::element
