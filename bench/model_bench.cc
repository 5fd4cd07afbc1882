// Model execution through aclmdlExecute next to OpenVINO called directly, with the same settings, in one
// process and in turns.
//
//   model_bench NAME MODEL.om MODEL.onnx [SECONDS]
//
// Prints one line of JSON for execution and one for execution on a stream; ratio = theirs / ours, above 1 is
// faster than OpenVINO.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <openvino/openvino.hpp>
#include <stdexcept>
#include <string>
#include <vector>

#include "acl/acl.h"
#include "acl/acl_mdl.h"

namespace {

using Clock = std::chrono::steady_clock;

void check(aclError code, const char* what) {
  if (code == ACL_SUCCESS) return;
  const char* text = aclGetRecentErrMsg();
  throw std::runtime_error(std::string(what) + ": " + (text ? text : std::to_string(code)));
}

/// One input and one output in device memory.
class OurModel {
 public:
  explicit OurModel(const char* path) {
    check(aclInit(nullptr), "aclInit");
    check(aclrtSetDevice(0), "aclrtSetDevice");
    check(aclmdlLoadFromFile(path, &model_), "aclmdlLoadFromFile");
    aclmdlDesc* desc = aclmdlCreateDesc();
    check(aclmdlGetDesc(desc, model_), "aclmdlGetDesc");
    input_bytes_ = aclmdlGetInputSizeByIndex(desc, 0);
    output_bytes_ = aclmdlGetOutputSizeByIndex(desc, 0);
    aclmdlDestroyDesc(desc);
    input_ = dataset(input_bytes_, input_memory_);
    output_ = dataset(output_bytes_, output_memory_);
    check(aclrtCreateStream(&stream_), "aclrtCreateStream");
  }
  size_t input_bytes() const { return input_bytes_; }
  void set_input(const std::vector<float>& values) {
    check(aclrtMemcpy(input_memory_, input_bytes_, values.data(), input_bytes_, ACL_MEMCPY_HOST_TO_DEVICE),
          "aclrtMemcpy");
  }
  std::vector<float> output() const {
    std::vector<float> values(output_bytes_ / sizeof(float));
    check(aclrtMemcpy(values.data(), output_bytes_, output_memory_, output_bytes_, ACL_MEMCPY_DEVICE_TO_HOST),
          "aclrtMemcpy");
    return values;
  }
  void execute() { check(aclmdlExecute(model_, input_, output_), "aclmdlExecute"); }
  void execute_on_stream() {
    check(aclmdlExecuteAsync(model_, input_, output_, stream_), "aclmdlExecuteAsync");
    check(aclrtSynchronizeStream(stream_), "aclrtSynchronizeStream");
  }

 private:
  static aclmdlDataset* dataset(size_t bytes, void*& memory) {
    check(aclrtMalloc(&memory, bytes, ACL_MEM_MALLOC_HUGE_FIRST), "aclrtMalloc");
    aclmdlDataset* set = aclmdlCreateDataset();
    check(aclmdlAddDatasetBuffer(set, aclCreateDataBuffer(memory, bytes)), "aclmdlAddDatasetBuffer");
    return set;
  }

  uint32_t model_ = 0;
  size_t input_bytes_ = 0;
  size_t output_bytes_ = 0;
  void* input_memory_ = nullptr;
  void* output_memory_ = nullptr;
  aclmdlDataset* input_ = nullptr;
  aclmdlDataset* output_ = nullptr;
  aclrtStream stream_ = nullptr;
};

/// What a user of OpenVINO writes: tensors set once, infer() in a loop.
class TheirModel {
 public:
  explicit TheirModel(const char* path) {
    ov::AnyMap settings{ov::hint::performance_mode(ov::hint::PerformanceMode::LATENCY), ov::num_streams(1),
                        ov::hint::inference_precision(ov::element::f32)};
    if (const char* threads = std::getenv("CAIRN_THREADS"))
      settings.insert(ov::inference_num_threads(std::atoi(threads)));
    model_ = core_.compile_model(path, "CPU", settings);
    request_ = model_.create_infer_request();
  }
  void set_input(const std::vector<float>& values) {
    std::copy(values.begin(), values.end(), request_.get_input_tensor().data<float>());
  }
  std::vector<float> output() {
    const ov::Tensor tensor = request_.get_output_tensor();
    return {tensor.data<float>(), tensor.data<float>() + tensor.get_size()};
  }
  void execute() { request_.infer(); }

 private:
  ov::Core core_;
  ov::CompiledModel model_;
  ov::InferRequest request_;
};

double seconds(const std::function<void()>& work) {
  const auto start = Clock::now();
  work();
  return std::chrono::duration<double>(Clock::now() - start).count();
}

/// The time that a quarter of the calls stay below: other programs on the machine disturb it less than the
/// median.
double lower_quartile(std::vector<double> values) {
  const auto quarter = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 4);
  std::nth_element(values.begin(), quarter, values.end());
  return *quarter;
}

/// Both take turns, changing who goes first; a call of each is measured by itself.
void compare(const std::string& name, const std::function<void()>& ours, const std::function<void()>& theirs,
             double budget, bool has_target) {
  constexpr size_t kLeastRounds = 25;
  constexpr int kWarmUp = 10;
  for (int i = 0; i < kWarmUp; ++i) {
    ours();
    theirs();
  }
  std::vector<double> our_times;
  std::vector<double> their_times;
  const auto start = Clock::now();
  while (our_times.size() < kLeastRounds ||
         std::chrono::duration<double>(Clock::now() - start).count() < budget) {
    const bool ours_first = our_times.size() % 2 == 0;
    if (ours_first) our_times.push_back(seconds(ours));
    their_times.push_back(seconds(theirs));
    if (!ours_first) our_times.push_back(seconds(ours));
  }
  const double our_time = lower_quartile(our_times) * 1e6;
  const double their_time = lower_quartile(their_times) * 1e6;
  std::printf(
      "{\"name\": \"%s\", \"ours\": %.2f, \"theirs\": %.2f, \"ratio\": %.3f, \"unit\": \"us\", "
      "\"against\": \"OpenVINO\"%s}\n",
      name.c_str(), our_time, their_time, their_time / our_time, has_target ? ", \"target\": 0.98" : "");
  std::fflush(stdout);
}

void run(const std::string& name, const char* om, const char* onnx, double budget) {
  OurModel ours(om);
  TheirModel theirs(onnx);
  std::vector<float> input(ours.input_bytes() / sizeof(float));
  for (size_t i = 0; i < input.size(); ++i)
    input[i] = static_cast<float>(i % 255) / 255.0F;
  ours.set_input(input);
  theirs.set_input(input);
  ours.execute();
  theirs.execute();
  const std::vector<float> a = ours.output();
  const std::vector<float> b = theirs.output();
  constexpr float kTolerance = 1e-3F;
  for (size_t i = 0; i < a.size(); ++i)
    if (a.size() != b.size() || !(std::abs(a[i] - b[i]) <= kTolerance * std::max(1.0F, std::abs(b[i]))))
      throw std::runtime_error("the results differ at element " + std::to_string(i));
  compare(
      name + ", execute", [&] { ours.execute(); }, [&] { theirs.execute(); }, budget, true);
  compare(
      name + ", execute_async + synchronize", [&] { ours.execute_on_stream(); }, [&] { theirs.execute(); },
      budget, false);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4 && argc != 5) {
    std::fprintf(stderr, "usage: model_bench NAME MODEL.om MODEL.onnx [SECONDS]\n");
    return 2;
  }
  try {
    run(argv[1], argv[2], argv[3], argc == 5 ? std::atof(argv[4]) : 5.0);
  } catch (const std::exception& problem) {
    std::fprintf(stderr, "model_bench: %s\n", problem.what());
    return 1;
  }
  return 0;
}
