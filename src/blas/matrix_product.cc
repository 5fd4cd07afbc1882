#include "blas/matrix_product.h"

#include <dnnl.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <limits>
#include <memory>
#include <new>

#include "base/half.h"
#include "blas/shared_work.h"
#include "tensor/half_vectors.h"

namespace cairn::blas {
namespace {

constexpr int64_t kTileStep = 16;                    // Rows or columns that kernels take at a time.
constexpr int64_t kMostElements = int64_t{1} << 40;  // More than any memory holds; sizes cannot overflow.

/// Memory for one part of a product, kept by each thread for its next one unless it is much.
enum class Part : uint8_t { kA, kB, kSums };
template <class T, Part part>
class Scratch {
 public:
  explicit Scratch(int64_t count) {
    const auto wanted = static_cast<size_t>(count);
    if (wanted <= kept.size) return;
    kept.size = 0;
    kept.data.reset(new T[wanted]);
    kept.size = wanted;
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  ~Scratch() {
    if (kept.size * sizeof(T) > kMostKept) kept = Kept();
  }
  T* data() const { return kept.data.get(); }

 private:
  static constexpr size_t kMostKept = size_t{16} << 20;
  struct Kept {
    std::unique_ptr<T[]> data;
    size_t size = 0;
  };
  static inline thread_local Kept kept;
};

template <class T>
T read_as(const void* address) {
  T value;
  std::memcpy(&value, address, sizeof(value));
  return value;
}

int32_t clamp_to_int32(int64_t value) {
  return static_cast<int32_t>(
      std::clamp<int64_t>(value, std::numeric_limits<int32_t>::min(), std::numeric_limits<int32_t>::max()));
}

Status check_positive(int value, const char* name) {
  if (value > 0) return {};
  return error(ACL_ERROR_INVALID_PARAM, "BLAS-025", "{} = {}; it has to be above 0", name, value);
}

Status check_order(aclTransType order, const char* name) {
  switch (static_cast<int>(order)) {
    case ACL_TRANS_N:
    case ACL_TRANS_T:
    case ACL_TRANS_NZ:
      return {};
    case ACL_TRANS_NZ_T:
      return error(ACL_ERROR_FEATURE_UNSUPPORTED, "BLAS-038",
                   "{} = 3 (ACL_TRANS_NZ_T) is not supported; allowed are 0 (as it is), 1 (transposed) and 2 "
                   "(fractals)",
                   name);
    default:
      return error(ACL_ERROR_INVALID_PARAM, "BLAS-038",
                   "{} = {}; allowed are 0 (as it is), 1 (transposed) and 2 (fractals)", name,
                   static_cast<int>(order));
  }
}

/// Fills in the distance of rows of a matrix whose order and size are set.
Status set_line(MatrixLayout& layout, int line, const char* name, const char* rule) {
  const int64_t columns = layout.stored_columns();
  if (line != -1 && line < columns && !layout.is_fractal())
    return error(ACL_ERROR_INVALID_PARAM, rule,
                 "{} = {} is less than the {} columns of the matrix as it is stored; pass that number, or -1",
                 name, line, columns);
  layout.line = line == -1 || layout.is_fractal() ? static_cast<int32_t>(columns) : line;
  if (layout.elements() <= kMostElements) return {};
  return error(ACL_ERROR_INVALID_PARAM, "BLAS-001", "a matrix of {} x {} elements exceeds every memory",
               layout.stored_rows(), layout.line);
}

Status checked(dnnl_status_t status) {
  if (status == dnnl_success) return {};
  if (status == dnnl_out_of_memory) throw std::bad_alloc();
  return error(ACL_ERROR_INTERNAL_ERROR, "BLAS-025", "the matrix product failed: oneDNN says {}",
               static_cast<int>(status));
}

}  // namespace

Result<MatrixProduct> MatrixProduct::with_types(const ProductTypes& types) {
  if (types.precision == ACL_COMPUTE_LOW_PRECISION)
    return error(
        ACL_ERROR_FEATURE_UNSUPPORTED, "BLAS-039",
        "type = 1 (ACL_COMPUTE_LOW_PRECISION) is not supported; pass 0 (ACL_COMPUTE_HIGH_PRECISION)");
  if (types.precision != ACL_COMPUTE_HIGH_PRECISION)
    return error(ACL_ERROR_INVALID_PARAM, "BLAS-039",
                 "type = {} is no computation precision; pass 0 (ACL_COMPUTE_HIGH_PRECISION)",
                 static_cast<int>(types.precision));
  const bool halves =
      types.a == ACL_FLOAT16 && types.b == ACL_FLOAT16 && (types.c == ACL_FLOAT16 || types.c == ACL_FLOAT);
  const bool bytes =
      types.a == ACL_INT8 && types.b == ACL_INT8 && (types.c == ACL_FLOAT || types.c == ACL_INT32);
  if (!halves && !bytes)
    return error(ACL_ERROR_INVALID_PARAM, "BLAS-034",
                 "data types {}, {} and {} do not go together; allowed are float16 x float16 to float16 or "
                 "float32 (1, 1, 1 or 0), int8 x int8 to float32 or int32 (2, 2, 0 or 3)",
                 static_cast<int>(types.a), static_cast<int>(types.b), static_cast<int>(types.c));
  MatrixProduct product;
  product.of_halves_ = halves;
  product.result_ = types.c;
  return product;
}

Status MatrixProduct::set_a(aclTransType order, int line, const char* flag) {
  CAIRN_RETURN_IF_ERROR(check_order(order, flag));
  a_.order = order;
  a_.rows = m_;
  a_.columns = k_;
  a_.block_columns = of_halves_ ? 16 : 32;
  return set_line(a_, line, "lda", "BLAS-014");
}

Status MatrixProduct::set_b(aclTransType order, int line) {
  CAIRN_RETURN_IF_ERROR(check_order(order, "transB"));
  b_.order = order;
  b_.rows = k_;
  b_.columns = n_;
  b_.block_rows = of_halves_ ? 16 : 32;
  b_.blocks_by_rows = !of_halves_;  // [BLAS-012]
  return set_line(b_, line, "ldb", "BLAS-028");
}

Result<MatrixProduct> MatrixProduct::of_matrices(const MatrixArguments& arguments) {
  CAIRN_ASSIGN(MatrixProduct product, with_types(arguments.types));
  CAIRN_RETURN_IF_ERROR(check_positive(arguments.m, "m"));
  CAIRN_RETURN_IF_ERROR(check_positive(arguments.n, "n"));
  CAIRN_RETURN_IF_ERROR(check_positive(arguments.k, "k"));
  if (arguments.trans_c != ACL_TRANS_N)
    return error(ACL_ERROR_INVALID_PARAM, "BLAS-026", "transC = {}; only 0 (ACL_TRANS_N) is supported",
                 static_cast<int>(arguments.trans_c));
  product.m_ = arguments.m;
  product.n_ = arguments.n;
  product.k_ = arguments.k;
  CAIRN_RETURN_IF_ERROR(product.set_a(arguments.trans_a, arguments.lda, "transA"));
  CAIRN_RETURN_IF_ERROR(product.set_b(arguments.trans_b, arguments.ldb));
  if (int64_t{product.m_} * product.n_ > kMostElements)
    return error(ACL_ERROR_INVALID_PARAM, "BLAS-004", "a result of {} x {} elements exceeds every memory",
                 product.m_, product.n_);
  return product;
}

Result<MatrixProduct> MatrixProduct::of_vector(const VectorArguments& arguments) {
  CAIRN_ASSIGN(MatrixProduct product, with_types(arguments.types));
  CAIRN_RETURN_IF_ERROR(check_positive(arguments.m, "m"));
  CAIRN_RETURN_IF_ERROR(check_positive(arguments.n, "n"));
  CAIRN_RETURN_IF_ERROR(check_positive(arguments.incx, "incx"));
  CAIRN_RETURN_IF_ERROR(check_positive(arguments.incy, "incy"));
  product.m_ = arguments.m;
  product.n_ = 1;
  product.k_ = arguments.n;
  CAIRN_RETURN_IF_ERROR(product.set_a(arguments.trans_a, arguments.lda, "transA"));
  CAIRN_RETURN_IF_ERROR(product.set_b(ACL_TRANS_N, arguments.incx));
  product.stride_of_c_ = arguments.incy;
  return product;
}

double MatrixProduct::nanoseconds() const {
  const double products = static_cast<double>(m_) * n_ * k_;
  const double elements =
      static_cast<double>(m_) * k_ + static_cast<double>(k_) * n_ + static_cast<double>(m_) * n_;
  if (is_by_vector()) return 0.05 * products;
  return of_halves_ ? 0.02 * products + 0.1 * elements : 0.005 * products + 0.01 * elements;
}

size_t MatrixProduct::parts_for(const Scheduler& scheduler) const {
  constexpr double kLeastTime = 4'000;  // Of a part, in nanoseconds.
  const int64_t most = (std::max(m_, n_) - 1) / kTileStep + 1;
  const auto worth = static_cast<int64_t>(std::min(nanoseconds() / kLeastTime, 1e9));
  return static_cast<size_t>(
      std::max<int64_t>(1, std::min({int64_t{scheduler.most_workers()}, most, worth})));
}

MatrixProduct::Tile MatrixProduct::tile(size_t part, size_t parts) const {
  const int64_t count = std::max(m_, n_);
  const int64_t size = ((count - 1) / static_cast<int64_t>(parts) / kTileStep + 1) * kTileStep;
  const int64_t begin = std::min(count, size * static_cast<int64_t>(part));
  const int64_t some = std::min(count - begin, size);
  return m_ >= n_ ? Tile{begin, some, 0, n_} : Tile{0, m_, begin, some};
}

template <class Multiply>
Status MatrixProduct::multiply_tiles(Scheduler& scheduler, size_t parts, Multiply multiply) const {
  std::atomic<dnnl_status_t> outcome = dnnl_success;
  share(scheduler, parts, [&](size_t part) {
    const Tile mine = tile(part, parts);
    if (mine.rows == 0 || mine.columns == 0) return;
    const OneThread alone;
    const dnnl_status_t status = multiply(mine);
    if (status != dnnl_success) outcome.store(status, std::memory_order_relaxed);
  });
  return checked(outcome.load(std::memory_order_relaxed));
}

template <class Use>
void MatrixProduct::for_ranges(const Tile& tile, Use use) const {
  if (tile.columns == n_) return use(tile.row * n_, (tile.row + tile.rows) * n_);
  for (int64_t row = tile.row; row < tile.row + tile.rows; ++row)
    use(row * n_ + tile.column, row * n_ + tile.column + tile.columns);
}

Status MatrixProduct::run(const ProductMemory& memory, FloatOverflow& overflow, Scheduler& scheduler) const {
  if (!of_halves_) return run_bytes(memory, scheduler);
  return is_by_vector() ? run_vector(memory, overflow) : run_halves(memory, overflow, scheduler);
}

/// Reading A is all the work: it is read once, as it is.
Status MatrixProduct::run_vector(const ProductMemory& memory, FloatOverflow& overflow) const {
  const auto* const a = static_cast<const uint16_t*>(memory.a);
  const auto* const x = static_cast<const uint16_t*>(memory.b);
  const Scratch<float, Part::kB> wide_x(k_);
  const Scratch<float, Part::kSums> scratch(m_);
  float* const factors = wide_x.data();
  float* const sums = scratch.data();
  copy_compact(b_, [&](int64_t from, int64_t to, size_t count) { widen(x + from, factors + to, count); });
  if (a_.order == ACL_TRANS_N) {
    for (int64_t row = 0; row < m_; ++row)
      sums[row] = dot(a + row * a_.line, factors, static_cast<size_t>(k_));
  } else {
    std::fill_n(sums, m_, 0.0F);
    for (int64_t row = 0; row < k_; ++row)
      add_multiple(a + row * a_.line, factors[row], sums, static_cast<size_t>(m_));
  }
  finish_halves(memory, sums, 0, m_, overflow);
  return {};
}

Status MatrixProduct::run_halves(const ProductMemory& memory, FloatOverflow& overflow,
                                 Scheduler& scheduler) const {
  const bool in_place = result_ == ACL_FLOAT && stride_of_c_ == 1;
  const Scratch<float, Part::kA> wide_a(int64_t{m_} * k_);
  const Scratch<float, Part::kB> wide_b(int64_t{k_} * n_);
  const Scratch<float, Part::kSums> scratch(in_place ? 0 : int64_t{m_} * n_);
  float* const left = wide_a.data();
  float* const right = wide_b.data();
  float* const sums = in_place ? static_cast<float*>(memory.c) : scratch.data();
  const size_t parts = parts_for(scheduler);
  const auto widen_matrix = [](const MatrixLayout& layout, const void* halves, float* wide) {
    const auto* const first = static_cast<const uint16_t*>(halves);
    copy_compact(layout,
                 [&](int64_t from, int64_t to, size_t count) { widen(first + from, wide + to, count); });
  };
  share(scheduler, parts > 1 ? 2 : 1, [&](size_t part) {
    if (part == 0) widen_matrix(a_, memory.a, left);
    if (part == 1 || parts == 1) widen_matrix(b_, memory.b, right);
  });

  const bool a_transposed = a_.order == ACL_TRANS_T;
  const bool b_transposed = b_.order == ACL_TRANS_T;
  const float alpha = in_place ? scalar(memory.alpha) : 1;
  const float beta = in_place ? scalar(memory.beta) : 0;
  std::atomic<bool> seen = false;
  Status status = multiply_tiles(scheduler, parts, [&](const Tile& tile) {
    const dnnl_status_t outcome =
        dnnl_sgemm(a_transposed ? 'T' : 'N', b_transposed ? 'T' : 'N', tile.rows, tile.columns, k_, alpha,
                   left + tile.row * (a_transposed ? 1 : k_), a_transposed ? m_ : k_,
                   right + tile.column * (b_transposed ? k_ : 1), b_transposed ? k_ : n_, beta,
                   sums + tile.row * n_ + tile.column, n_);
    if (in_place || outcome != dnnl_success) return outcome;
    FloatOverflow mine{.saturate = overflow.saturate};
    for_ranges(tile, [&](int64_t begin, int64_t end) { finish_halves(memory, sums, begin, end, mine); });
    if (mine.seen) seen.store(true, std::memory_order_relaxed);
    return outcome;
  });
  overflow.seen |= seen.load(std::memory_order_relaxed);
  return status;
}

float MatrixProduct::scalar(const void* address) const {
  return result_ == ACL_FLOAT16 ? half_to_float(read_as<uint16_t>(address)) : read_as<float>(address);
}

void MatrixProduct::finish_halves(const ProductMemory& memory, float* sums, int64_t begin, int64_t end,
                                  FloatOverflow& overflow) const {
  const float alpha = scalar(memory.alpha);
  const float beta = scalar(memory.beta);
  const int64_t stride = stride_of_c_;
  // Where beta is 0, C is not read: it may hold anything.
  if (result_ == ACL_FLOAT) {
    auto* const results = static_cast<float*>(memory.c);
    for (int64_t i = begin; i < end; ++i)
      results[i * stride] = alpha * sums[i] + (beta == 0 ? 0 : beta * results[i * stride]);
    return;
  }
  auto* const results = static_cast<uint16_t*>(memory.c);
  if (alpha != 1)
    for (int64_t i = begin; i < end; ++i)
      sums[i] *= alpha;
  if (beta != 0)
    for (int64_t i = begin; i < end; ++i)
      sums[i] += beta * half_to_float(results[i * stride]);
  if (stride == 1) {
    const auto count = static_cast<size_t>(end - begin);
    narrow(sums + begin, results + begin, count);
    if (overflow.saturate) overflow.seen |= saturate_halves({results + begin, count});
    return;
  }
  for (int64_t i = begin; i < end; ++i) {
    uint16_t& result = results[i * stride];
    result = float_to_half(sums[i]);
    if (overflow.saturate) overflow.seen |= saturate_halves({&result, 1});
  }
}

Status MatrixProduct::run_bytes(const ProductMemory& memory, Scheduler& scheduler) const {
  const Scratch<int8_t, Part::kA> compact_a(a_.is_fractal() ? int64_t{m_} * k_ : 0);
  const Scratch<int8_t, Part::kB> compact_b(b_.is_fractal() ? int64_t{k_} * n_ : 0);
  const auto compact = [](const MatrixLayout& layout, const void* stored, int8_t* to) {
    const auto* const from = static_cast<const int8_t*>(stored);
    if (!layout.is_fractal()) return from;
    copy_compact(layout, [&](int64_t source, int64_t target, size_t elements) {
      std::memcpy(to + target, from + source, elements);
    });
    return static_cast<const int8_t*>(to);
  };
  const int8_t* const left = compact(a_, memory.a, compact_a.data());
  const int8_t* const right = compact(b_, memory.b, compact_b.data());

  // The sums of int8 are int32, as in the card's unit; they are exact for k up to 2^17.
  const bool as_it_is = result_ == ACL_INT32 && stride_of_c_ == 1 && read_as<int32_t>(memory.alpha) == 1 &&
                        read_as<int32_t>(memory.beta) == 0;
  const Scratch<int32_t, Part::kSums> scratch(as_it_is ? 0 : int64_t{m_} * n_);
  int32_t* const sums = as_it_is ? static_cast<int32_t*>(memory.c) : scratch.data();
  const bool a_transposed = a_.order == ACL_TRANS_T;
  const bool b_transposed = b_.order == ACL_TRANS_T;
  return multiply_tiles(scheduler, parts_for(scheduler), [&](const Tile& tile) {
    const int32_t no_offset = 0;
    const dnnl_status_t outcome =
        dnnl_gemm_s8s8s32(a_transposed ? 'T' : 'N', b_transposed ? 'T' : 'N', 'F', tile.rows, tile.columns,
                          k_, 1.0F, left + tile.row * (a_transposed ? 1 : a_.line), a_.line, 0,
                          right + tile.column * (b_transposed ? b_.line : 1), b_.line, 0, 0.0F,
                          sums + tile.row * n_ + tile.column, n_, &no_offset);
    if (as_it_is || outcome != dnnl_success) return outcome;
    for_ranges(tile, [&](int64_t begin, int64_t end) { finish_bytes(memory, sums, begin, end); });
    return outcome;
  });
}

void MatrixProduct::finish_bytes(const ProductMemory& memory, const int32_t* sums, int64_t begin,
                                 int64_t end) const {
  const int64_t stride = stride_of_c_;
  if (result_ == ACL_INT32) {
    const int64_t factor = read_as<int32_t>(memory.alpha);
    const int64_t kept = read_as<int32_t>(memory.beta);
    auto* const results = static_cast<int32_t*>(memory.c);
    for (int64_t i = begin; i < end; ++i)
      results[i * stride] =
          clamp_to_int32(factor * sums[i] + (kept == 0 ? 0 : kept * int64_t{results[i * stride]}));
    return;
  }
  const double factor = read_as<float>(memory.alpha);
  const double kept = read_as<float>(memory.beta);
  auto* const results = static_cast<float*>(memory.c);
  for (int64_t i = begin; i < end; ++i)
    results[i * stride] =
        static_cast<float>(factor * sums[i] + (kept == 0 ? 0 : kept * double{results[i * stride]}));
}

}  // namespace cairn::blas
