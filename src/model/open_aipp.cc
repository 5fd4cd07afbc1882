#include "model/open_aipp.h"

#include <fmt/format.h>

#include <algorithm>

#include "acl/acl_mdl.h"
#include "aipp/aipp_block.h"
#include "om/om_aipp.h"

namespace cairn {
namespace {

/// The batch of the run. The head of the parameters does not count beyond kMostCountedImages.
Result<int64_t> batch_of(const OmInput& input, size_t counted,
                         const std::optional<std::vector<int64_t>>& described) {
  const DimRange batch = input.range(0);
  if (batch.is_fixed()) return batch.least;
  const auto most = static_cast<int64_t>(kMostCountedImages);
  if (described && !described->empty()) {
    if (static_cast<int64_t>(counted) >= std::min(described->front(), most)) return described->front();
    return error(ACL_ERROR_GE_AIPP_BATCH_EMPTY, "GDM-047",
                 "the parameters are for {} images, the shape that is set for input {} has a batch of {}; "
                 "pass that number to acl.mdl.create_aipp",
                 counted, input.name, described->front());
  }
  if (counted < kMostCountedImages || batch.most <= most) return static_cast<int64_t>(counted);
  return error(ACL_ERROR_GE_SHAPE_INVALID, "GDM-080",
               "the batch of input {} is {} or more, and its shape is not set; call "
               "acl.mdl.set_dataset_tensor_desc before the execution",
               input.name, counted);
}

std::string dims_text(const std::vector<int64_t>& dims) {
  return fmt::format("[{}]", fmt::join(dims, ", "));
}

}  // namespace

Result<std::vector<int64_t>> dims_of_run(const OmInput& input, std::span<const std::byte> block,
                                         const std::optional<std::vector<int64_t>>& described) {
  const size_t counted = aipp_block_counted(block);
  CAIRN_ASSIGN(const int64_t batch, batch_of(input, counted, described));
  const bool is_fixed = input.range(0).is_fixed();
  const size_t images = is_fixed ? static_cast<size_t>(batch) : std::max(counted, static_cast<size_t>(batch));
  CAIRN_ASSIGN(const AippParams first, read_aipp_block(block, images, 0));
  CAIRN_ASSIGN(std::vector<int64_t> dims, dims_behind_aipp(input, first, batch));
  if (!described || *described == dims) return dims;
  const AippInputDims pictures = aipp_input_dims(first, batch);
  if (*described == pictures.tensor || *described == pictures.user) return dims;
  return error(
      ACL_ERROR_GE_SHAPE_INVALID, "GDM-084",
      "the shape {} is set for input {}, but its AIPP parameters are for pictures of the shape {} and "
      "make {} of them; set one of these two, or none",
      dims_text(*described), input.name, dims_text(pictures.tensor), dims_text(dims));
}

}  // namespace cairn
