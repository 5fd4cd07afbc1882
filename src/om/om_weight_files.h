// Weights that lie beside an .om file (`atc --external_weight`) instead of in it.
//
// The file is one as om/om_layout.h describes it with two differences: WEIGHTS_DATA is empty, and the records
// hold "cairn.weight.files" in front of the manifest, {u64 bytes, u64 checksum} for each part of the weights.
// A part lies in the folder `weight` beside the file and is named after its checksum. The manifest is that of
// the whole file, the one with the weights in it: who has put them in can check it as any other.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace cairn {

/// The folder beside the .om file [MDL-004].
inline constexpr std::string_view kOmWeightFolder = "weight";

/// A part of the weights; the parts follow one another.
struct OmWeightFile {
  uint64_t bytes = 0;
  uint64_t checksum = 0;  ///< om_checksum of these bytes.

  std::string name() const;  ///< "weight_" and the checksum.
};

/// The parts that the file needs; none if it holds its weights, or cannot be read. `file` may hold anything.
/// Their sizes add up to less than 2^63.
std::vector<OmWeightFile> find_weight_files(std::span<const std::byte> file);

/// Bytes of all parts.
uint64_t weight_file_bytes(std::span<const OmWeightFile> parts);

/// Writes the whole file to `whole`, which has the size of `file` and of all its parts, but for the weights:
/// the place for these is what is returned. `file` must be one that find_weight_files found parts for.
std::span<std::byte> make_room_for_weights(std::span<const std::byte> file, std::span<std::byte> whole);

}  // namespace cairn
