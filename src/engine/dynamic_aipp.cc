#include "engine/dynamic_aipp.h"

#include <algorithm>
#include <cstring>

#include "acl/acl_base.h"
#include "aipp/aipp_block.h"

namespace cairn {

DynamicAippInput dynamic_aipp_input(const ModelInfo& info, size_t index, const AippOutput& output) {
  const OmInput& input = info.inputs[index];
  const size_t parameters = input.aipp->parameters;
  return {output, parameters, aipp_block_images(info.inputs[parameters].bytes), input.bytes,
          info.has_open_shapes && !input.range(0).is_fixed()};
}

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
  const auto batch = static_cast<size_t>(input_.output.batch);
  const size_t images =
      input_.has_open_batch ? std::max(batch, aipp_block_counted(block_)) : input_.block_images;
  for (size_t i = 0; i < batch; ++i) {
    CAIRN_ASSIGN(const AippParams params, read_aipp_block(block_, images, i));
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
