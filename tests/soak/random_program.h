// Random programs of streams, events, copies, memsets, kernels and callbacks whose outcome is known.
//
// A program is generated step by step in one order. Each step belongs to a host thread; the threads run at
// the same time. Vector clocks tell which steps are ordered, whatever the timing: by a stream, an event, a
// host that waits, or a host thread that awaits a step of another. Where the next step would touch something
// that an unordered step touches too, the generator first adds what orders them. So every program is free of
// races, and running its steps one after the other on plain arrays - the model - gives the only contents that
// the buffers may have.
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "soak/vector_clock.h"

namespace cairn::soak {

enum class Action : uint8_t {
  kAwait,               ///< Waits until thread `object` has done its first `size` steps of the round.
  kSetContext,          ///< object: context.
  kCreateStream,        ///< object: stream; value: flags.
  kDestroyStream,       ///< object: stream.
  kDestroyStreamForce,  ///< The same, of a stream that is known to be idle.
  kSynchronizeStream,   ///< object: stream; expected_code.
  kSynchronizeDevice,   ///< object: device.
  kQueryStream,         ///< object: stream; must_hold: it has to be idle.
  kUseStaleStream,      ///< object: stream that was destroyed; the call has to fail.
  kMalloc,              ///< object: buffer; size.
  kFree,                ///< object: buffer.
  kMemset,              ///< object: buffer, offset, size, value; stream, or kNone for the blocking call.
  kCopy,                ///< object: destination, offset; source, source_offset; size; value: kind; stream.
  kCopyHostToHost,      ///< object, source: host buffers; stream: the task fails.
  kAddBytes,            ///< object: device buffer, offset; source, source_offset; size; stream: a kernel.
  kHostWrite,           ///< object: host buffer, offset, size, value; by the program itself.
  kCheck,               ///< object: buffer; bytes: what it has to hold.
  kCallback,            ///< stream; object: host buffer or kNone; value: what to write; must_hold: blocking.
  kCreateEvent,         ///< object: event; value: flags.
  kDestroyEvent,        ///< object: event.
  kRecord,              ///< object: event; stream.
  kWaitEvent,           ///< object: event; stream.
  kResetEvent,          ///< object: event; stream.
  kSynchronizeEvent,    ///< object: event.
  kQueryEvent,          ///< object: event; must_hold: it has to be complete.
  kQueryWaits,          ///< object: event; must_hold: all waits have to be over.
  kElapsed,             ///< object: first event; source: second event.
  kUseStaleEvent,       ///< object: event that was destroyed; the call has to fail.
  kRecordForeign,       ///< object: event; stream of another context; the call has to fail.
};
const char* action_name(Action action);

constexpr int kNone = -1;

struct Step {
  Action action{};
  uint32_t index = 0;  ///< Number of the operation that the generator made it for.
  int object = kNone;
  int stream = kNone;
  int source = kNone;
  size_t offset = 0;
  size_t source_offset = 0;
  size_t size = 0;
  int64_t value = 0;
  bool must_hold = false;
  int expected_code = 0;
  uint64_t sequence = 0;  ///< Callbacks: how many were launched on the stream before.
  uint64_t life = 0;      ///< Callbacks: which of the streams that this place had one after the other.
  uint32_t writer = 0;    ///< Checks: the operation that wrote the buffer last.
  std::vector<uint8_t> bytes{};
};
std::string describe(const Step& step);

struct Shape {
  int threads = 4;
  int devices = 3;
  static constexpr int kContextsPerDevice = 2;  ///< The default context and an explicit one.
  static constexpr int kStreams = 16;           ///< The first ones are the default streams of the contexts.
  static constexpr int kEvents = 24;
  static constexpr int kDeviceBuffers = 5;  ///< Per device.
  static constexpr int kHostBuffers = 6;

  int contexts() const { return devices * kContextsPerDevice; }
  int buffers() const { return kHostBuffers + devices * kDeviceBuffers; }
  int device_of_context(int context) const { return context / kContextsPerDevice; }
  /// kNone for a host buffer.
  int device_of_buffer(int buffer) const {
    return buffer < kHostBuffers ? kNone : (buffer - kHostBuffers) / kDeviceBuffers;
  }
};

/// The steps of each host thread, to be run at the same time.
using Round = std::vector<std::vector<Step>>;

class RandomProgram {
 public:
  RandomProgram(uint64_t seed, Shape shape);

  /// Generates the next `operations` operations. At its end everything is ordered and every buffer checked.
  Round next_round(uint32_t operations);
  uint32_t operations() const { return next_index_; }
  /// Frees and destroys what still exists.
  Round last_round();

 private:
  /// Something that a host thread may only use after the thread that used it last.
  struct Owned {
    int owner = 0;
    size_t position = 0;  ///< Steps of the owner in this round when it had used it.
    VectorClock known{};  ///< What the owner knew then.
  };
  struct Buffer : Owned {
    bool exists = false;
    std::vector<uint8_t> content{};
    size_t write_agent = 0;
    uint64_t write_time = 0;
    VectorClock reads{};
    uint32_t writer = 0;
  };
  struct Stream : Owned {
    bool exists = false;
    bool was_destroyed = false;
    int context = 0;
    VectorClock clock{};
    size_t launching_thread = 0;  ///< Of the newest task.
    uint64_t launch_time = 0;     ///< Of the newest task, on that thread's clock.
    uint64_t callbacks = 0;
    uint64_t life = 0;
  };
  struct Event : Owned {
    bool exists = false;
    bool was_destroyed = false;
    int context = 0;
    uint32_t flags = 0;
    bool recorded = false;
    int record_stream = kNone;
    uint64_t record_time = 0;
    VectorClock record_clock{};
    bool has_waits = false;
    VectorClock waits{};
  };

  void operation();
  void stream_operation();
  void event_operation();
  void memory_operation();
  void callback_operation();
  void finish_round();
  void end_operation();

  // Host side: who may use an object now.
  void await(int thread, size_t position, const VectorClock& known);
  void own(Owned& object);
  bool prefers(const Owned& object) { return object.owner == thread_ || chance(30); }
  void enter(int context);
  Step& add(Action action, int object = kNone);

  // Pieces of operations; all act for thread_.
  int pick_stream(int context = kNone);
  int pick_event(int context);
  int make_event(int context);
  int pick_buffer(int device);
  void use_stream(int stream);
  uint64_t launch(int stream);
  void synchronize(int stream);
  void record(int event, int stream);
  void wait(int event, int stream);
  void order_before(size_t agent, int stream);
  void make_ordered(Buffer& buffer, bool write, int stream);
  void touch(Buffer& buffer, bool write, size_t agent, uint64_t time);
  void check(int buffer);
  void malloc(int buffer);
  void set(bool in_stream);
  void copy(bool in_stream);
  void add_bytes();

  size_t agent_of_stream(int stream) const { return static_cast<size_t>(shape_.threads + stream); }
  /// A second clock of the stream, for the ends of its tasks as aclrtStreamQuery sees them.
  size_t end_agent_of_stream(int stream) const { return agent_of_stream(stream) + Shape::kStreams; }
  std::vector<Step>& steps() { return (*round_)[static_cast<size_t>(thread_)]; }
  VectorClock& clock() { return thread_clocks_[static_cast<size_t>(thread_)]; }
  Stream& stream(int index) { return streams_[static_cast<size_t>(index)]; }
  Event& event(int index) { return events_[static_cast<size_t>(index)]; }
  Buffer& buffer(int index) { return buffers_[static_cast<size_t>(index)]; }
  int below(int end) { return static_cast<int>(random_() % static_cast<uint64_t>(end)); }
  bool chance(int percent) { return below(100) < percent; }
  size_t some_size(size_t most);

  const Shape shape_;
  std::mt19937_64 random_;
  Round* round_ = nullptr;
  int thread_ = 0;
  uint32_t next_index_ = 0;
  std::vector<Owned*> used_;  ///< By the operation that is being generated.
  bool device_waits_ = true;  ///< In this round the device is waited for; else tasks may fail.
  std::vector<VectorClock> thread_clocks_;
  std::vector<int> thread_contexts_;
  std::vector<Stream> streams_;
  std::vector<Event> events_;
  std::vector<Buffer> buffers_;
};

}  // namespace cairn::soak
