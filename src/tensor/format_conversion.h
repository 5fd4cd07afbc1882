// The layouts behind aclFormat: which dims a tensor has in each of them, and where its elements lie.
//
// A layout places each axis of the tensor by itself: index i of an axis adds (i / block) * outer + (i %
// block)
// * inner elements to the offset. Plain layouts have blocks of one; the cube's layouts cut an axis into
// blocks and pad the last one with zeros. With C0 elements of one channel block (see channel_block):
//
//   NCHW, NHWC, HWCN, NCDHW, NDHWC   the axes in that order
//   NC1HWC0          [N, ceil(C / C0), H, W, C0]; NC1HWC0_C04 is the same with C0 = 4
//   NDC1HWC0         [N, D, ceil(C / C0), H, W, C0]
//   FRACTAL_Z        [ceil(C / C0) * H * W, ceil(N / 16), 16, C0]
//   FRACTAL_Z_3D     [D * ceil(C / C0) * H * W, ceil(N / 16), 16, C0]
//   FRACTAL_NZ       of [.., M, N]: [.., ceil(N / C0), ceil(M / 16), 16, C0]
//   ND, NC, NCL      the axes as they are
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "acl/acl_base.h"
#include "base/status.h"
#include "tensor/tensor_desc.h"

namespace cairn {

/// Elements in a block of channels: 32 for types of one byte, 16 for all others.
int64_t channel_block(aclDataType type);

/// The description of the same tensor in another format: dims and, where the description holds them, the data
/// of aclSetTensorConst. Dims that are not known (-1) stay so, or become -1 where they take part in a
/// product. The new description keeps the dims and format of a plain source as its origin, from which the way
/// back out of a padded layout takes the size of the padded axes; without an origin they keep the padding.
/// Errors: a format without a fixed place for each axis, a number of dims that the source's format does not
/// have, a type without whole bytes.
Result<std::unique_ptr<TensorDesc>> convert_format(const TensorDesc& source, aclFormat target);

}  // namespace cairn
