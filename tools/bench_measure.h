// Measures a model through the public API: how long it loads, runs and copies, and how much it does at once.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace cairn {

struct BenchOptions {
  std::string om;
  double seconds = 3;    ///< Of each of the two measurements.
  uint32_t warm_up = 5;  ///< Runs that are not counted.
  uint32_t streams = 1;
  int32_t device = 0;
};

/// Microseconds.
struct BenchTimes {
  size_t count = 0;
  double mean = 0, least = 0, p50 = 0, p90 = 0, p95 = 0, p99 = 0, most = 0;
};

/// `values` may be empty.
BenchTimes summarize(std::vector<double> values);

struct BenchTensor {
  std::string name;
  std::vector<int64_t> dims;
  int data_type = 0;
  size_t bytes = 0;
};

struct BenchOperator {
  std::string name;
  std::string type;
  std::string kernel;
  double us = 0;  ///< Of one run.
};

struct BenchResult {
  std::vector<BenchTensor> inputs;
  std::vector<BenchTensor> outputs;
  double load_ms = 0;
  size_t work_bytes = 0;    ///< acl.mdl.query_size
  size_t weight_bytes = 0;  ///< acl.mdl.query_size
  size_t loaded_bytes = 0;  ///< By which loading and the first run made the process grow.
  size_t peak_bytes = 0;    ///< Of the whole process.

  // One run after the other, each with its copies.
  BenchTimes latency;         ///< From the first copy to the last.
  BenchTimes host_to_device;  ///< All inputs.
  BenchTimes enqueue;         ///< The call of aclmdlExecuteAsync.
  BenchTimes compute;         ///< From that call to the end of aclrtSynchronizeStream.
  BenchTimes device_to_host;  ///< All outputs.
  std::vector<double> latencies;

  // Runs on `streams` streams at once, without copies.
  uint32_t streams = 1;
  double runs_per_second = 0;
  double busy = 0;  ///< Share of the machine's cores in use meanwhile, 0 to 1.
  unsigned cores = 1;

  std::vector<BenchOperator> operators;  ///< The slowest first; empty unless asked for.
};

/// Throws std::runtime_error with a text for the user.
BenchResult measure(const BenchOptions& options);
/// Fills `result.operators`: compiles the model once more and runs it as often as fits into the time.
void profile(const BenchOptions& options, BenchResult& result);

}  // namespace cairn
