// The gears of a model: asking for them, and setting one for a dataset.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "acl/acl_mdl.h"
#include "base/status.h"
#include "engine/engine.h"

namespace cairn {

/// The function that sets gears of this kind, for messages.
std::string_view gear_setter(OmGearKind kind);

/// The numbers of all gears, "1, 2, 4" or "[224, 224], [448, 448]": for messages, cut where it becomes long.
std::string gear_text(std::span<const OmShapes> gears);

/// aclmdlSetDynamicBatchSize and aclmdlSetDynamicHWSize: the dataset's next executions use this gear. Writes
/// the numbers into the memory of the gear input, too. `function`: the caller's name.
Status set_gear(const char* function, uint32_t model_id, const void* dataset, size_t index, OmGearKind kind,
                std::span<const uint64_t> values);
/// aclmdlSetInputDynamicDims: the gear is named by all dims of all inputs.
Status set_gear_by_dims(uint32_t model_id, const void* dataset, size_t index, const aclmdlIODims& dims);

/// batchCount is 0 for a model without batch gears [MDL-129].
void fill_batches(const ModelInfo& info, aclmdlBatch& out);
/// hwCount is 0 for a model without image gears [MDL-132].
void fill_image_sizes(const ModelInfo& info, aclmdlHW& out);
/// 0 for a model without gears of dims [MDL-138].
size_t count_dims_gears(const ModelInfo& info);
/// The dims of all inputs, one aclmdlIODims for each gear.
Status fill_dims_gears(const ModelInfo& info, std::span<aclmdlIODims> out);

}  // namespace cairn
