// The JPEG decoder calls of acl.media. Stateless; thread-safe.
#pragma once

#include <cstdint>

#include "acl/ops/acl_dvpp.h"
#include "base/status.h"
#include "media/codec/jpeg_decoder.h"

namespace cairn {

/// What the stream at `data` (host or device memory) holds; ACL_ERROR_UNSUPPORTED_JPEG if it cannot be
/// decoded [JPD1-035]. Width and height are those of the stored picture, before the turn that its Orientation
/// asks for.
Result<JpegInfo> jpeg_info(const void* data, uint32_t size);

/// Bytes that the decoded picture takes with the strides of table 10-10. `format`: an acldvppPixelFormat.
Result<uint32_t> jpeg_decoded_size(const void* data, uint32_t size, int format);

/// Launches the decoding of `size` bytes of device memory. The stream's header is read when the task runs,
/// since an earlier task may have to write it first; so what is wrong with it is reported by the task: in its
/// status and in the output's ret_code.
///
/// The task writes width, height, ret_code, and what the program left open (strides of 0,
/// PIXEL_FORMAT_UNKNOWN) into the output's description.
Status jpeg_decode(const acldvppChannelDesc* channel, const void* data, uint32_t size, acldvppPicDesc* output,
                   aclrtStream stream);

}  // namespace cairn
