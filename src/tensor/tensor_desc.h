// aclTensorDesc: type, shape and format of a tensor. Not for concurrent changes by several threads, as in the
// original.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "acl/acl_base.h"
#include "base/handle_table.h"
#include "base/status.h"

namespace cairn {

class TensorDesc {
 public:
  static constexpr HandleType kHandleType = HandleType::kTensorDesc;
  static constexpr int kMostDims = 128;
  using Range = std::pair<int64_t, int64_t>;

  /// dims: values >= 0, or -1 for one that is known later; a single -2 means that the number of dims is
  /// unknown.
  static Result<std::unique_ptr<TensorDesc>> create(aclDataType type, std::vector<int64_t> dims,
                                                    aclFormat format);

  aclDataType type() const { return type_; }
  aclFormat format() const { return format_; }
  const std::vector<int64_t>& dims() const { return dims_; }
  bool rank_is_unknown() const { return dims_.size() == 1 && dims_[0] == -2; }
  /// [COM-024]: ACL_UNKNOWN_RANK when the rank is unknown.
  size_t num_dims() const;
  /// Product of the dims; 0 while a dim is unknown.
  size_t element_count() const;
  /// Bytes of the tensor's elements; 0 while a dim is unknown.
  size_t size_bytes() const;
  Result<int64_t> dim(size_t index, std::string_view rule) const;
  Result<Range> dim_range(size_t index) const;
  Status set_shape_range(std::vector<Range> ranges);

  // Plain properties that operators and models read.
  std::string name;
  std::vector<int64_t> storage_dims;
  aclFormat storage_format = ACL_FORMAT_UNDEFINED;
  std::vector<int64_t> origin_dims;
  aclFormat origin_format = ACL_FORMAT_UNDEFINED;
  std::string dynamic_input;
  std::vector<Range> value_ranges;
  aclMemType placement = ACL_MEMTYPE_DEVICE;
  std::vector<std::byte> constant;  ///< Copy of the data of aclSetTensorConst.
  void* address = nullptr;          ///< Of the data, for descriptions out of an exception.
  /// The descriptions that this one stands for as the first of an array (aclmdlCreateAndGetOpDesc gives all
  /// inputs of an operator, dynamic ones one by one); empty for one that stands for itself.
  std::vector<Ref<TensorDesc>> array;

  /// Where the data lies: `address`, or the copy that aclSetTensorConst made (host memory, valid until the
  /// description changes or ends); null if there is neither.
  void* data_address() { return address != nullptr || constant.empty() ? address : constant.data(); }

  /// Becomes the description of a dense tensor with known dims.
  void assign(aclDataType type, std::vector<int64_t> dims, aclFormat format);
  /// The shape that an operator gives; the ranges are those of its dims, or none.
  void take_shape(std::vector<int64_t> dims, std::vector<Range> ranges);
  const std::vector<Range>& ranges() const { return ranges_; }
  Status set_shape(std::vector<int64_t> dims);
  Status set_format(aclFormat format);

 private:
  TensorDesc(aclDataType type, std::vector<int64_t> dims, aclFormat format)
      : type_(type), dims_(std::move(dims)), format_(format) {}

  aclDataType type_;
  std::vector<int64_t> dims_;
  aclFormat format_;
  std::vector<Range> ranges_;
};

/// Each dim is at least -1 (known later), or the only one is -2 (number of dims unknown).
Status check_dims(const std::vector<int64_t>& dims, std::string_view rule);

/// Copies dims given as pointer and count, as the C API does.
Result<std::vector<int64_t>> copy_dims(int count, const int64_t* dims, std::string_view rule);

}  // namespace cairn
