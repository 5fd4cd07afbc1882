// The model's own input as the AIPP kernel wants it described.
#pragma once

#include "aipp/aipp_params.h"
#include "om/om_model.h"

namespace cairn {

/// Batch, channels, sizes, layout and type of a network input with four dims, format NCHW or NHWC.
Result<AippOutput> aipp_output_of(const OmTensor& tensor);

}  // namespace cairn
