// What AIPP makes of an input's description. Part of libcairn_core, which looks models over before it sets
// parameters.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "om/om_model.h"

namespace cairn {

/// The name of the input that takes the parameters of dynamic AIPP (ACL_DYNAMIC_AIPP_NAME), and how the names
/// of further ones begin.
inline constexpr std::string_view kAippParametersName = "ascend_dynamic_aipp_data";

/// The model's own input as AIPP sees it: four dims, NCHW or NHWC, and a type that AIPP writes.
Result<AippOutput> om_aipp_output(const OmTensor& tensor);

/// Turns an input into the image input of dynamic AIPP, whose parameters go into input `parameters` of the
/// model.
void set_dynamic_aipp(OmInput& input, const AippParams& params, size_t parameters);

/// The most images that dynamic AIPP gives to a model without gears, whose input may leave sizes open. Fails
/// if AIPP cannot write that input in any of its sizes, or if nothing limits the batch.
Result<int64_t> most_aipp_images(const OmInput& input);

/// The dims of the network's input behind dynamic AIPP for a run with this many images: `first`, the
/// parameters of the first one, tell the sizes that the model leaves open. They lie in its ranges [GDM-083].
Result<std::vector<int64_t>> dims_behind_aipp(const OmInput& input, const AippParams& first, int64_t images);

/// The input that takes the parameters of `batch` images.
OmInput aipp_parameters_input(std::string name, int64_t batch);

}  // namespace cairn
