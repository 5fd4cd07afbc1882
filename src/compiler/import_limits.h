// Bounds of the conversion of a model that nobody vouches for: memory, time, and a message in place of a
// crash. They are those of the whole process, so only a program that does nothing else may set them: `atc`.
#pragma once

#include <cstdint>

namespace cairn {

/// From now on a crash ends the process with an E-code and leaves no unfinished file, and limit_import works.
void own_process_for_import();

/// Called before the engine's reader sees a model of so many bytes, weights included. Does nothing without
/// own_process_for_import. CAIRN_ATC_MEMORY_MB and CAIRN_ATC_SECONDS change the bounds.
void limit_import(uint64_t model_bytes);

}  // namespace cairn
