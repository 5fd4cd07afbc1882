// The AIPP kernel against the same work in OpenCV: NV12 or RGB -> (p - min) * reciprocal -> NCHW of float32
// or float16.
//
// Prints one JSON object per line. `opencv` is the usual chain (cvtColorTwoPlane, convertTo, subtract,
// multiply, split, for float16 convertTo again); `opencv_tuned` splits the bytes first and scales plane by
// plane with convertTo. Both reuse their buffers. The contestants take turns; each time is the best of the
// rounds, the one least disturbed by other programs.
#include <hwy/targets.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <functional>
#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>
#include <random>
#include <string>
#include <vector>

#include "aipp/aipp_kernel.h"

namespace {

constexpr double kMin[3] = {123.675, 116.28, 103.53};
constexpr double kReciprocal[3] = {0.0171247538316637, 0.0175070028011204, 0.0174291938997821};

struct Picture {
  int width;
  int height;
};

struct Case {
  const char* name;
  cairn::AippInputFormat format;
  cairn::AippDataType type;
  bool is_nv12() const { return format == cairn::AippInputFormat::kYuv420spU8; }
  int mat_type() const { return type == cairn::AippDataType::kFloat16 ? CV_16FC1 : CV_32FC1; }
};

cairn::AippKernel make_kernel(const Case& work, Picture size) {
  cairn::AippParams params;
  params.aipp_mode = cairn::AippMode::kStatic;
  params.input_format = work.format;
  params.csc_switch = params.csc_given = work.is_nv12();
  params.matrix = {
      {{298, 0, 409}, {298, -100, -208}, {298, 516, 0}}};  // What OpenCV computes: BT.601 narrow.
  params.input_bias = {16, 128, 128};
  for (size_t k = 0; k < 3; ++k) {
    params.min_chn[k] = static_cast<float>(kMin[k]);
    params.var_reci_chn[k] = static_cast<float>(kReciprocal[k]);
  }
  cairn::AippOutput output;
  output.width = size.width;
  output.height = size.height;
  output.type = work.type;
  auto kernel = cairn::AippKernel::create(params, output);
  if (!kernel.is_ok()) {
    std::fprintf(stderr, "%s\n", std::string(kernel.status().text()).c_str());
    std::exit(1);
  }
  return *kernel;
}

class OpenCvChain {
 public:
  OpenCvChain(const Case& work, Picture size, std::vector<uint8_t>& image, cv::Mat& out) : work_(work) {
    const size_t pixels = static_cast<size_t>(size.width) * static_cast<size_t>(size.height);
    if (work.is_nv12()) {
      y_ = cv::Mat(size.height, size.width, CV_8UC1, image.data());
      uv_ = cv::Mat(size.height / 2, size.width / 2, CV_8UC2, image.data() + pixels);
    } else {
      rgb_ = cv::Mat(size.height, size.width, CV_8UC3, image.data());
    }
    for (size_t k = 0; k < 3; ++k) {
      results_.emplace_back(size.height, size.width, work.mat_type(),
                            out.ptr() + k * pixels * out.elemSize());
      planes_.push_back(halves() ? cv::Mat(size.height, size.width, CV_32FC1) : results_.back());
    }
  }

  void run() {
    read();
    rgb_.convertTo(float_, CV_32FC3);
    cv::subtract(float_, cv::Scalar(kMin[0], kMin[1], kMin[2]), float_);
    cv::multiply(float_, cv::Scalar(kReciprocal[0], kReciprocal[1], kReciprocal[2]), float_);
    cv::split(float_, planes_);
    round();
  }

  void run_tuned() {
    read();
    cv::split(rgb_, byte_planes_);
    for (size_t k = 0; k < 3; ++k)
      byte_planes_[k].convertTo(planes_[k], CV_32FC1, kReciprocal[k], -kMin[k] * kReciprocal[k]);
    round();
  }

 private:
  bool halves() const { return work_.type == cairn::AippDataType::kFloat16; }
  void read() {
    if (work_.is_nv12()) cv::cvtColorTwoPlane(y_, uv_, rgb_, cv::COLOR_YUV2RGB_NV12);
  }
  void round() {
    for (size_t k = 0; k < 3 && halves(); ++k)
      planes_[k].convertTo(results_[k], CV_16FC1);
  }

  Case work_;
  cv::Mat y_, uv_, rgb_, float_;
  std::vector<cv::Mat> byte_planes_, planes_, results_;
};

double once_us(const std::function<void()>& work, int repeats) {
  const auto begin = std::chrono::steady_clock::now();
  for (int i = 0; i < repeats; ++i)
    work();
  return std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - begin).count() /
         repeats;
}

// Times in the order of `works`.
std::vector<double> compare(const std::vector<std::function<void()>>& works, Picture size) {
  const int repeats = std::max(1, 400000 / (size.width * size.height));
  std::vector<std::vector<double>> times(works.size());
  for (int round = 0; round < 100; ++round) {
    for (size_t i = 0; i < works.size(); ++i)
      times[i].push_back(once_us(works[i], repeats));
  }
  std::vector<double> result;
  for (const auto& each : times)
    result.push_back(*std::min_element(each.begin(), each.end()));
  return result;
}

/// The largest difference between two results.
double difference(const cv::Mat& ours, const cv::Mat& theirs) {
  cv::Mat a, b;
  ours.convertTo(a, CV_32FC1);
  theirs.convertTo(b, CV_32FC1);
  return cv::norm(a, b, cv::NORM_INF);
}

void bench(const Case& work, Picture size, int threads) {
  const cairn::AippKernel kernel = make_kernel(work, size);
  std::vector<uint8_t> image(kernel.input_bytes());
  std::mt19937 random(1);
  // OpenCV clips luma below 16, AIPP does not: legal video samples keep both the same.
  std::uniform_int_distribution<int> legal(16, 235);
  std::generate(image.begin(), image.end(), [&] { return static_cast<uint8_t>(legal(random)); });
  cv::Mat ours(1, 3 * size.width * size.height, work.mat_type());  // Aligned to 64 bytes.
  cv::Mat theirs(ours.size(), work.mat_type());
  OpenCvChain opencv(work, size, image, theirs);
  cv::setNumThreads(threads);
  const auto times = compare(
      {[&] { kernel.run(image.data(), ours.data); }, [&] { opencv.run(); }, [&] { opencv.run_tuned(); }},
      size);
  std::printf(
      "{\"bench\": \"aipp\", \"case\": \"%s\", \"size\": \"%dx%d\", \"cpu_simd\": \"%s\", "
      "\"opencv_threads\": %d, \"cairn_us\": %.1f, \"opencv_us\": %.1f, \"opencv_tuned_us\": %.1f, "
      "\"ratio\": %.2f, \"ratio_tuned\": %.2f, \"written_gb_per_s\": %.1f, \"largest_difference\": %.4f}\n",
      work.name, size.width, size.height, hwy::TargetName(hwy::SupportedTargets() & -hwy::SupportedTargets()),
      cv::getNumThreads(), times[0], times[1], times[2], times[1] / times[0], times[2] / times[0],
      static_cast<double>(kernel.output_bytes()) / times[0] / 1000, difference(ours, theirs));
  std::fflush(stdout);
}

}  // namespace

int main() {
  using cairn::AippDataType;
  using cairn::AippInputFormat;
  const Case cases[] = {{"NV12 to float32 NCHW", AippInputFormat::kYuv420spU8, AippDataType::kFloat32},
                        {"NV12 to float16 NCHW", AippInputFormat::kYuv420spU8, AippDataType::kFloat16},
                        {"RGB to float32 NCHW", AippInputFormat::kRgb888U8, AippDataType::kFloat32},
                        {"RGB to float16 NCHW", AippInputFormat::kRgb888U8, AippDataType::kFloat16}};
  for (const int threads : {1, -1})
    for (const Case& work : cases)
      for (const Picture size : {Picture{224, 224}, Picture{640, 640}, Picture{1920, 1080}})
        bench(work, size, threads);
  return 0;
}
