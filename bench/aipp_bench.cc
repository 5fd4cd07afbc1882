// The AIPP kernel against the same work in OpenCV: NV12 -> RGB -> (p - min) * reciprocal -> float32 NCHW.
//
// Prints one JSON object per line. `opencv` is the usual chain (cvtColorTwoPlane, convertTo, subtract,
// multiply, split); `opencv_tuned` splits the bytes first and scales plane by plane with convertTo. Both
// reuse their buffers. The contestants take turns; each time is the best of the rounds,
// the one least disturbed by other programs.
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

cairn::AippKernel make_kernel(Picture size) {
  cairn::AippParams params;
  params.aipp_mode = cairn::AippMode::kStatic;
  params.input_format = cairn::AippInputFormat::kYuv420spU8;
  params.csc_switch = params.csc_given = true;
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
  auto kernel = cairn::AippKernel::create(params, output);
  if (!kernel.is_ok()) {
    std::fprintf(stderr, "%s\n", std::string(kernel.status().text()).c_str());
    std::exit(1);
  }
  return *kernel;
}

class OpenCvChain {
 public:
  OpenCvChain(Picture size, std::vector<uint8_t>& nv12, cv::Mat& out)
      : y_(size.height, size.width, CV_8UC1, nv12.data()),
        uv_(size.height / 2, size.width / 2, CV_8UC2,
            nv12.data() + static_cast<size_t>(size.width) * size.height) {
    for (size_t k = 0; k < 3; ++k)
      planes_.emplace_back(
          size.height, size.width, CV_32FC1,
          out.ptr<float>() + k * static_cast<size_t>(size.width) * static_cast<size_t>(size.height));
  }

  void run() {
    cv::cvtColorTwoPlane(y_, uv_, rgb_, cv::COLOR_YUV2RGB_NV12);
    rgb_.convertTo(float_, CV_32FC3);
    cv::subtract(float_, cv::Scalar(kMin[0], kMin[1], kMin[2]), float_);
    cv::multiply(float_, cv::Scalar(kReciprocal[0], kReciprocal[1], kReciprocal[2]), float_);
    cv::split(float_, planes_);
  }

  void run_tuned() {
    cv::cvtColorTwoPlane(y_, uv_, rgb_, cv::COLOR_YUV2RGB_NV12);
    cv::split(rgb_, byte_planes_);
    for (size_t k = 0; k < 3; ++k)
      byte_planes_[k].convertTo(planes_[k], CV_32FC1, kReciprocal[k], -kMin[k] * kReciprocal[k]);
  }

 private:
  cv::Mat y_, uv_, rgb_, float_;
  std::vector<cv::Mat> byte_planes_, planes_;
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

void bench(Picture size, int threads) {
  const cairn::AippKernel kernel = make_kernel(size);
  std::vector<uint8_t> nv12(kernel.input_bytes());
  std::mt19937 random(1);
  // OpenCV clips luma below 16, AIPP does not: legal video samples keep both the same.
  std::uniform_int_distribution<int> legal(16, 235);
  std::generate(nv12.begin(), nv12.end(), [&] { return static_cast<uint8_t>(legal(random)); });
  cv::Mat ours(1, static_cast<int>(kernel.output_bytes() / sizeof(float)), CV_32FC1);  // Aligned to 64 bytes.
  cv::Mat theirs(ours.size(), CV_32FC1);
  OpenCvChain opencv(size, nv12, theirs);
  cv::setNumThreads(threads);
  const auto times = compare(
      {[&] { kernel.run(nv12.data(), ours.data); }, [&] { opencv.run(); }, [&] { opencv.run_tuned(); }},
      size);
  std::printf(
      "{\"bench\": \"aipp\", \"size\": \"%dx%d\", \"cpu_simd\": \"%s\", \"opencv_threads\": %d, "
      "\"cairn_us\": "
      "%.1f, \"opencv_us\": %.1f, "
      "\"opencv_tuned_us\": %.1f, \"ratio\": %.2f, \"ratio_tuned\": %.2f, \"written_gb_per_s\": %.1f, "
      "\"largest_difference\": %.4f}\n",
      size.width, size.height, hwy::TargetName(hwy::SupportedTargets() & -hwy::SupportedTargets()),
      cv::getNumThreads(), times[0], times[1], times[2], times[1] / times[0], times[2] / times[0],
      static_cast<double>(kernel.output_bytes()) / times[0] / 1000, cv::norm(ours, theirs, cv::NORM_INF));
  std::fflush(stdout);
}

}  // namespace

int main() {
  for (const int threads : {1, -1}) {
    for (const Picture size : {Picture{224, 224}, Picture{640, 640}, Picture{1920, 1080}})
      bench(size, threads);
  }
  return 0;
}
