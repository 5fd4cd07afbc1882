#include "engine/dynamic_aipp.h"

#include <algorithm>
#include <cstring>

#include "acl/acl_base.h"
#include "aipp/aipp_block.h"

namespace cairn {

DynamicAipp::DynamicAipp(const DynamicAippInput& input)
    : input_(input), block_(aipp_block_bytes(input.block_images)), next_(block_.size()) {
  kernels_.reserve(static_cast<size_t>(input.output.batch));
}

Status DynamicAipp::run(const void* block, const uint8_t* images, void* output) {
  std::memcpy(next_.data(), block, next_.size());  // Checked and used are the same bytes.
  if (kernels_.empty() || next_ != block_) {
    kernels_.clear();
    block_.swap(next_);
    if (Status status = make_kernels(); !status.is_ok()) {
      kernels_.clear();
      return status;
    }
  }
  auto* out = static_cast<uint8_t*>(output);
  for (const AippKernel& kernel : kernels_) {
    kernel.run_image(images, out);
    images += kernel.image_bytes();
    out += kernel.output_image_bytes();
  }
  return {};
}

Status DynamicAipp::make_kernels() {
  size_t bytes = 0;
  for (size_t i = 0; i < static_cast<size_t>(input_.output.batch); ++i) {
    CAIRN_ASSIGN(const AippParams params, read_aipp_block(block_, input_.block_images, i));
    CAIRN_ASSIGN(const AippKernel kernel, AippKernel::create(params, input_.output));
    bytes += kernel.image_bytes();
    kernels_.push_back(kernel);
  }
  if (bytes <= input_.most_bytes) return {};
  return error(ACL_ERROR_INVALID_PARAM, "GDM-048",
               "the images have {} bytes in all, the input of the model {}; convert it with a larger "
               "max_src_image_size",
               bytes, input_.most_bytes);
}

bool DynamicAipp::may_overflow() const {
  return std::ranges::any_of(kernels_, [](const AippKernel& kernel) { return kernel.may_overflow(); });
}

}  // namespace cairn
