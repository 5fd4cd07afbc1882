#include "model/operator_overflow.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <string_view>
#include <type_traits>

#include "dump/tensor_elements.h"
#include "dump/tensor_statistics.h"

namespace cairn {
namespace {

constexpr std::array<std::string_view, 12> kCubeTypes = {
    "Conv2D", "Conv3D",   "DepthwiseConv2D", "Conv2DTranspose", "Conv2DTransposeD", "Conv3DTranspose",
    "MatMul", "MatMulV2", "BatchMatMul",     "BatchMatMulV2",   "FullyConnection",  "GEMM"};

bool is_cube(std::string_view type) {
  return std::find(kCubeTypes.begin(), kCubeTypes.end(), type) != kCubeTypes.end();
}

bool is_integer(aclDataType type) {
  bool integer = false;
  with_element_type(type, [&](auto kind) { integer = std::is_integral_v<decltype(kind)>; });
  return integer && type != ACL_BOOL;
}

/// Some element for which `test` holds.
template <class T, class Test>
bool any_element(const DumpTensor& tensor, Test&& test) {
  for (size_t i = 0; i < element_count<T>(tensor.bytes); ++i)
    if (test(element_at<T>(tensor.bytes, i))) return true;
  return false;
}

bool has_negative_float(const DumpTensor& tensor) {
  bool found = false;
  with_element_type(tensor.data_type, [&](auto kind) {
    using T = decltype(kind);
    if constexpr (!std::is_integral_v<T>)
      found = any_element<T>(tensor, [](T element) { return element_value(element) < 0; });
  });
  return found;
}

bool has_smallest(const DumpTensor& tensor) {
  bool found = false;
  with_element_type(tensor.data_type, [&](auto kind) {
    using T = decltype(kind);
    if constexpr (std::is_integral_v<T> && std::is_signed_v<T>)
      found = any_element<T>(tensor, [](T element) { return element == std::numeric_limits<T>::min(); });
  });
  return found;
}

/// Walks two tensors that are broadcast to a third: the positions of their elements for each of its elements.
class Broadcast {
 public:
  Broadcast(const DumpTensor& result, const DumpTensor& a, const DumpTensor& b)
      : dims_(result.dims), strides_a_(strides(a)), strides_b_(strides(b)), at_(dims_.size(), 0) {}
  size_t a() const { return a_; }
  size_t b() const { return b_; }
  void next() {
    for (size_t i = dims_.size(); i-- > 0;) {
      a_ += strides_a_[i];
      b_ += strides_b_[i];
      if (++at_[i] < dims_[i]) return;
      a_ -= strides_a_[i] * static_cast<size_t>(at_[i]);
      b_ -= strides_b_[i] * static_cast<size_t>(at_[i]);
      at_[i] = 0;
    }
  }

 private:
  std::vector<size_t> strides(const DumpTensor& tensor) const {
    std::vector<size_t> result(dims_.size(), 0);
    size_t stride = 1;
    for (size_t i = 0; i < tensor.dims.size() && i < dims_.size(); ++i) {
      const int64_t dim = tensor.dims[tensor.dims.size() - 1 - i];
      if (dim != 1) result[dims_.size() - 1 - i] = stride;
      stride *= static_cast<size_t>(dim);
    }
    return result;
  }

  const std::vector<int64_t> dims_;
  const std::vector<size_t> strides_a_;
  const std::vector<size_t> strides_b_;
  std::vector<int64_t> at_;
  size_t a_ = 0;
  size_t b_ = 0;
};

template <class T>
bool overflows(std::string_view type, T a, T b) {
  T ignored;
  if (type == "Add" || type == "AddV2") return __builtin_add_overflow(a, b, &ignored);
  if (type == "Sub") return __builtin_sub_overflow(a, b, &ignored);
  return __builtin_mul_overflow(a, b, &ignored);
}

/// An integer sum, difference or product of two tensors that does not fit its type.
bool integer_arithmetic_overflows(const DumpOperator& one) {
  if (one.type != "Add" && one.type != "AddV2" && one.type != "Sub" && one.type != "Mul") return false;
  if (one.inputs.size() != 2 || one.outputs.empty()) return false;
  const DumpTensor& a = one.inputs[0];
  const DumpTensor& b = one.inputs[1];
  const DumpTensor& result = one.outputs[0];
  if (a.data_type != result.data_type || b.data_type != result.data_type || a.bytes.empty() ||
      b.bytes.empty())
    return false;
  bool found = false;
  with_element_type(result.data_type, [&](auto kind) {
    using T = decltype(kind);
    if constexpr (std::is_integral_v<T>) {
      Broadcast place(result, a, b);
      for (size_t i = 0; i < element_count<T>(result.bytes) && !found; ++i, place.next()) {
        if (place.a() >= element_count<T>(a.bytes) || place.b() >= element_count<T>(b.bytes)) return;
        found = overflows<T>(one.type, element_at<T>(a.bytes, place.a()), element_at<T>(b.bytes, place.b()));
      }
    }
  });
  return found;
}

uint64_t integer_status(const DumpOperator& one) {
  if (one.type == "Neg" && !one.inputs.empty() && has_smallest(one.inputs[0])) return kIntegerNegation;
  return integer_arithmetic_overflows(one) ? uint64_t{kIntegerArithmetic} : 0;
}

uint64_t float_status(const DumpOperator& one) {
  const auto finite = [](const std::vector<DumpTensor>& tensors) {
    return std::all_of(tensors.begin(), tensors.end(), all_finite);
  };
  if (finite(one.outputs) || !finite(one.inputs)) return 0;
  if (one.type == "Cast" && one.outputs[0].data_type == ACL_FLOAT16) return kHalfConversion;
  return is_cube(one.type) ? kCubeAccumulation : kFloatArithmetic;
}

bool is_unsigned(aclDataType type) {
  return type == ACL_UINT8 || type == ACL_UINT16 || type == ACL_UINT32 || type == ACL_UINT64;
}

// The overflow data: three records of unsigned 64-bit numbers, then three status words, at fixed places.
constexpr size_t kCoreInfo = 256;     // Behind those of the two atomic adders, of 128 bytes each.
constexpr size_t kCoreStatus = 1024;  // Behind the core's record (256) and the adders' status (256 each).
constexpr size_t kDataBytes = 2048;

}  // namespace

uint64_t overflow_status(const DumpOperator& one) {
  if (one.outputs.empty()) return 0;
  if (one.type == "Cast" && is_unsigned(one.outputs[0].data_type) && !one.inputs.empty() &&
      has_negative_float(one.inputs[0]))
    return kNegativeToUnsigned;
  return is_integer(one.outputs[0].data_type) ? integer_status(one) : float_status(one);
}

Status write_overflow(const std::filesystem::path& folder, const DumpOperator& one, uint32_t model_id) {
  const uint64_t status = overflow_status(one);
  if (status == 0) return {};
  CAIRN_RETURN_IF_ERROR(write_dump_file(folder, one, next_dump_time()));

  std::array<std::byte, kDataBytes> data{};
  // model_id, stream_id, task_id, task_type, pc_start, para_base, kernel_code, block_idx. There is no code of
  // the card: the addresses are 0.
  const std::array<uint64_t, 8> core = {model_id, one.stream_id, one.task_id, 0, 0, 0, 0, 0};
  std::memcpy(data.data() + kCoreInfo, core.data(), sizeof core);
  std::memcpy(data.data() + kCoreStatus, &status, sizeof status);

  DumpOperator debug;
  debug.type = "OpDebug";
  debug.name = "Node_Opdebug";
  debug.task_id = one.task_id + 1;  // Not that of the operator [DUMP-007].
  debug.stream_id = one.stream_id;
  debug.outputs.push_back({ACL_UINT8, ACL_FORMAT_ND, {kDataBytes}, data});
  return write_dump_file(folder, debug, next_dump_time());
}

}  // namespace cairn
