// The picture processing calls of acl.media: crop, resize, paste, border, format conversion.
//
// Each call checks everything that can be known and copies the descriptions; the work is done by a task of
// the stream, which writes the output description's ret_code. Stateless; thread-safe.
#pragma once

#include <cstdint>

#include "acl/ops/acl_dvpp.h"
#include "base/status.h"

namespace cairn {

/// The handles of a call on one picture. Null where the function has no such argument.
struct VpcPictureCall {
  const acldvppChannelDesc* channel;
  const acldvppPicDesc* input;
  acldvppPicDesc* output;
  const acldvppRoiConfig* crop;
  const acldvppRoiConfig* paste;
  const acldvppResizeConfig* resize;
  aclrtStream stream;
};

Status vpc_resize(const VpcPictureCall& call);
Status vpc_crop(const VpcPictureCall& call);
Status vpc_crop_resize(const VpcPictureCall& call);
Status vpc_crop_and_paste(const VpcPictureCall& call);
Status vpc_crop_resize_paste(const VpcPictureCall& call);
Status vpc_convert_color(const VpcPictureCall& call);

/// The handles of a batch call: the i-th input picture gives the next roi_counts[i] output pictures, in
/// order.
struct VpcBatchCall {
  const acldvppChannelDesc* channel;
  const acldvppBatchPicDesc* inputs;
  const uint32_t* roi_counts;  ///< `count` numbers.
  uint32_t count;
  const acldvppBatchPicDesc* outputs;
  acldvppRoiConfig* const* crops;  ///< One per output picture, as are the pastes and borders.
  acldvppRoiConfig* const* pastes;
  acldvppBorderConfig* const* borders;
  const acldvppResizeConfig* resize;
  aclrtStream stream;
};

Status vpc_batch_crop(const VpcBatchCall& call);
Status vpc_batch_crop_resize(const VpcBatchCall& call);
Status vpc_batch_crop_and_paste(const VpcBatchCall& call);
Status vpc_batch_crop_resize_paste(const VpcBatchCall& call);
Status vpc_batch_crop_resize_make_border(const VpcBatchCall& call);

}  // namespace cairn
