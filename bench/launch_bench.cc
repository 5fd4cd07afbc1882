// Launching small work on a stream: aclrtMemsetAsync of 64 bytes next to PoCL's clEnqueueNDRangeKernel of one
// work-group.
//
// Prints one JSON object per line; times in microseconds, ratio = theirs / ours. The contestants take turns
// in one process, and each time is the median of the rounds. `launch` is the time of the call alone,
// `round_trip` launch and wait, `stream` the time per task from the first launch to the end of the last.
#define CL_TARGET_OPENCL_VERSION 120
#include <CL/cl.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <vector>

#include "acl/acl.h"

namespace {

constexpr int kRounds = 60;
constexpr int kLaunches = 500;
constexpr int kRoundTrips = 200;
constexpr size_t kBytes = 64;

void check(int code, const char* call) {
  if (code == 0) return;
  const char* text = aclGetRecentErrMsg();
  std::fprintf(stderr, "%s = %d %s\n", call, code, text != nullptr ? text : "");
  std::exit(1);
}
#define CHECK(call) check((call), #call)

class Cairn {
 public:
  Cairn() {
    CHECK(aclInit(nullptr));
    CHECK(aclrtSetDevice(0));
    CHECK(aclrtCreateStream(&stream_));
    CHECK(aclrtMalloc(&memory_, kBytes, ACL_MEM_MALLOC_HUGE_FIRST));
  }
  void launch() { CHECK(aclrtMemsetAsync(memory_, kBytes, 1, kBytes, stream_)); }
  void wait() { CHECK(aclrtSynchronizeStream(stream_)); }

 private:
  aclrtStream stream_ = nullptr;
  void* memory_ = nullptr;
};

class Pocl {
 public:
  Pocl() {
    cl_platform_id platform = nullptr;
    cl_device_id device = nullptr;
    cl_int error = 0;
    CHECK(clGetPlatformIDs(1, &platform, nullptr));
    CHECK(clGetDeviceIDs(platform, CL_DEVICE_TYPE_ALL, 1, &device, nullptr));
    cl_context context = clCreateContext(nullptr, 1, &device, nullptr, nullptr, &error);
    CHECK(error);
    queue_ = clCreateCommandQueue(context, device, 0, &error);
    CHECK(error);
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
  void launch() {
    const size_t size = kBytes;
    CHECK(clEnqueueNDRangeKernel(queue_, kernel_, 1, nullptr, &size, &size, 0, nullptr, nullptr));
  }
  void wait() { CHECK(clFinish(queue_)); }

 private:
  cl_command_queue queue_ = nullptr;
  cl_kernel kernel_ = nullptr;
};

double microseconds(const std::function<void()>& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - start).count();
}

struct Times {
  std::vector<double> launch;
  std::vector<double> round_trip;
  std::vector<double> stream;
};

template <class Contestant>
void measure(Contestant& contestant, Times& times) {
  double launched = 0;
  const double all = microseconds([&] {
    launched = microseconds([&] {
      for (int i = 0; i < kLaunches; ++i)
        contestant.launch();
    });
    contestant.wait();
  });
  times.launch.push_back(launched / kLaunches);
  times.stream.push_back(all / kLaunches);
  times.round_trip.push_back(microseconds([&] {
                               for (int i = 0; i < kRoundTrips; ++i) {
                                 contestant.launch();
                                 contestant.wait();
                               }
                             }) /
                             kRoundTrips);
}

double median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + values.size() / 2, values.end());
  return values[values.size() / 2];
}

void print(const char* name, const std::vector<double>& ours, const std::vector<double>& theirs,
           double target) {
  const double a = median(ours);
  const double b = median(theirs);
  std::printf(
      "{\"name\": \"%s\", \"ours\": %.3f, \"theirs\": %.3f, \"ratio\": %.2f, \"unit\": \"us\", \"against\": "
      "\"PoCL\"",
      name, a, b, b / a);
  if (target > 0) std::printf(", \"target\": %.1f", target);
  std::printf("}\n");
}

}  // namespace

int main() {
  setenv("POCL_DEVICES", "pthread", 0);
  Cairn cairn;
  Pocl pocl;
  Times ours;
  Times theirs;
  for (int round = 0; round < kRounds; ++round) {
    measure(cairn, ours);
    measure(pocl, theirs);
  }
  print("launch", ours.launch, theirs.launch, 5);
  print("round_trip", ours.round_trip, theirs.round_trip, 5);
  print("stream", ours.stream, theirs.stream, 0);
  return 0;
}
