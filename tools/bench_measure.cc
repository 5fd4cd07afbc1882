#include "bench_measure.h"

#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <fstream>
#include <functional>
#include <numeric>
#include <random>
#include <stdexcept>
#include <thread>

#include "acl/acl.h"
#include "acl/acl_mdl.h"
#include "engine/engine.h"
#include "model/engine_loader.h"
#include "model/model_load.h"

namespace cairn {
namespace {

using Clock = std::chrono::steady_clock;

void check(aclError code, const char* what) {
  if (code == ACL_SUCCESS) return;
  const char* text = aclGetRecentErrMsg();
  throw std::runtime_error(fmt::format("{}: {}", what, text != nullptr ? text : std::to_string(code)));
}

double us_between(Clock::time_point from, Clock::time_point to) {
  return std::chrono::duration<double, std::micro>(to - from).count();
}

double seconds_since(Clock::time_point from) {
  return std::chrono::duration<double>(Clock::now() - from).count();
}

/// A figure of /proc/self/status in bytes, 0 if there is none.
size_t status_bytes(std::string_view field) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with(field)) return std::stoull(line.substr(field.size() + 1)) << 10;
  return 0;
}

double cpu_seconds() {
  struct rusage use {};
  ::getrusage(RUSAGE_SELF, &use);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
  };
  return seconds(use.ru_utime) + seconds(use.ru_stime);
}

/// Numbers that most networks take well: 0 to 1 for floats, small ones for integers.
void fill_random(std::vector<std::byte>& bytes, int data_type) {
  std::mt19937 random(1);
  if (data_type == ACL_FLOAT) {
    std::uniform_real_distribution<float> values(0.0F, 1.0F);
    for (size_t i = 0; i + sizeof(float) <= bytes.size(); i += sizeof(float)) {
      const float value = values(random);
      std::copy_n(reinterpret_cast<const std::byte*>(&value), sizeof value,
                  bytes.begin() + static_cast<std::ptrdiff_t>(i));
    }
    return;
  }
  if (data_type == ACL_FLOAT16) {
    for (size_t i = 0; i + 1 < bytes.size(); i += 2) {  // 0.5 to 1
      bytes[i] = static_cast<std::byte>(random() & 0xFF);
      bytes[i + 1] = static_cast<std::byte>(0x38 | (random() & 3));
    }
    return;
  }
  if (data_type == ACL_UINT8) {
    for (std::byte& byte : bytes)
      byte = static_cast<std::byte>(random() & 0xFF);
    return;
  }
  // Indices and flags: 0 and 1 are within every range.
  const size_t step = std::max<size_t>(aclDataTypeSize(static_cast<aclDataType>(data_type)), 1);
  for (size_t i = 0; i < bytes.size(); i += step)
    bytes[i] = static_cast<std::byte>(random() & 1);
}

/// A model with what a program needs around it.
class Model {
 public:
  Model(const std::string& om, BenchResult& result) {
    const size_t before = status_bytes("VmRSS:");
    const auto start = Clock::now();
    check(aclmdlLoadFromFile(om.c_str(), &id_), "the model cannot be loaded");
    result.load_ms = seconds_since(start) * 1e3;
    loaded_from_ = before;
    desc_ = aclmdlCreateDesc();
    check(aclmdlGetDesc(desc_, id_), "aclmdlGetDesc");
    for (size_t i = 0; i < aclmdlGetNumInputs(desc_); ++i)
      result.inputs.push_back(tensor(aclmdlGetInputNameByIndex(desc_, i), i, aclmdlGetInputDims,
                                     aclmdlGetInputDataType(desc_, i), aclmdlGetInputSizeByIndex(desc_, i)));
    for (size_t i = 0; i < aclmdlGetNumOutputs(desc_); ++i)
      result.outputs.push_back(tensor(aclmdlGetOutputNameByIndex(desc_, i), i, aclmdlGetOutputDims,
                                      aclmdlGetOutputDataType(desc_, i),
                                      aclmdlGetOutputSizeByIndex(desc_, i)));
    for (const auto* tensors : {&result.inputs, &result.outputs})
      for (const BenchTensor& each : *tensors)
        if (each.bytes == 0)
          throw std::runtime_error(fmt::format(
              "{} has no fixed size; convert the model with --input_shape for the shape to measure",
              each.name));
    if (std::ranges::any_of(result.inputs,
                            [](const BenchTensor& each) { return each.name == ACL_DYNAMIC_TENSOR_NAME; }))
      throw std::runtime_error(
          "the model has gears; convert it with --input_shape alone for the shape to measure");
  }
  Model(const Model&) = delete;
  Model& operator=(const Model&) = delete;
  ~Model() {
    aclmdlDestroyDesc(desc_);
    aclmdlUnload(id_);
  }
  uint32_t id() const { return id_; }
  size_t grown_by() const {
    const size_t now = status_bytes("VmRSS:");
    return now > loaded_from_ ? now - loaded_from_ : 0;
  }

 private:
  template <class Dims>
  BenchTensor tensor(const char* name, size_t index, Dims dims_of, aclDataType type, size_t bytes) {
    aclmdlIODims dims{};
    check(dims_of(desc_, index, &dims), "the dims of a tensor");
    return {name, {dims.dims, dims.dims + dims.dimCount}, static_cast<int>(type), bytes};
  }

  uint32_t id_ = 0;
  aclmdlDesc* desc_ = nullptr;
  size_t loaded_from_ = 0;
};

/// Device memory for inputs or outputs, with the same on the host.
class Buffers {
 public:
  explicit Buffers(const std::vector<BenchTensor>& tensors) : set_(aclmdlCreateDataset()) {
    for (const BenchTensor& tensor : tensors) {
      void* device = nullptr;
      check(aclrtMalloc(&device, tensor.bytes, ACL_MEM_MALLOC_HUGE_FIRST), "aclrtMalloc");
      device_.push_back(device);
      host_.emplace_back(tensor.bytes);
      fill_random(host_.back(), tensor.data_type);
      buffers_.push_back(aclCreateDataBuffer(device, tensor.bytes));
      check(aclmdlAddDatasetBuffer(set_, buffers_.back()), "aclmdlAddDatasetBuffer");
    }
  }
  Buffers(const Buffers&) = delete;
  Buffers& operator=(const Buffers&) = delete;
  ~Buffers() {
    aclmdlDestroyDataset(set_);
    for (size_t i = 0; i < device_.size(); ++i) {
      aclDestroyDataBuffer(buffers_[i]);
      aclrtFree(device_[i]);
    }
  }
  aclmdlDataset* set() const { return set_; }
  void to_device() {
    for (size_t i = 0; i < device_.size(); ++i)
      check(aclrtMemcpy(device_[i], host_[i].size(), host_[i].data(), host_[i].size(),
                        ACL_MEMCPY_HOST_TO_DEVICE),
            "aclrtMemcpy");
  }
  void to_host() {
    for (size_t i = 0; i < device_.size(); ++i)
      check(aclrtMemcpy(host_[i].data(), host_[i].size(), device_[i], host_[i].size(),
                        ACL_MEMCPY_DEVICE_TO_HOST),
            "aclrtMemcpy");
  }

 private:
  aclmdlDataset* set_;
  std::vector<void*> device_;
  std::vector<aclDataBuffer*> buffers_;
  std::vector<std::vector<std::byte>> host_;
};

/// A stream with buffers of its own.
struct Lane {
  Lane(const Model& measured, const BenchResult& result)
      : model(measured), inputs(result.inputs), outputs(result.outputs) {
    check(aclrtCreateStream(&stream), "aclrtCreateStream");
    inputs.to_device();
  }
  Lane(const Lane&) = delete;
  Lane& operator=(const Lane&) = delete;
  ~Lane() { aclrtDestroyStream(stream); }
  void launch() {
    check(aclmdlExecuteAsync(model.id(), inputs.set(), outputs.set(), stream), "aclmdlExecuteAsync");
  }
  void wait() { check(aclrtSynchronizeStream(stream), "aclrtSynchronizeStream"); }

  const Model& model;
  Buffers inputs;
  Buffers outputs;
  aclrtStream stream = nullptr;
};

void measure_latency(const BenchOptions& options, Lane& lane, BenchResult& result) {
  std::vector<double> to_device;
  std::vector<double> enqueue;
  std::vector<double> compute;
  std::vector<double> to_host;
  for (uint32_t i = 0; i < options.warm_up; ++i) {
    lane.launch();
    lane.wait();
  }
  const auto begin = Clock::now();
  while (result.latencies.empty() || seconds_since(begin) < options.seconds) {
    const auto start = Clock::now();
    lane.inputs.to_device();
    const auto copied = Clock::now();
    lane.launch();
    const auto launched = Clock::now();
    lane.wait();
    const auto done = Clock::now();
    lane.outputs.to_host();
    const auto end = Clock::now();
    to_device.push_back(us_between(start, copied));
    enqueue.push_back(us_between(copied, launched));
    compute.push_back(us_between(copied, done));
    to_host.push_back(us_between(done, end));
    result.latencies.push_back(us_between(start, end));
  }
  result.host_to_device = summarize(std::move(to_device));
  result.enqueue = summarize(std::move(enqueue));
  result.compute = summarize(std::move(compute));
  result.device_to_host = summarize(std::move(to_host));
  result.latency = summarize(result.latencies);
}

/// Each lane has a thread that keeps one run under way; the first runs teach the engine that they overlap.
void measure_throughput(const BenchOptions& options, std::vector<std::unique_ptr<Lane>>& lanes,
                        BenchResult& result) {
  aclrtContext context = nullptr;
  check(aclrtGetCurrentContext(&context), "aclrtGetCurrentContext");
  const auto keep_busy = [&](double seconds) {
    std::vector<size_t> runs(lanes.size());
    std::vector<std::string> problems(lanes.size());
    const auto start = Clock::now();
    std::vector<std::thread> threads;
    for (size_t i = 0; i < lanes.size(); ++i)
      threads.emplace_back([&, i] {
        try {
          check(aclrtSetCurrentContext(context), "aclrtSetCurrentContext");
          do {
            lanes[i]->launch();
            lanes[i]->wait();
            ++runs[i];
          } while (seconds_since(start) < seconds);
        } catch (const std::exception& problem) {
          problems[i] = problem.what();
        }
      });
    for (std::thread& thread : threads)
      thread.join();
    for (const std::string& problem : problems)
      if (!problem.empty()) throw std::runtime_error(problem);
    return static_cast<double>(std::accumulate(runs.begin(), runs.end(), size_t{0})) / seconds_since(start);
  };
  keep_busy(std::max(options.seconds / 3, 0.01));
  const double cpu_before = cpu_seconds();
  const auto start = Clock::now();
  result.runs_per_second = keep_busy(options.seconds);
  result.busy = std::min(
      1.0, (cpu_seconds() - cpu_before) / (seconds_since(start) * static_cast<double>(result.cores)));
}

/// The API for as long as the object lives.
struct Session {
  explicit Session(int32_t wanted) : device(wanted) {
    check(aclInit(nullptr), "aclInit");
    check(aclrtSetDevice(device), "the device cannot be used");
  }
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  ~Session() {
    aclrtResetDevice(device);
    aclFinalize();
  }
  int32_t device;
};

}  // namespace

BenchTimes summarize(std::vector<double> values) {
  BenchTimes times;
  times.count = values.size();
  if (values.empty()) return times;
  std::ranges::sort(values);
  // The nearest rank: the smallest value that this share of all values does not exceed.
  const auto quantile = [&](double share) {
    const auto rank = static_cast<size_t>(std::ceil(share * static_cast<double>(values.size())));
    return values[std::min(values.size() - 1, rank == 0 ? 0 : rank - 1)];
  };
  times.mean = std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
  times.least = values.front();
  times.p50 = quantile(0.50);
  times.p90 = quantile(0.90);
  times.p95 = quantile(0.95);
  times.p99 = quantile(0.99);
  times.most = values.back();
  return times;
}

BenchResult measure(const BenchOptions& options) {
  BenchResult result;
  result.streams = options.streams;
  result.cores = std::max(1U, std::thread::hardware_concurrency());
  const Session session(options.device);
  const Model model(options.om, result);
  check(aclmdlQuerySize(options.om.c_str(), &result.work_bytes, &result.weight_bytes),
        "the model cannot be read");
  std::vector<std::unique_ptr<Lane>> lanes;
  for (uint32_t i = 0; i < options.streams; ++i)
    lanes.push_back(std::make_unique<Lane>(model, result));
  lanes[0]->launch();
  lanes[0]->wait();
  result.loaded_bytes = model.grown_by();
  measure_latency(options, *lanes[0], result);
  measure_throughput(options, lanes, result);
  result.peak_bytes = status_bytes("VmHWM:");
  return result;
}

void profile(const BenchOptions& options, BenchResult& result) {
  const auto engine = load_engine();
  if (!engine.is_ok()) throw std::runtime_error(std::string(engine.status().text()));
  auto file = read_model_file(options.om.c_str());
  if (!file.is_ok()) throw std::runtime_error(std::string(file.status().text()));
  const auto found = (*engine)->profile(std::move(*file), options.seconds);
  if (!found.is_ok()) throw std::runtime_error(std::string(found.status().text()));
  for (const OperatorTime& each : *found)
    result.operators.push_back({each.name, each.type, each.kernel, each.us});
  std::ranges::sort(result.operators, std::greater(), &BenchOperator::us);
}

}  // namespace cairn
