// The runtime next to what a user would take instead: waiting for a sleeping stream and events between
// streams (PoCL), many streams (oneTBB's flow graph), copies (libc), device memory (mimalloc), look-ups of
// handles (a plain pointer).
//
// Prints one JSON object per line; ratio = theirs / ours. The contestants take turns in one process, and each
// time is the median of the rounds. Rows with a limit tell how much longer one call of ours takes than one of
// theirs.
#define CL_TARGET_OPENCL_VERSION 120
#include <CL/cl.h>
#include <dlfcn.h>
#include <tbb/flow_graph.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "acl/acl.h"

namespace {

constexpr size_t kBytes = 64;

void check(int code, const char* call) {
  if (code == 0) return;
  const char* text = aclGetRecentErrMsg();
  std::fprintf(stderr, "%s = %d %s\n", call, code, text != nullptr ? text : "");
  std::exit(1);
}
#define CHECK(call) check((call), #call)

double microseconds(const std::function<void()>& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - start).count();
}

double median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + values.size() / 2, values.end());
  return values[values.size() / 2];
}

struct Pair {
  double ours;
  double theirs;
};

/// The median time of each, in turns. `repeat`: each round's time is divided by it.
Pair side_by_side(int rounds, int repeat, const std::function<void()>& ours,
                  const std::function<void()>& theirs) {
  std::vector<double> a;
  std::vector<double> b;
  for (int round = 0; round < rounds; ++round) {
    a.push_back(microseconds(ours) / repeat);
    b.push_back(microseconds(theirs) / repeat);
  }
  return {median(std::move(a)), median(std::move(b))};
}

void print_ratio(const std::string& name, Pair times, const char* against, double target) {
  std::printf(
      "{\"name\": \"%s\", \"ours\": %.4f, \"theirs\": %.4f, \"ratio\": %.3f, \"unit\": \"us\", \"against\": "
      "\"%s\"",
      name.c_str(), times.ours, times.theirs, times.theirs / times.ours, against);
  if (target > 0) std::printf(", \"target\": %.2f", target);
  std::printf("}\n");
  std::fflush(stdout);
}

/// `limit` in nanoseconds: how much longer ours may take.
void print_difference(const std::string& name, Pair times, const char* against, double limit) {
  const double more = (times.ours - times.theirs) * 1e3;
  std::printf(
      "{\"name\": \"%s, more than %s\", \"ours\": %.2f, \"unit\": \"ns\", \"limit\": %.0f, \"met\": %s}\n",
      name.c_str(), against, more, limit, more <= limit ? "true" : "false");
  std::fflush(stdout);
}

class Pocl {
 public:
  Pocl() {
    setenv("POCL_DEVICES", "pthread", 0);
    cl_platform_id platform = nullptr;
    cl_device_id device = nullptr;
    cl_int error = 0;
    CHECK(clGetPlatformIDs(1, &platform, nullptr));
    CHECK(clGetDeviceIDs(platform, CL_DEVICE_TYPE_ALL, 1, &device, nullptr));
    cl_context context = clCreateContext(nullptr, 1, &device, nullptr, nullptr, &error);
    CHECK(error);
    for (cl_command_queue& queue : queues_) {
      queue = clCreateCommandQueue(context, device, 0, &error);
      CHECK(error);
    }
    const char* source = "kernel void set(global uchar* p) { p[get_global_id(0)] = 1; }";
    cl_program program = clCreateProgramWithSource(context, 1, &source, nullptr, &error);
    CHECK(error);
    CHECK(clBuildProgram(program, 1, &device, "", nullptr, nullptr));
    kernel_ = clCreateKernel(program, "set", &error);
    CHECK(error);
    cl_mem memory = clCreateBuffer(context, CL_MEM_READ_WRITE, kBytes, nullptr, &error);
    CHECK(error);
    CHECK(clSetKernelArg(kernel_, 0, sizeof(cl_mem), &memory));
  }
  void run(int queue, cl_event wait_for = nullptr, cl_event* done = nullptr) {
    const size_t size = kBytes;
    CHECK(clEnqueueNDRangeKernel(queues_[queue], kernel_, 1, nullptr, &size, &size,
                                 wait_for != nullptr ? 1 : 0, wait_for != nullptr ? &wait_for : nullptr,
                                 done));
  }
  /// A kernel in the first queue, an event, and a kernel in the second that waits for it.
  void hand_over() {
    cl_event done = nullptr;
    run(0, nullptr, &done);
    run(1, done);
    CHECK(clFlush(queues_[0]));
    finish(1);
    CHECK(clReleaseEvent(done));
  }
  void finish(int queue) { CHECK(clFinish(queues_[queue])); }

 private:
  cl_command_queue queues_[2] = {};
  cl_kernel kernel_ = nullptr;
};

class Cairn {
 public:
  Cairn() {
    CHECK(aclInit(nullptr));
    CHECK(aclrtSetDevice(0));
    for (aclrtStream& stream : streams_)
      CHECK(aclrtCreateStream(&stream));
    CHECK(aclrtCreateEvent(&event_));
    CHECK(aclrtMalloc(&memory_, kBytes, ACL_MEM_MALLOC_HUGE_FIRST));
  }
  void run(int stream) { CHECK(aclrtMemsetAsync(memory_, kBytes, 1, kBytes, streams_[stream])); }
  void hand_over() {
    run(0);
    CHECK(aclrtRecordEvent(event_, streams_[0]));
    CHECK(aclrtStreamWaitEvent(streams_[1], event_));
    run(1);
    finish(1);
  }
  void finish(int stream) { CHECK(aclrtSynchronizeStream(streams_[stream])); }
  void* memory() const { return memory_; }

 private:
  aclrtStream streams_[2] = {};
  aclrtEvent event_ = nullptr;
  void* memory_ = nullptr;
};

/// The call alone, the way there and back, and the time per task from the first launch to the end of the
/// last.
struct Launching {
  std::vector<double> launch;
  std::vector<double> round_trip;
  std::vector<double> stream;

  template <class Contestant>
  void measure(Contestant& contestant) {
    constexpr int kLaunches = 500;
    constexpr int kRoundTrips = 200;
    double launched = 0;
    const double all = microseconds([&] {
      launched = microseconds([&] {
        for (int i = 0; i < kLaunches; ++i)
          contestant.run(0);
      });
      contestant.finish(0);
    });
    launch.push_back(launched / kLaunches);
    stream.push_back(all / kLaunches);
    round_trip.push_back(microseconds([&] {
                           for (int i = 0; i < kRoundTrips; ++i) {
                             contestant.run(0);
                             contestant.finish(0);
                           }
                         }) /
                         kRoundTrips);
  }
};

void launching(Cairn& cairn, Pocl& pocl) {
  Launching ours;
  Launching theirs;
  for (int round = 0; round < 60; ++round) {
    ours.measure(cairn);
    theirs.measure(pocl);
  }
  print_ratio("memset_async, launch", {median(ours.launch), median(theirs.launch)}, "PoCL", 5);
  print_ratio("memset_async, per task", {median(ours.stream), median(theirs.stream)}, "PoCL", 5);
  print_ratio("memset_async + synchronize", {median(ours.round_trip), median(theirs.round_trip)}, "PoCL", 6);
}

void waking_up(Cairn& cairn, Pocl& pocl) {
  constexpr int kRounds = 150;
  std::vector<double> ours;
  std::vector<double> theirs;
  for (int i = 0; i < kRounds; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
    ours.push_back(microseconds([&] {
      cairn.run(0);
      cairn.finish(0);
    }));
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
    theirs.push_back(microseconds([&] {
      pocl.run(0);
      pocl.finish(0);
    }));
  }
  print_ratio("memset_async + synchronize after 10 ms of sleep", {median(ours), median(theirs)}, "PoCL", 1);
}

void handing_over(Cairn& cairn, Pocl& pocl) {
  constexpr int kRepeat = 200;
  const auto repeat = [](auto& contestant) {
    for (int i = 0; i < kRepeat; ++i)
      contestant.hand_over();
  };
  print_ratio("event recorded, other stream waits and runs",
              side_by_side(
                  40, kRepeat, [&] { repeat(cairn); }, [&] { repeat(pocl); }),
              "PoCL", 5);
}

// Each stream has kTasks tasks; before the second half it waits for the first half of its neighbour.
constexpr int kStreams = 1000;
constexpr int kTasks = 100;

class ManyStreams {
 public:
  explicit ManyStreams(void* memory) : memory_(memory), streams_(kStreams), events_(kStreams) {
    for (int i = 0; i < kStreams; ++i) {
      CHECK(aclrtCreateStream(&streams_[i]));
      CHECK(aclrtCreateEvent(&events_[i]));
    }
  }
  ~ManyStreams() {
    for (int i = 0; i < kStreams; ++i) {
      CHECK(aclrtDestroyEvent(events_[i]));
      CHECK(aclrtDestroyStream(streams_[i]));
    }
  }
  void run() {
    for (int i = 0; i < kStreams; ++i) {
      for (int task = 0; task < kTasks; ++task) {
        if (task == kTasks / 2) {
          CHECK(aclrtRecordEvent(events_[i], streams_[i]));
          if (i > 0) CHECK(aclrtStreamWaitEvent(streams_[i], events_[i - 1]));
        }
        CHECK(aclrtMemsetAsync(memory_, kBytes, 1, kBytes, streams_[i]));
      }
    }
    CHECK(aclrtSynchronizeDevice());
  }

 private:
  void* memory_;
  std::vector<aclrtStream> streams_;
  std::vector<aclrtEvent> events_;
};

void flow_graph() {
  static unsigned char bytes[kBytes];
  using Node = tbb::flow::continue_node<tbb::flow::continue_msg>;
  const auto task = [](const tbb::flow::continue_msg&) {
    std::memset(bytes, 1, kBytes);
    asm volatile("" ::: "memory");
  };
  tbb::flow::graph graph;
  std::vector<std::unique_ptr<Node>> nodes;
  nodes.reserve(size_t{kStreams} * kTasks);
  for (int i = 0; i < kStreams; ++i) {
    for (int t = 0; t < kTasks; ++t) {
      nodes.push_back(std::make_unique<Node>(graph, task));
      Node& node = *nodes.back();
      if (t > 0) tbb::flow::make_edge(*nodes[nodes.size() - 2], node);
      if (t == kTasks / 2 && i > 0) {
        Node& neighbour = *nodes[size_t(i - 1) * kTasks + kTasks / 2 - 1];
        tbb::flow::make_edge(neighbour, node);
      }
    }
  }
  for (int i = 0; i < kStreams; ++i)
    nodes[size_t(i) * kTasks]->try_put(tbb::flow::continue_msg());
  graph.wait_for_all();
}

void many_streams(Cairn& cairn) {
  ManyStreams streams(cairn.memory());
  streams.run();
  print_ratio("1000 streams of 100 tasks with events between neighbours",
              side_by_side(
                  9, 1, [&] { streams.run(); }, flow_graph),
              "oneTBB flow graph", 1);
}

void copies() {
  struct Size {
    size_t bytes;
    const char* name;
    int repeat;
  };
  for (const Size size :
       {Size{4 << 10, "4 KiB", 20000}, Size{64 << 10, "64 KiB", 4000}, Size{1 << 20, "1 MiB", 200},
        Size{16 << 20, "16 MiB", 8}, Size{256 << 20, "256 MiB", 1}}) {
    void* device = nullptr;
    CHECK(aclrtMalloc(&device, size.bytes, ACL_MEM_MALLOC_HUGE_FIRST));
    void* target = std::aligned_alloc(4096, size.bytes);
    void* source = std::aligned_alloc(4096, size.bytes);
    std::memset(source, 1, size.bytes);
    std::memset(target, 2, size.bytes);
    CHECK(aclrtMemset(device, size.bytes, 3, size.bytes));
    const Pair times = side_by_side(
        21, size.repeat,
        [&] {
          for (int i = 0; i < size.repeat; ++i)
            CHECK(aclrtMemcpy(device, size.bytes, source, size.bytes, ACL_MEMCPY_HOST_TO_DEVICE));
        },
        [&] {
          for (int i = 0; i < size.repeat; ++i) {
            std::memcpy(target, source, size.bytes);
            asm volatile("" ::: "memory");
          }
        });
    const std::string name = std::string("aclrtMemcpy of ") + size.name;
    if (size.bytes == 4 << 10)
      print_difference(name, times, "libc", 300);
    else
      print_ratio(name, times, "libc memcpy", size.bytes >= (1 << 20) ? 0.95 : 0);
    CHECK(aclrtFree(device));
    std::free(target);
    std::free(source);
  }
}

/// Two threads, each with 64 blocks of mixed sizes alive.
void churn(void* (*take)(size_t), void (*give)(void*), int pairs) {
  const auto work = [&](unsigned seed) {
    CHECK(aclrtSetDevice(0));
    std::minstd_rand random(seed);
    std::vector<void*> alive(64, nullptr);
    for (int i = 0; i < pairs; ++i) {
      void*& slot = alive[random() % alive.size()];
      if (slot != nullptr) give(slot);
      slot = take(size_t{64} << (random() % 15));  // 64 bytes to 1 MiB.
    }
    for (void* block : alive)
      if (block != nullptr) give(block);
    CHECK(aclrtResetDevice(0));
  };
  std::thread other(work, 1);
  work(2);
  other.join();
}

/// A function of mimalloc. Linking it would make it the allocator of the whole program.
template <class Function>
Function* mimalloc(const char* name) {
  static void* const library = dlopen("libmimalloc.so.2", RTLD_NOW | RTLD_LOCAL | RTLD_DEEPBIND);
  void* const found = library != nullptr ? dlsym(library, name) : nullptr;
  if (found == nullptr) {
    std::fprintf(stderr, "%s: %s\n", name, dlerror());
    std::exit(1);
  }
  return reinterpret_cast<Function*>(found);
}

void allocations() {
  constexpr int kPairs = 100000;
  const auto mi_malloc = mimalloc<void*(size_t)>("mi_malloc");
  const auto mi_free = mimalloc<void(void*)>("mi_free");
  const auto take = [](size_t size) -> void* {
    void* block = nullptr;
    CHECK(aclrtMalloc(&block, size, ACL_MEM_MALLOC_HUGE_FIRST));
    return block;
  };
  const auto give = [](void* block) { CHECK(aclrtFree(block)); };
  print_ratio("aclrtMalloc + aclrtFree, mixed sizes, 2 threads",
              side_by_side(
                  9, kPairs, [&] { churn(take, give, kPairs); }, [&] { churn(mi_malloc, mi_free, kPairs); }),
              "mimalloc", 1);
}

/// The time of a look-up with `alive` buffers, and of the plain dereference.
Pair look_up(int alive) {
  struct Plain {
    void* data;
    size_t size;
  };
  constexpr int kRepeat = 200000;
  std::vector<aclDataBuffer*> handles(alive);
  std::vector<std::unique_ptr<Plain>> pointers(alive);
  int byte = 0;
  for (int i = 0; i < alive; ++i) {
    handles[i] = aclCreateDataBuffer(&byte, 1);
    pointers[i] = std::make_unique<Plain>(Plain{&byte, 1});
  }
  const int step = alive > 1 ? 7919 : 0;
  const auto walk = [&](auto use) {
    for (int i = 0, at = 0; i < kRepeat; ++i, at = (at + step) % alive)
      use(at);
  };
  const Pair times = side_by_side(
      25, kRepeat,
      [&] {
        walk([&](int at) {
          void* address = aclGetDataBufferAddr(handles[at]);
          asm volatile("" : : "r"(address) : "memory");
        });
      },
      [&] {
        walk([&](int at) {
          void* address = pointers[at]->data;
          asm volatile("" : : "r"(address) : "memory");
        });
      });
  for (aclDataBuffer* handle : handles)
    CHECK(aclDestroyDataBuffer(handle));
  return times;
}

}  // namespace

int main() {
  Cairn cairn;
  Pocl pocl;
  launching(cairn, pocl);
  waking_up(cairn, pocl);
  handing_over(cairn, pocl);
  many_streams(cairn);
  copies();
  allocations();
  print_difference("aclGetDataBufferAddr", look_up(1), "a pointer", 5);
  print_difference("aclGetDataBufferAddr of 100,000 buffers", look_up(100000), "a pointer", 0);
  return 0;
}
