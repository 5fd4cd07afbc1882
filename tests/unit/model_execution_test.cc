// Loading and running models through the C API: results, checks, threads, lifetime.
#include <array>
#include <atomic>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <numeric>
#include <optional>
#include <thread>
#include <vector>

#include "acl/acl.h"
#include "acl/acl_mdl.h"
#include "model_om.h"
#include "runtime_fixture.h"

namespace cairn::test {
namespace {

constexpr size_t kElements = 64;
constexpr size_t kBytes = kElements * sizeof(float);

std::vector<float> iota(float first) {
  std::vector<float> values(kElements);
  std::iota(values.begin(), values.end(), first);
  return values;
}

/// Device memory in a data buffer in a dataset of its own.
class Tensor {
 public:
  explicit Tensor(size_t bytes = kBytes, size_t buffer_bytes = 0) {
    EXPECT_EQ(aclrtMalloc(&memory_, bytes, ACL_MEM_MALLOC_NORMAL_ONLY), 0);
    buffer_ = aclCreateDataBuffer(memory_, buffer_bytes == 0 ? bytes : buffer_bytes);
    dataset_ = aclmdlCreateDataset();
    EXPECT_EQ(aclmdlAddDatasetBuffer(dataset_, buffer_), 0);
  }
  Tensor(const Tensor&) = delete;
  Tensor& operator=(const Tensor&) = delete;
  ~Tensor() {
    aclmdlDestroyDataset(dataset_);
    aclDestroyDataBuffer(buffer_);
    if (memory_ != nullptr) aclrtFree(memory_);
  }
  aclmdlDataset* dataset() const { return dataset_; }
  void* memory() const { return memory_; }
  void free_memory() {
    EXPECT_EQ(aclrtFree(memory_), 0);
    memory_ = nullptr;
  }
  void write(const std::vector<float>& values) {
    EXPECT_EQ(aclrtMemcpy(memory_, kBytes, values.data(), kBytes, ACL_MEMCPY_HOST_TO_DEVICE), 0);
  }
  std::vector<float> read() const {
    std::vector<float> values(kElements);
    EXPECT_EQ(aclrtMemcpy(values.data(), kBytes, memory_, kBytes, ACL_MEMCPY_DEVICE_TO_HOST), 0);
    return values;
  }

 private:
  void* memory_ = nullptr;
  aclDataBuffer* buffer_ = nullptr;
  aclmdlDataset* dataset_ = nullptr;
};

std::string recent_error() {
  const char* text = aclGetRecentErrMsg();
  return text == nullptr ? "" : text;
}

class ModelExecution : public testing::Test {
 protected:
  static void SetUpTestSuite() { aclInit(nullptr); }
  void SetUp() override {
    ASSERT_EQ(aclrtSetDevice(0), 0);
    recent_error();
    file_ = to_file(add_model({1, kElements}, weights_));
    ASSERT_EQ(aclmdlLoadFromMem(file_.data(), file_.size(), &model_), 0) << recent_error();
  }
  void TearDown() override {
    aclmdlUnload(model_);
    aclrtResetDevice(0);
  }

  const std::vector<float> weights_ = iota(1000.0F);
  std::string file_;
  uint32_t model_ = 0;
};

std::vector<float> sums(const std::vector<float>& a, const std::vector<float>& b) {
  std::vector<float> result(a.size());
  for (size_t i = 0; i < a.size(); ++i)
    result[i] = a[i] + b[i];
  return result;
}

TEST_F(ModelExecution, WritesTheResultIntoTheUsersBuffer) {
  Tensor x;
  Tensor y;
  for (float first : {0.0F, -7.5F}) {
    x.write(iota(first));
    ASSERT_EQ(aclmdlExecute(model_, x.dataset(), y.dataset()), 0) << recent_error();
    EXPECT_EQ(y.read(), sums(iota(first), weights_));
  }
  Tensor other;  // Another address: the binding has to follow.
  ASSERT_EQ(aclmdlExecute(model_, x.dataset(), other.dataset()), 0);
  EXPECT_EQ(other.read(), sums(iota(-7.5F), weights_));
}

TEST_F(ModelExecution, TakesHostMemory) {  // MDL-015
  void* host = nullptr;
  ASSERT_EQ(aclrtMallocHost(&host, kBytes), 0);
  std::memcpy(host, iota(3.0F).data(), kBytes);
  aclDataBuffer* buffer = aclCreateDataBuffer(host, kBytes);
  aclmdlDataset* x = aclmdlCreateDataset();
  ASSERT_EQ(aclmdlAddDatasetBuffer(x, buffer), 0);
  Tensor y;
  EXPECT_EQ(aclmdlExecute(model_, x, y.dataset()), 0) << recent_error();
  EXPECT_EQ(y.read(), sums(iota(3.0F), weights_));
  EXPECT_EQ(aclmdlExecute(model_, y.dataset(), x), 0) << recent_error();
  EXPECT_EQ(std::vector<float>(static_cast<float*>(host), static_cast<float*>(host) + kElements),
            sums(sums(iota(3.0F), weights_), weights_));
  aclmdlDestroyDataset(x);
  aclDestroyDataBuffer(buffer);
  aclrtFreeHost(host);
}

TEST_F(ModelExecution, RunsOnAStreamInOrder) {  // MDL-018
  aclrtStream stream = nullptr;
  ASSERT_EQ(aclrtCreateStream(&stream), 0);
  Tensor a;
  Tensor b;
  a.write(iota(0.0F));
  constexpr int kRounds = 50;
  for (int i = 0; i < kRounds; ++i) {
    ASSERT_EQ(aclmdlExecuteAsync(model_, a.dataset(), b.dataset(), stream), 0);
    ASSERT_EQ(aclmdlExecuteAsync(model_, b.dataset(), a.dataset(), stream), 0);
  }
  ASSERT_EQ(aclrtSynchronizeStream(stream), 0);
  std::vector<float> expected = iota(0.0F);
  for (int i = 0; i < 2 * kRounds; ++i)
    expected = sums(expected, weights_);
  EXPECT_EQ(a.read(), expected);
  EXPECT_EQ(aclrtDestroyStream(stream), 0);
}

TEST_F(ModelExecution, KeepsAnAsynchronousCallAliveWithoutItsObjects) {
  aclrtStream stream = nullptr;
  ASSERT_EQ(aclrtCreateStream(&stream), 0);
  void* memory[2] = {};
  for (void*& each : memory)
    ASSERT_EQ(aclrtMalloc(&each, kBytes, ACL_MEM_MALLOC_NORMAL_ONLY), 0);
  ASSERT_EQ(aclrtMemcpy(memory[0], kBytes, weights_.data(), kBytes, ACL_MEMCPY_HOST_TO_DEVICE), 0);
  aclmdlDataset* sets[2];
  aclDataBuffer* buffers[2];
  for (int i = 0; i < 2; ++i) {
    sets[i] = aclmdlCreateDataset();
    buffers[i] = aclCreateDataBuffer(memory[i], kBytes);
    ASSERT_EQ(aclmdlAddDatasetBuffer(sets[i], buffers[i]), 0);
  }
  for (int i = 0; i < 100; ++i)
    ASSERT_EQ(aclmdlExecuteAsync(model_, sets[0], sets[1], stream), 0);
  EXPECT_EQ(aclmdlUnload(model_), 0);
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(aclmdlDestroyDataset(sets[i]), 0);
    EXPECT_EQ(aclDestroyDataBuffer(buffers[i]), 0);
  }
  EXPECT_EQ(aclrtSynchronizeStream(stream), 0) << recent_error();
  std::vector<float> result(kElements);
  ASSERT_EQ(aclrtMemcpy(result.data(), kBytes, memory[1], kBytes, ACL_MEMCPY_DEVICE_TO_HOST), 0);
  EXPECT_EQ(result, sums(weights_, weights_));
  for (void* each : memory)
    EXPECT_EQ(aclrtFree(each), 0);
  EXPECT_EQ(aclrtDestroyStream(stream), 0);
}

TEST_F(ModelExecution, ReportsMemoryThatIsGoneWhenTheTaskRuns) {
  aclrtStream stream = nullptr;
  ASSERT_EQ(aclrtCreateStream(&stream), 0);
  aclrtEvent event = nullptr;
  ASSERT_EQ(aclrtCreateEventWithFlag(&event, ACL_EVENT_SYNC), 0);
  aclrtStream first = nullptr;
  ASSERT_EQ(aclrtCreateStream(&first), 0);
  Tensor x;
  Tensor y;
  // Hold the stream back with an event behind a lot of work, so that the memory goes before the task runs.
  Tensor big(size_t{256} << 20);
  for (int i = 0; i < 4; ++i)
    ASSERT_EQ(aclrtMemsetAsync(big.memory(), size_t{256} << 20, i, size_t{256} << 20, first), 0);
  ASSERT_EQ(aclrtRecordEvent(event, first), 0);
  ASSERT_EQ(aclrtStreamWaitEvent(stream, event), 0);
  ASSERT_EQ(aclmdlExecuteAsync(model_, x.dataset(), y.dataset(), stream), 0);
  y.free_memory();
  EXPECT_NE(aclrtSynchronizeStream(stream), 0);
  EXPECT_NE(recent_error().find("aclmdlExecuteAsync"), std::string::npos);
  aclrtDestroyEvent(event);
  aclrtDestroyStream(first);
  aclrtDestroyStream(stream);
}

TEST_F(ModelExecution, RunsInManyThreadsAtOnce) {
  std::atomic<int> wrong{0};
  aclrtContext context = nullptr;
  ASSERT_EQ(aclrtGetCurrentContext(&context), 0);
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      aclrtSetCurrentContext(context);
      Tensor x;
      Tensor y;
      const std::vector<float> values = iota(static_cast<float>(t));
      x.write(values);
      for (int i = 0; i < 200; ++i) {
        if (aclmdlExecute(model_, x.dataset(), y.dataset()) != 0 || y.read() != sums(values, weights_))
          ++wrong;
      }
    });
  }
  for (std::thread& thread : threads)
    thread.join();
  EXPECT_EQ(wrong, 0);
}

TEST_F(ModelExecution, RunsOnManyStreamsAtOnce) {
  constexpr int kStreams = 4;
  std::array<aclrtStream, kStreams> streams{};
  std::array<Tensor, kStreams> x;
  std::array<Tensor, kStreams> y;
  for (int s = 0; s < kStreams; ++s) {
    ASSERT_EQ(aclrtCreateStream(&streams[s]), 0);
    x[s].write(iota(static_cast<float>(s)));
  }
  for (int round = 0; round < 100; ++round)  // Enough for the engine to compile the model for several runs.
    for (int s = 0; s < kStreams; ++s)
      ASSERT_EQ(aclmdlExecuteAsync(model_, x[s].dataset(), y[s].dataset(), streams[s]), 0);
  for (int s = 0; s < kStreams; ++s) {
    EXPECT_EQ(aclrtSynchronizeStream(streams[s]), 0) << recent_error();
    EXPECT_EQ(y[s].read(), sums(iota(static_cast<float>(s)), weights_));
    aclrtDestroyStream(streams[s]);
  }
}

TEST_F(ModelExecution, SurvivesUnloadingWhileOthersExecute) {  // MDL-023
  aclrtContext context = nullptr;
  ASSERT_EQ(aclrtGetCurrentContext(&context), 0);
  std::atomic<bool> started{false};
  std::thread runner([&] {
    aclrtSetCurrentContext(context);
    Tensor x;
    Tensor y;
    int ret = 0;
    while (ret == 0) {
      ret = aclmdlExecute(model_, x.dataset(), y.dataset());
      started = true;
    }
    EXPECT_EQ(ret, ACL_ERROR_GE_EXEC_MODEL_ID_INVALID);
  });
  while (!started)
    std::this_thread::yield();
  EXPECT_EQ(aclmdlUnload(model_), 0);
  runner.join();
}

/// Runs that wait in a stream until release() is called.
class QueuedRuns {
 public:
  QueuedRuns() {
    EXPECT_EQ(aclrtCreateStream(&stream_), 0);
    auto found = Runtime::get().stream(stream_);
    EXPECT_TRUE(found.is_ok());
    gate_.emplace(*found);
  }
  QueuedRuns(const QueuedRuns&) = delete;
  QueuedRuns& operator=(const QueuedRuns&) = delete;
  ~QueuedRuns() {
    gate_->open();
    if (stream_ != nullptr) aclrtDestroyStream(stream_);
  }

  void add(uint32_t model, const Tensor& from, const Tensor& to) {
    EXPECT_EQ(aclmdlExecuteAsync(model, from.dataset(), to.dataset(), stream_), 0) << recent_error();
  }
  void release() { gate_->open(); }
  aclError synchronize() { return aclrtSynchronizeStream(stream_); }
  void abort() {
    EXPECT_EQ(aclrtStreamAbort(stream_), 0);
    EXPECT_EQ(aclrtSynchronizeStream(stream_), ACL_ERROR_RT_STREAM_ABORT);
  }

 private:
  aclrtStream stream_ = nullptr;
  std::optional<Gate> gate_;
};

TEST_F(ModelExecution, RunsWhatWasQueuedBeforeItsUnloading) {  // MDL-022, MDL-023
  Tensor a;
  Tensor b;
  a.write(iota(2.0F));
  QueuedRuns runs;
  for (int i = 0; i < 8; ++i)
    i % 2 == 0 ? runs.add(model_, a, b) : runs.add(model_, b, a);
  EXPECT_EQ(aclmdlUnload(model_), 0);
  EXPECT_EQ(aclmdlExecute(model_, a.dataset(), b.dataset()), ACL_ERROR_GE_EXEC_MODEL_ID_INVALID);
  runs.release();
  EXPECT_EQ(runs.synchronize(), 0) << recent_error();
  std::vector<float> wanted = iota(2.0F);
  for (int i = 0; i < 8; ++i)
    wanted = sums(wanted, weights_);
  EXPECT_EQ(a.read(), wanted);
}

TEST_F(ModelExecution, RunsWhatWasQueuedWhenAnotherInstanceStays) {
  uint32_t other = 0;
  ASSERT_EQ(aclmdlLoadFromMem(file_.data(), file_.size(), &other), 0);
  Tensor a;
  Tensor b;
  a.write(iota(2.0F));
  QueuedRuns runs;
  runs.add(model_, a, b);
  runs.add(other, b, a);
  EXPECT_EQ(aclmdlUnload(other), 0);
  EXPECT_EQ(aclmdlUnload(other), ACL_ERROR_GE_EXEC_MODEL_ID_INVALID);
  runs.add(model_, a, b);
  runs.release();
  EXPECT_EQ(runs.synchronize(), 0) << recent_error();
  EXPECT_EQ(b.read(), sums(sums(sums(iota(2.0F), weights_), weights_), weights_));
}

TEST_F(ModelExecution, LosesQueuedRunsWhenTheirStreamIsAborted) {
  Tensor a;
  Tensor b;
  b.write(iota(5.0F));
  QueuedRuns runs;
  for (int i = 0; i < 8; ++i)
    runs.add(model_, a, b);
  EXPECT_EQ(aclmdlUnload(model_), 0);
  runs.abort();
  EXPECT_EQ(b.read(), iota(5.0F));
}

TEST_F(ModelExecution, FailsQueuedRunsWhoseMemoryIsGone) {
  Tensor a;
  QueuedRuns runs;
  {
    Tensor gone;
    runs.add(model_, a, gone);
    EXPECT_EQ(aclmdlUnload(model_), 0);
  }
  runs.release();
  // The memory may be in use again, so that the run may succeed; it must end.
  static_cast<void>(runs.synchronize());
}

TEST_F(ModelExecution, RefusesWhatDoesNotFitTheModel) {
  Tensor x;
  Tensor y;
  Tensor small(kBytes, kBytes - 1);
  EXPECT_EQ(aclmdlExecute(model_, small.dataset(), y.dataset()), ACL_ERROR_MODEL_INPUT_NOT_MATCH);
  EXPECT_NE(recent_error().find("255 bytes, the model needs 256"), std::string::npos);
  EXPECT_EQ(aclmdlExecute(model_, x.dataset(), small.dataset()), ACL_ERROR_MODEL_OUTPUT_NOT_MATCH);
  Tensor lying(64, kBytes);  // The buffer claims more than was allocated.
  EXPECT_NE(aclmdlExecute(model_, lying.dataset(), y.dataset()), 0);
  EXPECT_NE(aclmdlExecute(model_, x.dataset(), lying.dataset()), 0);

  aclmdlDataset* empty = aclmdlCreateDataset();
  EXPECT_EQ(aclmdlExecute(model_, empty, y.dataset()), ACL_ERROR_MODEL_INPUT_NOT_MATCH);
  EXPECT_EQ(aclmdlExecute(model_, x.dataset(), empty), ACL_ERROR_MODEL_OUTPUT_NOT_MATCH);
  EXPECT_EQ(aclmdlDestroyDataset(empty), 0);
  EXPECT_EQ(aclmdlExecute(model_, empty, y.dataset()), ACL_ERROR_INVALID_PARAM);
  EXPECT_EQ(aclmdlExecute(model_, nullptr, y.dataset()), ACL_ERROR_INVALID_PARAM);
  EXPECT_EQ(aclmdlExecute(model_ + 1, x.dataset(), y.dataset()), ACL_ERROR_GE_EXEC_MODEL_ID_INVALID);
  EXPECT_EQ(aclmdlExecute(model_, x.dataset(), y.dataset()), 0);
}

TEST_F(ModelExecution, RefusesHostAddressesThatCannotBeRead) {
  aclDataBuffer* buffer = aclCreateDataBuffer(reinterpret_cast<void*>(0x1000), kBytes);
  aclmdlDataset* wild = aclmdlCreateDataset();
  ASSERT_EQ(aclmdlAddDatasetBuffer(wild, buffer), 0);
  Tensor x;
  EXPECT_NE(aclmdlExecute(model_, wild, x.dataset()), 0);
  EXPECT_NE(aclmdlExecute(model_, x.dataset(), wild), 0);
  EXPECT_EQ(aclDestroyDataBuffer(buffer), 0);  // The dataset still names it.
  EXPECT_EQ(aclmdlExecute(model_, wild, x.dataset()), ACL_ERROR_INVALID_PARAM);
  EXPECT_EQ(aclmdlDestroyDataset(wild), 0);
}

TEST_F(ModelExecution, BelongsToItsContext) {  // MDL-005
  Tensor x;
  Tensor y;
  aclrtContext own = nullptr;
  ASSERT_EQ(aclrtGetCurrentContext(&own), 0);
  aclrtContext other = nullptr;
  ASSERT_EQ(aclrtCreateContext(&other, 0), 0);
  EXPECT_EQ(aclmdlExecute(model_, x.dataset(), y.dataset()), ACL_ERROR_RT_MODEL_CONTEXT);
  EXPECT_EQ(aclmdlUnload(model_), ACL_ERROR_RT_MODEL_CONTEXT);
  std::thread([&] {
    EXPECT_EQ(aclmdlExecute(model_, x.dataset(), y.dataset()), ACL_ERROR_RT_CONTEXT_NULL);
  }).join();
  ASSERT_EQ(aclrtSetCurrentContext(own), 0);
  EXPECT_EQ(aclmdlExecute(model_, x.dataset(), y.dataset()), 0);
  EXPECT_EQ(aclrtDestroyContext(other), 0);
}

TEST_F(ModelExecution, CanBeUnloadedAfterItsContextIsGone) {
  aclrtContext own = nullptr;
  ASSERT_EQ(aclrtGetCurrentContext(&own), 0);
  aclrtContext other = nullptr;
  ASSERT_EQ(aclrtCreateContext(&other, 0), 0);
  uint32_t model = 0;
  ASSERT_EQ(aclmdlLoadFromMem(file_.data(), file_.size(), &model), 0);
  ASSERT_EQ(aclrtDestroyContext(other), 0);
  ASSERT_EQ(aclrtSetCurrentContext(own), 0);
  EXPECT_EQ(aclmdlUnload(model), 0);
  EXPECT_EQ(aclmdlUnload(model), ACL_ERROR_GE_EXEC_MODEL_ID_INVALID);
}

TEST_F(ModelExecution, LoadsIntoTheUsersMemory) {  // MDL-011, MDL-028
  size_t work_size = 0;
  size_t weight_size = 0;
  ASSERT_EQ(aclmdlQuerySizeFromMem(file_.data(), file_.size(), &work_size, &weight_size), 0);
  EXPECT_EQ(work_size, 4 * kBytes);
  EXPECT_EQ(weight_size, kBytes);
  void* work = nullptr;
  void* weights = nullptr;
  ASSERT_EQ(aclrtMalloc(&work, work_size, ACL_MEM_MALLOC_NORMAL_ONLY), 0);
  ASSERT_EQ(aclrtMalloc(&weights, weight_size, ACL_MEM_MALLOC_NORMAL_ONLY), 0);
  uint32_t model = 0;
  EXPECT_NE(
      aclmdlLoadFromMemWithMem(file_.data(), file_.size(), &model, work, work_size - 1, weights, weight_size),
      0);
  EXPECT_NE(
      aclmdlLoadFromMemWithMem(file_.data(), file_.size(), &model, work, work_size, weights, weight_size - 1),
      0);
  EXPECT_NE(aclmdlLoadFromMemWithMem(file_.data(), file_.size(), &model, work, work_size, file_.data(),
                                     weight_size),
            0);
  ASSERT_EQ(
      aclmdlLoadFromMemWithMem(file_.data(), file_.size(), &model, work, work_size, weights, weight_size), 0)
      << recent_error();
  std::vector<float> copy(kElements);
  ASSERT_EQ(aclrtMemcpy(copy.data(), kBytes, weights, kBytes, ACL_MEMCPY_DEVICE_TO_HOST), 0);
  EXPECT_EQ(copy, weights_);
  Tensor x;
  Tensor y;
  x.write(weights_);
  EXPECT_EQ(aclmdlExecute(model, x.dataset(), y.dataset()), 0);
  EXPECT_EQ(y.read(), sums(weights_, weights_));
  EXPECT_EQ(aclmdlUnload(model), 0);
  EXPECT_EQ(aclrtFree(work), 0);
  EXPECT_EQ(aclrtFree(weights), 0);
}

TEST_F(ModelExecution, RefusesDescriptionsThatDoNotFitTheNetwork) {
  // The file keeps its descriptions at the nodes Data (first) and NetOutput (last).
  OmModel short_input = add_model({1, kElements}, weights_);
  short_input.inputs[0].dims = short_input.inputs[0].dims_v2 = {1, 4};
  short_input.inputs[0].bytes = 16;
  short_input.nodes.front().output_tensors[0] = short_input.inputs[0];
  OmModel wrong_type = add_model({1, kElements}, weights_);
  wrong_type.outputs[0].data_type = ACL_INT32;
  wrong_type.nodes.back().input_tensors[0] = wrong_type.outputs[0];
  OmModel more_outputs = add_model({1, kElements}, weights_);
  more_outputs.outputs.push_back(more_outputs.outputs[0]);
  more_outputs.nodes.back().inputs.push_back(more_outputs.nodes.back().inputs[0]);
  more_outputs.nodes.back().input_tensors.push_back(more_outputs.outputs[0]);
  OmModel dynamic = add_model({1, kElements}, weights_);
  dynamic.ir_xml.replace(dynamic.ir_xml.find("shape=\"1,64\""), 12, "shape=\"?,64\"");
  OmModel weights_outside = add_model({1, kElements}, weights_);
  weights_outside.ir_xml.replace(weights_outside.ir_xml.find("offset=\"0\""), 10, "offset=\"4\"");
  OmModel no_xml = add_model({1, kElements}, weights_);
  no_xml.ir_xml = "<net";
  int number = 0;
  for (const OmModel& model : {short_input, wrong_type, more_outputs, dynamic, weights_outside, no_xml}) {
    SCOPED_TRACE(number++);
    const std::string file = to_file(model);
    uint32_t id = 0;
    EXPECT_NE(aclmdlLoadFromMem(file.data(), file.size(), &id), 0);
    EXPECT_NE(recent_error().find("[MDL-"), std::string::npos);
  }
}

TEST_F(ModelExecution, RefusesBadFiles) {
  const std::filesystem::path folder =
      std::filesystem::temp_directory_path() / fmt::format("cairn_model_test_{}", getpid());
  std::filesystem::create_directories(folder);
  uint32_t id = 0;
  EXPECT_EQ(aclmdlLoadFromFile((folder / "missing.om").c_str(), &id), ACL_ERROR_GE_EXEC_MODEL_PATH_INVALID);
  EXPECT_EQ(aclmdlLoadFromFile(folder.c_str(), &id), ACL_ERROR_GE_EXEC_MODEL_PATH_INVALID);
  EXPECT_EQ(aclmdlLoadFromFile("/dev/zero", &id), ACL_ERROR_GE_EXEC_MODEL_PATH_INVALID);
  EXPECT_EQ(aclmdlLoadFromFile(nullptr, &id), ACL_ERROR_INVALID_PARAM);
  const std::filesystem::path path = folder / "net.om";
  for (size_t length : {size_t{0}, size_t{1}, size_t{255}, size_t{256}, file_.size() / 2, file_.size() - 1}) {
    std::ofstream(path, std::ios::binary).write(file_.data(), static_cast<std::streamsize>(length));
    EXPECT_NE(aclmdlLoadFromFile(path.c_str(), &id), 0) << length;
  }
  std::ofstream(path, std::ios::binary).write(file_.data(), static_cast<std::streamsize>(file_.size()));
  ASSERT_EQ(aclmdlLoadFromFile(path.c_str(), &id), 0) << recent_error();
  EXPECT_EQ(aclmdlUnload(id), 0);
  size_t work_size = 0;
  size_t weight_size = 0;
  EXPECT_EQ(aclmdlQuerySize(path.c_str(), &work_size, &weight_size), 0);
  EXPECT_EQ(weight_size, kBytes);
  std::filesystem::remove_all(folder);

  EXPECT_NE(aclmdlLoadFromMem(nullptr, 100, &id), 0);
  EXPECT_NE(aclmdlLoadFromMem(file_.data(), 0, &id), 0);
  EXPECT_NE(aclmdlLoadFromMem(reinterpret_cast<void*>(0x1000), 4096, &id), 0);
  EXPECT_NE(aclmdlLoadFromMem(file_.data(), size_t{1} << 62, &id), 0);
  EXPECT_NE(aclmdlLoadFromMem(file_.data(), SIZE_MAX, &id), 0);
  EXPECT_EQ(aclmdlLoadFromMem(file_.data(), file_.size(), nullptr), ACL_ERROR_INVALID_PARAM);
}

TEST_F(ModelExecution, GivesMemoryBackOnUnload) {
  const auto resident_kib = [] {
    std::ifstream status("/proc/self/status");
    std::string word;
    size_t value = 0;
    while (status >> word)
      if (word == "VmRSS:") status >> value;
    return value;
  };
  constexpr size_t kManyElements = size_t{1} << 18;
  const std::vector<float> weights(kManyElements, 1.0F);
  const std::string file = to_file(add_model({1, kManyElements}, weights));
  const auto rounds = [&](int count) {
    for (int i = 0; i < count; ++i) {
      uint32_t id = 0;
      ASSERT_EQ(aclmdlLoadFromMem(file.data(), file.size(), &id), 0);
      ASSERT_EQ(aclmdlUnload(id), 0);
    }
  };
  rounds(20);  // Until the allocators have what they keep.
  const size_t before = resident_kib();
  rounds(200);
  const size_t grown = std::max(resident_kib(), before) - before;
  EXPECT_LT(grown, 200 * 1024 / 8) << "KiB; one model has 1024 KiB of weights";
}

}  // namespace
}  // namespace cairn::test
