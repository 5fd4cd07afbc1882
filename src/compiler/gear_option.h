// --dynamic_batch_size, --dynamic_image_size, --dynamic_dims: the gears of a model.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "compiler/compile.h"

namespace cairn {

/// The option without its dashes.
std::string_view gear_option_name(OmGearKind kind);

/// "1,2,4" for batches, "224,224;448,448" (height, width) for images, "1,128;4,256" for dims: 2 to 100 gears
/// of the same length, without repetition. A separator at the end is tolerated.
Result<GearOption> parse_gears(OmGearKind kind, std::string_view text);

/// The dims that --input_shape leaves open are those that the gears fill. `format`: of --input_format.
Status check_gear_shapes(const GearOption& gears, const std::vector<InputShape>& shapes,
                         std::optional<aclFormat> format);

}  // namespace cairn
