// Dynamic AIPP in front of a network whose shapes are known only when it runs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/status.h"
#include "om/om_model.h"

namespace cairn {

/// The dims that the network's input gets in a run. `block`: the parameters, which may be anything, in the
/// size that the model gives to them. `described`: the shape that is set for the input, which is that of the
/// pictures or that of the network's input; only a batch of more than kMostCountedImages needs it.
Result<std::vector<int64_t>> dims_of_run(const OmInput& input, std::span<const std::byte> block,
                                         const std::optional<std::vector<int64_t>>& described);

}  // namespace cairn
