#include "tensor/tensor_desc.h"

#include "tensor/data_type.h"

namespace cairn {
namespace {

Status check_format(aclFormat format, std::string_view rule) {
  if (is_format(format)) return {};
  return error(ACL_ERROR_INVALID_PARAM, rule, "format = {} is no aclFormat", static_cast<int>(format));
}

}  // namespace

Status check_dims(const std::vector<int64_t>& dims, std::string_view rule) {
  if (dims.size() == 1 && dims[0] == -2) return {};
  for (size_t i = 0; i < dims.size(); ++i)
    if (dims[i] < -1)
      return error(ACL_ERROR_INVALID_PARAM, rule,
                   "dims[{}] = {}; allowed are values from 0 and -1 (known later), or -2 alone (number of "
                   "dims unknown)",
                   i, dims[i]);
  return {};
}

Result<std::vector<int64_t>> copy_dims(int count, const int64_t* dims, std::string_view rule) {
  if (count < 0 || count > TensorDesc::kMostDims)
    return error(ACL_ERROR_INVALID_PARAM, rule, "numDims = {}; allowed are 0 .. {}", count,
                 TensorDesc::kMostDims);
  if (count > 0 && dims == nullptr) return error(ACL_ERROR_INVALID_PARAM, rule, "dims is null");
  return std::vector<int64_t>(dims, dims + count);
}

Result<std::unique_ptr<TensorDesc>> TensorDesc::create(aclDataType type, std::vector<int64_t> dims,
                                                       aclFormat format) {
  if (!is_data_type(type))
    return error(ACL_ERROR_INVALID_PARAM, "COM-018", "dataType = {} is no aclDataType",
                 static_cast<int>(type));
  CAIRN_RETURN_IF_ERROR(check_format(format, "COM-018"));
  CAIRN_RETURN_IF_ERROR(check_dims(dims, "COM-019"));
  return std::unique_ptr<TensorDesc>(new TensorDesc(type, std::move(dims), format));
}

void TensorDesc::assign(aclDataType type, std::vector<int64_t> dims, aclFormat format) {
  type_ = type;
  dims_ = std::move(dims);
  format_ = format;
  ranges_.clear();
}

void TensorDesc::take_shape(std::vector<int64_t> dims, std::vector<Range> ranges) {
  dims_ = std::move(dims);
  ranges_ = std::move(ranges);
}

size_t TensorDesc::num_dims() const {
  return rank_is_unknown() ? static_cast<size_t>(ACL_UNKNOWN_RANK) : dims_.size();
}

size_t TensorDesc::element_count() const {
  size_t count = 1;
  for (const int64_t dim : dims_) {
    if (dim < 0) return 0;
    if (__builtin_mul_overflow(count, static_cast<size_t>(dim), &count)) return 0;
  }
  return count;
}

size_t TensorDesc::size_bytes() const {
  size_t bytes = 0;
  return __builtin_mul_overflow(element_count(), data_type_size(type_), &bytes) ? 0 : bytes;
}

Result<int64_t> TensorDesc::dim(size_t index, std::string_view rule) const {
  if (rank_is_unknown())
    return error(ACL_ERROR_INVALID_PARAM, "COM-029",
                 "the number of dims is unknown (ACL_UNKNOWN_RANK); there is no dim to ask for");
  if (index >= dims_.size())
    return error(ACL_ERROR_INVALID_PARAM, rule, "index = {}; the description has {} dims, counted from 0",
                 index, dims_.size());
  return dims_[index];
}

Result<TensorDesc::Range> TensorDesc::dim_range(size_t index) const {
  CAIRN_ASSIGN(const int64_t value, dim(index, "COM-031"));
  if (index < ranges_.size()) return ranges_[index];
  return value < 0 ? Range{1, -1} : Range{value, value};  // [COM-030] [1, -1] is the full range.
}

Status TensorDesc::set_shape_range(std::vector<Range> ranges) {
  for (size_t i = 0; i < ranges.size(); ++i) {
    const auto [least, most] = ranges[i];
    if (least < 0 || (most != -1 && most < least))
      return error(ACL_ERROR_INVALID_PARAM, "COM-043",
                   "range [{}, {}] of dim {} is none: 0 <= min <= max, or max = -1 without limit", least,
                   most, i);
  }
  ranges_ = std::move(ranges);
  return {};
}

Status TensorDesc::set_shape(std::vector<int64_t> dims) {
  CAIRN_RETURN_IF_ERROR(check_dims(dims, "COM-038"));
  storage_dims = std::move(dims);
  return {};
}

Status TensorDesc::set_format(aclFormat format) {
  CAIRN_RETURN_IF_ERROR(check_format(format, "COM-039"));
  storage_format = format;
  return {};
}

}  // namespace cairn
