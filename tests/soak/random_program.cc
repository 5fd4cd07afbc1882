#include "soak/random_program.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <iterator>
#include <utility>

#include "acl/acl.h"

namespace cairn::soak {
namespace {

constexpr size_t kSmallest = 64;
constexpr size_t kSmall = 1024;
constexpr size_t kLarge = 96 * 1024;  // More than one region of device memory.
constexpr size_t kAlignment = 64;     // Of addresses in asynchronous copies [RT-180].

constexpr const char* kNames[] = {"await",
                                  "set_context",
                                  "create_stream",
                                  "destroy_stream",
                                  "destroy_stream_force",
                                  "synchronize_stream",
                                  "synchronize_device",
                                  "query_stream",
                                  "use_stale_stream",
                                  "malloc",
                                  "free",
                                  "memset",
                                  "copy",
                                  "copy_host_to_host",
                                  "add_bytes",
                                  "host_write",
                                  "check",
                                  "callback",
                                  "create_event",
                                  "destroy_event",
                                  "record",
                                  "wait_event",
                                  "reset_event",
                                  "synchronize_event",
                                  "query_event",
                                  "query_waits",
                                  "elapsed",
                                  "use_stale_event",
                                  "record_foreign"};
static_assert(std::size(kNames) == static_cast<size_t>(Action::kRecordForeign) + 1);

}  // namespace

const char* action_name(Action action) {
  return kNames[static_cast<size_t>(action)];
}

std::string describe(const Step& step) {
  std::string text = "operation " + std::to_string(step.index) + ": " + action_name(step.action);
  const auto part = [&](const char* name, int64_t value) {
    text += std::string(" ") + name + "=" + std::to_string(value);
  };
  if (step.object != kNone) part("object", step.object);
  if (step.stream != kNone) part("stream", step.stream);
  if (step.source != kNone) part("source", step.source);
  if (step.size != 0) part("size", static_cast<int64_t>(step.size));
  return text;
}

RandomProgram::RandomProgram(uint64_t seed, Shape shape)
    : shape_(shape),
      random_(seed),
      thread_contexts_(static_cast<size_t>(shape.threads), kNone),
      streams_(Shape::kStreams),
      events_(Shape::kEvents),
      buffers_(static_cast<size_t>(shape.buffers())) {
  const size_t agents = static_cast<size_t>(shape.threads) + 2 * Shape::kStreams;
  thread_clocks_.assign(static_cast<size_t>(shape.threads), VectorClock(agents));
  for (Stream& stream : streams_)
    stream.clock = VectorClock(agents);
  for (Buffer& buffer : buffers_)
    buffer.reads = VectorClock(agents);
  for (int context = 0; context < shape.contexts(); ++context) {
    stream(context).exists = true;
    stream(context).context = context;
  }
}

Round RandomProgram::next_round(uint32_t operations) {
  Round round(static_cast<size_t>(shape_.threads));
  round_ = &round;
  device_waits_ = chance(50);
  for (uint32_t i = 0; i < operations; ++i, ++next_index_) {
    thread_ = below(shape_.threads);
    operation();
    end_operation();
  }
  finish_round();
  return round;
}

Round RandomProgram::last_round() {
  Round round(static_cast<size_t>(shape_.threads));
  round_ = &round;
  thread_ = 0;
  for (int i = 0; i < Shape::kEvents; ++i)
    if (event(i).exists) add(Action::kDestroyEvent, i);
  for (int i = shape_.contexts(); i < Shape::kStreams; ++i) {
    if (!stream(i).exists) continue;
    enter(stream(i).context);
    add(Action::kDestroyStream, i);
  }
  for (int i = 0; i < shape_.buffers(); ++i)
    if (buffer(i).exists) add(Action::kFree, i);
  return round;
}

/// Everything that was launched is waited for, and thread 0 sees it all.
void RandomProgram::finish_round() {
  thread_ = 0;
  for (int i = 1; i < shape_.threads; ++i)
    await(i, (*round_)[static_cast<size_t>(i)].size(), thread_clocks_[static_cast<size_t>(i)]);
  for (int i = 0; i < Shape::kStreams; ++i)
    if (stream(i).exists) synchronize(i);
  for (int i = 0; i < shape_.buffers(); ++i)
    if (buffer(i).exists) check(i);
  end_operation();
  // The threads end with the round, so what comes next is after everything, and in threads without a context.
  thread_contexts_.assign(thread_contexts_.size(), kNone);
  for (VectorClock& other : thread_clocks_)
    other.join(clock());
  const auto reset = [&](auto& objects) {
    for (Owned& object : objects)
      object.position = 0;
  };
  reset(streams_);
  reset(events_);
  reset(buffers_);
}

void RandomProgram::end_operation() {
  for (Owned* object : used_) {
    object->position = steps().size();
    object->known = clock();
  }
  used_.clear();
}

void RandomProgram::operation() {
  const int choice = below(100);
  if (choice < 12)
    stream_operation();
  else if (choice < 42)
    event_operation();
  else if (choice < 88)
    memory_operation();
  else
    callback_operation();
}

Step& RandomProgram::add(Action action, int object) {
  Step step;
  step.action = action;
  step.index = next_index_;
  step.object = object;
  steps().push_back(std::move(step));
  return steps().back();
}

void RandomProgram::await(int thread, size_t position, const VectorClock& known) {
  if (thread == thread_) return;
  Step& step = add(Action::kAwait, thread);
  step.size = position;
  clock().join(known);
}

/// After it the current thread may use the object: all earlier uses by other threads are over.
void RandomProgram::own(Owned& object) {
  if (object.owner != thread_ && object.position != 0) await(object.owner, object.position, object.known);
  object.owner = thread_;
  used_.push_back(&object);
}

void RandomProgram::enter(int context) {
  int& current = thread_contexts_[static_cast<size_t>(thread_)];
  if (current == context) return;
  add(Action::kSetContext, context);
  current = context;
}

size_t RandomProgram::some_size(size_t most) {
  if (most <= 1 || chance(20)) return most;
  return 1 + random_() % most;
}

// --- streams
// --------------------------------------------------------------------------------------------------------

int RandomProgram::pick_stream(int context) {
  int candidates[Shape::kStreams];
  int count = 0;
  for (int i = 0; i < Shape::kStreams; ++i)
    if (stream(i).exists && (context == kNone || stream(i).context == context)) candidates[count++] = i;
  int chosen = candidates[below(count)];
  for (int attempt = 0; attempt < 4 && !prefers(stream(chosen)); ++attempt)
    chosen = candidates[below(count)];
  return chosen;
}

/// After it the current thread may call functions with the stream.
void RandomProgram::use_stream(int index) {
  own(stream(index));
  enter(stream(index).context);
}

/// A task was added to the stream; returns its time.
uint64_t RandomProgram::launch(int index) {
  VectorClock& stream_clock = stream(index).clock;
  stream(index).launching_thread = static_cast<size_t>(thread_);
  stream(index).launch_time = clock().tick(static_cast<size_t>(thread_));
  stream_clock.join(clock());
  stream_clock.tick(end_agent_of_stream(index));
  return stream_clock.tick(agent_of_stream(index));
}

void RandomProgram::synchronize(int index) {
  use_stream(index);
  add(Action::kSynchronizeStream, index);
  clock().join(stream(index).clock);
}

void RandomProgram::stream_operation() {
  const int choice = below(100);
  const int slot = shape_.contexts() + below(Shape::kStreams - shape_.contexts());
  Stream& chosen = stream(slot);
  if (choice < 25 && !chosen.exists) {
    own(chosen);
    if (chosen.was_destroyed && chance(30)) {
      enter(chosen.context);
      add(Action::kUseStaleStream, slot);
    }
    chosen.context = below(shape_.contexts());
    enter(chosen.context);
    add(Action::kCreateStream, slot).value = below(4);
    chosen.exists = true;
    chosen.callbacks = 0;
    ++chosen.life;
    // What comes is after the creation; what happened in an earlier stream of this slot is over. Who waits
    // for the device knows of the stream only if it knows of the creation.
    chosen.launching_thread = static_cast<size_t>(thread_);
    chosen.launch_time = clock().tick(static_cast<size_t>(thread_));
    chosen.clock.join(clock());
  } else if (choice < 45 && chosen.exists) {
    use_stream(slot);
    const bool idle = chosen.clock.is_before(clock());
    add(idle && chance(50) ? Action::kDestroyStreamForce : Action::kDestroyStream, slot);
    clock().join(chosen.clock);
    chosen.exists = false;
    chosen.was_destroyed = true;
  } else if (choice < 70) {
    const int index = pick_stream();
    use_stream(index);
    add(Action::kQueryStream, index).must_hold = stream(index).clock.is_before(clock());
  } else if (choice < 75 && device_waits_) {
    const int device = below(shape_.devices);
    enter(device * Shape::kContextsPerDevice);
    add(Action::kSynchronizeDevice, device);
    // Of the device's streams, those whose newest task was launched before are done.
    for (int i = 0; i < Shape::kStreams; ++i) {
      const Stream& other = stream(i);
      if (!other.exists || shape_.device_of_context(other.context) != device) continue;
      if (other.launch_time <= clock()[other.launching_thread]) clock().join(other.clock);
    }
  } else {
    synchronize(pick_stream());
  }
}

// --- events
// ---------------------------------------------------------------------------------------------------------

int RandomProgram::make_event(int context) {
  const int slot = below(Shape::kEvents);
  Event& chosen = event(slot);
  own(chosen);
  if (chosen.exists) add(Action::kDestroyEvent, slot);  // Also while tasks use it.
  if ((chosen.exists || chosen.was_destroyed) && chance(20)) {
    add(Action::kUseStaleEvent, slot);
  }
  const Owned owned = chosen;
  chosen = Event();
  static_cast<Owned&>(chosen) = owned;
  chosen.exists = true;
  chosen.was_destroyed = true;
  chosen.context = context;
  constexpr uint32_t kFlags[] = {0, ACL_EVENT_SYNC, ACL_EVENT_SYNC | ACL_EVENT_TIME_LINE};
  chosen.flags = kFlags[below(3)];
  enter(context);
  add(Action::kCreateEvent, slot).value = chosen.flags;
  return slot;
}

int RandomProgram::pick_event(int context) {
  if (!chance(15)) {
    const int start = below(Shape::kEvents);
    for (int i = 0; i < Shape::kEvents; ++i) {
      const int index = (start + i) % Shape::kEvents;
      if (event(index).exists && event(index).context == context) {
        own(event(index));
        return index;
      }
    }
  }
  return make_event(context);
}

void RandomProgram::record(int index, int stream_index) {
  use_stream(stream_index);
  Event& recorded = event(index);
  Step& step = add(Action::kRecord, index);
  step.stream = stream_index;
  recorded.recorded = true;
  recorded.record_stream = stream_index;
  const size_t end_agent = end_agent_of_stream(stream_index);
  const uint64_t ended_before = stream(stream_index).clock[end_agent];
  recorded.record_time = launch(stream_index);
  recorded.record_clock = stream(stream_index).clock;
  // Who waits for the event may go on a moment before the stream has put the task away.
  recorded.record_clock.set(end_agent, ended_before);
}

void RandomProgram::wait(int index, int stream_index) {
  use_stream(stream_index);
  Event& awaited = event(index);
  Step& step = add(Action::kWaitEvent, index);
  step.stream = stream_index;
  launch(stream_index);
  stream(stream_index).clock.join(awaited.record_clock);
  awaited.has_waits = true;
  awaited.waits.join(stream(stream_index).clock);
}

void RandomProgram::event_operation() {
  const int first = pick_stream();
  const int context = stream(first).context;
  const int index = pick_event(context);
  Event& chosen = event(index);
  const int second = pick_stream(context);
  const int choice = below(100);
  if (choice < 35) {
    record(index, first);
    if (chance(70)) wait(index, second);
  } else if (choice < 50) {
    if (chosen.recorded) {
      wait(index, first);
    } else if (first != second) {
      // First the wait, then what it waits for.
      use_stream(second);
      use_stream(first);
      add(Action::kWaitEvent, index).stream = first;
      launch(first);
      record(index, second);
      stream(first).clock.join(chosen.record_clock);
      chosen.has_waits = true;
      chosen.waits.join(stream(first).clock);
    }
  } else if (choice < 62) {
    if (!chosen.recorded) record(index, first);
    add(Action::kSynchronizeEvent, index);
    clock().join(chosen.record_clock);
  } else if (choice < 77) {
    add(Action::kQueryEvent, index).must_hold = chosen.recorded && chosen.record_clock.is_before(clock());
  } else if (choice < 84) {
    add(Action::kQueryWaits, index).must_hold = chosen.has_waits && chosen.waits.is_before(clock());
  } else if (choice < 90) {
    // A reset asks that everything with the event is over.
    if (!chosen.recorded || !chosen.record_clock.is_before(clock()) || !chosen.waits.is_before(clock()))
      return;
    use_stream(first);
    add(Action::kResetEvent, index).stream = first;
    launch(first);
    synchronize(first);
    chosen.recorded = false;
    chosen.has_waits = false;
    chosen.record_clock = VectorClock();
    chosen.waits = VectorClock();
  } else if (choice < 95) {
    for (int other = 0; other < Shape::kEvents; ++other) {
      const Event& end = event(other);
      constexpr uint32_t kTimed = ACL_EVENT_TIME_LINE;
      if (!end.exists || !end.recorded || !chosen.recorded || end.record_stream != chosen.record_stream ||
          (end.flags & chosen.flags & kTimed) == 0 || end.record_time < chosen.record_time ||
          !chosen.record_clock.is_before(clock()))
        continue;
      own(event(other));
      if (!end.record_clock.is_before(clock())) continue;
      add(Action::kElapsed, index).source = other;
      return;
    }
  } else {
    const int foreign = pick_stream();
    if (stream(foreign).context == context) return;
    use_stream(foreign);
    add(Action::kRecordForeign, index).stream = foreign;
  }
}

// --- memory
// ---------------------------------------------------------------------------------------------------------

void RandomProgram::touch(Buffer& buffer, bool write, size_t agent, uint64_t time) {
  if (!write) {
    buffer.reads.set(agent, time);
    return;
  }
  buffer.write_agent = agent;
  buffer.write_time = time;
  buffer.reads = VectorClock(buffer.reads.size());
  buffer.writer = next_index_;
}

/// What the stream has done so far comes before the next step of the current thread, or of `later` if one is
/// given.
void RandomProgram::order_before(size_t agent, int later) {
  const int earlier = static_cast<int>(agent) - shape_.threads;
  if (earlier < 0) std::abort();  // The generator is wrong: own() has ordered the threads.
  own(stream(earlier));
  if (!stream(earlier).exists) return;  // Who destroyed it has waited for it.
  if (later != kNone && stream(earlier).context == stream(later).context && chance(60)) {
    const int mark = pick_event(stream(earlier).context);
    record(mark, earlier);
    wait(mark, later);
  } else {
    synchronize(earlier);
  }
}

/// Adds what is needed so that the next access comes after all that conflict with it.
void RandomProgram::make_ordered(Buffer& buffer, bool write, int stream_index) {
  own(buffer);  // Orders what host threads did with it; streams are left.
  const auto now = [&] {
    VectorClock all = clock();
    if (stream_index != kNone) all.join(stream(stream_index).clock);
    return all;
  };
  if (buffer.write_time > now()[buffer.write_agent]) order_before(buffer.write_agent, stream_index);
  if (!write) return;
  for (size_t agent = 0; agent < buffer.reads.size(); ++agent)
    if (buffer.reads[agent] > now()[agent]) order_before(agent, stream_index);
}

void RandomProgram::malloc(int index) {
  Buffer& made = buffer(index);
  own(made);
  const int device = shape_.device_of_buffer(index);
  enter(device == kNone ? 0 : device * Shape::kContextsPerDevice + below(Shape::kContextsPerDevice));
  const size_t most = index % 5 == 4 ? kLarge : kSmall;
  const size_t size = kSmallest + random_() % (most - kSmallest + 1);
  add(Action::kMalloc, index).size = size;
  const int value = below(256);
  Step& step = add(Action::kMemset, index);
  step.size = size;
  step.value = value;
  made.content.assign(size, static_cast<uint8_t>(value));
  made.exists = true;
  touch(made, true, static_cast<size_t>(thread_), clock().tick(static_cast<size_t>(thread_)));
}

/// A buffer of the device, or of the host for kNone.
int RandomProgram::pick_buffer(int device) {
  const auto any = [&] {
    return device == kNone
               ? below(Shape::kHostBuffers)
               : Shape::kHostBuffers + device * Shape::kDeviceBuffers + below(Shape::kDeviceBuffers);
  };
  int index = any();
  for (int attempt = 0; attempt < 4 && !prefers(buffer(index)); ++attempt)
    index = any();
  if (!buffer(index).exists) malloc(index);
  return index;
}

void RandomProgram::check(int index) {
  Buffer& checked = buffer(index);
  make_ordered(checked, false, kNone);
  const int device = shape_.device_of_buffer(index);
  enter(device == kNone ? 0 : device * Shape::kContextsPerDevice);
  Step& step = add(Action::kCheck, index);
  step.bytes = checked.content;
  step.writer = checked.writer;
  touch(checked, false, static_cast<size_t>(thread_), clock().tick(static_cast<size_t>(thread_)));
}

void RandomProgram::set(bool in_stream) {
  const int stream_index = in_stream ? pick_stream() : kNone;
  const int context = in_stream ? stream(stream_index).context : below(shape_.contexts());
  const int index = pick_buffer(shape_.device_of_context(context));
  Buffer& target = buffer(index);
  if (in_stream) use_stream(stream_index);
  make_ordered(target, true, stream_index);
  if (in_stream) use_stream(stream_index);  // Again: ordering may have changed the context.
  enter(context);
  const size_t offset = random_() % target.content.size();
  const size_t size = some_size(target.content.size() - offset);
  Step& step = add(Action::kMemset, index);
  step.stream = stream_index;
  step.offset = offset;
  step.size = size;
  step.value = below(256);
  std::memset(target.content.data() + offset, static_cast<int>(step.value), size);
  if (in_stream)
    touch(target, true, agent_of_stream(stream_index), launch(stream_index));
  else
    touch(target, true, static_cast<size_t>(thread_), clock().tick(static_cast<size_t>(thread_)));
}

void RandomProgram::copy(bool in_stream) {
  const int stream_index = in_stream ? pick_stream() : kNone;
  const int context = in_stream ? stream(stream_index).context : below(shape_.contexts());
  const int device = shape_.device_of_context(context);
  int kind = in_stream ? 1 + below(3) : below(4);
  const bool from_device = kind >= ACL_MEMCPY_DEVICE_TO_HOST;
  const bool to_device = (kind & 1) != 0;
  const int other_device = chance(80) ? device : below(shape_.devices);
  const int target_index = pick_buffer(to_device ? device : kNone);
  const int source_index = pick_buffer(from_device ? (to_device ? other_device : device) : kNone);
  if (target_index == source_index) return;
  Buffer& target = buffer(target_index);
  Buffer& source = buffer(source_index);
  if (in_stream) use_stream(stream_index);
  make_ordered(source, false, stream_index);
  make_ordered(target, true, stream_index);
  if (in_stream) use_stream(stream_index);
  enter(context);
  size_t offset = random_() % target.content.size();
  size_t source_offset = random_() % source.content.size();
  if (in_stream) {
    offset -= offset % kAlignment;
    source_offset -= source_offset % kAlignment;
  }
  const size_t size =
      some_size(std::min(target.content.size() - offset, source.content.size() - source_offset));
  Step& step = add(Action::kCopy, target_index);
  step.stream = stream_index;
  step.source = source_index;
  step.offset = offset;
  step.source_offset = source_offset;
  step.size = size;
  step.value = kind;
  std::memcpy(target.content.data() + offset, source.content.data() + source_offset, size);
  const size_t agent = in_stream ? agent_of_stream(stream_index) : static_cast<size_t>(thread_);
  const uint64_t time = in_stream ? launch(stream_index) : clock().tick(static_cast<size_t>(thread_));
  touch(source, false, agent, time);
  touch(target, true, agent, time);
}

void RandomProgram::add_bytes() {
  const int stream_index = pick_stream();
  const int device = shape_.device_of_context(stream(stream_index).context);
  const int target_index = pick_buffer(device);
  const int source_index = pick_buffer(device);
  if (target_index == source_index) return;
  Buffer& target = buffer(target_index);
  Buffer& source = buffer(source_index);
  use_stream(stream_index);
  make_ordered(source, false, stream_index);
  make_ordered(target, true, stream_index);
  use_stream(stream_index);
  Step& step = add(Action::kAddBytes, target_index);
  step.stream = stream_index;
  step.source = source_index;
  step.offset = random_() % target.content.size();
  step.source_offset = random_() % source.content.size();
  step.size =
      some_size(std::min(target.content.size() - step.offset, source.content.size() - step.source_offset));
  for (size_t i = 0; i < step.size; ++i) {
    uint8_t& sum = target.content[step.offset + i];
    sum = static_cast<uint8_t>(sum + source.content[step.source_offset + i]);
  }
  const uint64_t time = launch(stream_index);
  touch(source, false, agent_of_stream(stream_index), time);
  touch(target, true, agent_of_stream(stream_index), time);
}

void RandomProgram::memory_operation() {
  const int choice = below(100);
  if (choice < 25) {
    set(true);
  } else if (choice < 58) {
    copy(true);
  } else if (choice < 70) {
    add_bytes();
  } else if (choice < 76) {
    set(false);
  } else if (choice < 82) {
    copy(false);
  } else if (choice < 88) {
    const int index = pick_buffer(kNone);
    Buffer& target = buffer(index);
    make_ordered(target, true, kNone);
    Step& step = add(Action::kHostWrite, index);
    step.offset = random_() % target.content.size();
    step.size = some_size(target.content.size() - step.offset);
    step.value = below(256);
    std::memset(target.content.data() + step.offset, static_cast<int>(step.value), step.size);
    touch(target, true, static_cast<size_t>(thread_), clock().tick(static_cast<size_t>(thread_)));
  } else if (choice < 95) {
    check(pick_buffer(chance(50) ? kNone : below(shape_.devices)));
  } else if (choice < 98 || device_waits_) {
    const int index = pick_buffer(chance(30) ? kNone : below(shape_.devices));
    make_ordered(buffer(index), true, kNone);
    enter(0);
    add(Action::kFree, index);
    buffer(index).exists = false;
  } else {
    // A task that fails when it runs: the stream reports it once and goes on.
    const int stream_index = pick_stream();
    const int target = pick_buffer(kNone);
    synchronize(stream_index);
    use_stream(stream_index);
    own(buffer(target));
    Step& step = add(Action::kCopyHostToHost, target);
    step.source = target;
    step.stream = stream_index;
    step.size = 1;
    launch(stream_index);
    synchronize(stream_index);
    steps().back().expected_code = ACL_ERROR_RT_FEATURE_NOT_SUPPORT;
  }
}

// --- callbacks
// ------------------------------------------------------------------------------------------------------

void RandomProgram::callback_operation() {
  const int stream_index = pick_stream();
  const bool blocking = chance(60);
  const int index = blocking && chance(70) ? pick_buffer(kNone) : kNone;
  use_stream(stream_index);
  if (index != kNone) {
    make_ordered(buffer(index), true, stream_index);
    use_stream(stream_index);
  }
  Step& step = add(Action::kCallback, index);
  step.stream = stream_index;
  step.must_hold = blocking;
  step.sequence = stream(stream_index).callbacks++;
  step.life = stream(stream_index).life;
  step.value = below(256);
  const uint64_t time = launch(stream_index);
  if (index == kNone) return;
  Buffer& target = buffer(index);
  step.bytes = target.content;
  step.writer = target.writer;
  std::fill(target.content.begin(), target.content.end(), static_cast<uint8_t>(step.value));
  touch(target, true, agent_of_stream(stream_index), time);
}

}  // namespace cairn::soak
