#include "engine/matrix_stage.h"

#include <dlfcn.h>
#include <dnnl.h>

#include <algorithm>
#include <new>
#include <type_traits>

namespace cairn {
namespace {

/// oneDNN, opened with the first product: most programs that load a model never need it.
struct Library {
  decltype(&dnnl_sgemm) multiply = nullptr;
  // Of the OpenMP library that it runs on, for the threads of the calling thread's next parallel work.
  int (*thread_count)() = nullptr;
  void (*set_thread_count)(int) = nullptr;

  bool is_there() const {
    return multiply != nullptr && thread_count != nullptr && set_thread_count != nullptr;
  }
};

const Library& library() {
  static const Library found = [] {
    Library made;
    void* const handle = dlopen(CAIRN_ONEDNN, RTLD_NOW | RTLD_LOCAL);
    if (handle == nullptr) return made;
    const auto find = [&](auto& function, const char* name) {
      function = reinterpret_cast<std::remove_reference_t<decltype(function)>>(dlsym(handle, name));
    };
    find(made.multiply, "dnnl_sgemm");
    find(made.thread_count, "omp_get_max_threads");
    find(made.set_thread_count, "omp_set_num_threads");
    return made;
  }();
  return found;
}

/// What this thread computes with OpenMP takes no other. The program may use that, too.
class OneThread {
 public:
  OneThread() : before_(library().thread_count()) {
    if (before_ != 1) library().set_thread_count(1);
  }
  OneThread(const OneThread&) = delete;
  OneThread& operator=(const OneThread&) = delete;
  ~OneThread() {
    if (before_ != 1) library().set_thread_count(before_);
  }

 private:
  const int before_;
};

}  // namespace

bool MatrixStage::is_available() {
  return library().is_there();
}

MatrixStage::MatrixStage(MatrixShape shape) : shape_(std::move(shape)) {
  constexpr double kWorkOfPart = 4e6;  // Multiplications: some 80 us.
  constexpr int64_t kLeast = 64;       // Fewer rows or columns make oneDNN slower.
  by_rows_ = shape_.m >= shape_.n;
  const int64_t length = by_rows_ ? shape_.m : shape_.n;
  const double work =
      static_cast<double>(shape_.m) * static_cast<double>(shape_.n) * static_cast<double>(shape_.k);
  const auto wanted = static_cast<int64_t>(std::min(work / kWorkOfPart, 16.0));
  const int64_t parts =
      std::clamp<int64_t>(std::min(wanted, length / kLeast), 1, std::max<int64_t>(length, 1));
  length_of_part_ = (length + parts - 1) / parts;
  parts_of_one_ = static_cast<size_t>(parts);
}

double MatrixStage::nanoseconds() const {
  constexpr double kOfCall = 300;
  constexpr double kOfProduct = 1.0 / 30;
  return static_cast<double>(shape_.a.size()) *
         (kOfCall + kOfProduct * static_cast<double>(shape_.m) * static_cast<double>(shape_.n) *
                        static_cast<double>(shape_.k));
}

void MatrixStage::run(size_t part, std::span<const void* const> inputs, std::span<void* const> outputs,
                      FloatOverflow& /*overflow*/) const {
  const size_t product = part / parts_of_one_;
  const int64_t begin = static_cast<int64_t>(part % parts_of_one_) * length_of_part_;
  const int64_t count = std::min(length_of_part_, (by_rows_ ? shape_.m : shape_.n) - begin);
  if (count <= 0) return;
  const auto* a = static_cast<const float*>(inputs[0]) + shape_.a[product];
  const auto* b = static_cast<const float*>(inputs[1]) + shape_.b[product];
  auto* c = static_cast<float*>(outputs[0]) + static_cast<int64_t>(product) * shape_.m * shape_.n;
  int64_t m = shape_.m;
  int64_t n = shape_.n;
  if (by_rows_) {
    m = count;
    a += shape_.transpose_a ? begin : begin * shape_.k;
    c += begin * n;
  } else {
    n = count;
    b += shape_.transpose_b ? begin * shape_.k : begin;
    c += begin;
  }
  if (shape_.k == 0) {
    for (int64_t row = 0; row < m; ++row)
      std::fill_n(c + row * shape_.n, n, 0.0F);
    return;
  }
  const OneThread one_thread;
  const dnnl_status_t status = library().multiply(
      shape_.transpose_a ? 'T' : 'N', shape_.transpose_b ? 'T' : 'N', m, n, shape_.k, 1, a,
      shape_.transpose_a ? shape_.m : shape_.k, b, shape_.transpose_b ? shape_.k : shape_.n, 0, c, shape_.n);
  if (status != dnnl_success) throw std::bad_alloc();  // The sizes are right: there is no other reason.
}

}  // namespace cairn
