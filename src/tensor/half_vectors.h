// Loops over half floats, with the instructions of this CPU. All sums are float32.
#pragma once

#include <cstddef>
#include <cstdint>

namespace cairn {

void widen(const uint16_t* halves, float* floats, size_t count);
/// To nearest, ties to even.
void narrow(const float* floats, uint16_t* halves, size_t count);
/// The sum of halves[i] * floats[i].
float dot(const uint16_t* halves, const float* floats, size_t count);
/// sums[i] += factor * halves[i].
void add_multiple(const uint16_t* halves, float factor, float* sums, size_t count);

}  // namespace cairn
