#include "om/om_weight_files.h"

#include <fmt/format.h>

#include <cstring>

#include "om/om_layout.h"
#include "om/om_partitions.h"

namespace cairn {

using namespace om;  // NOLINT(google-build-using-namespace): the layout's constants

std::string OmWeightFile::name() const {
  return fmt::format("weight_{:016x}", checksum);
}

uint64_t weight_file_bytes(std::span<const OmWeightFile> parts) {
  uint64_t bytes = 0;
  for (const OmWeightFile& part : parts)
    bytes += part.bytes;
  return bytes;
}

std::vector<OmWeightFile> find_weight_files(std::span<const std::byte> file) {
  const Result<Table> table = read_table(file, OmUse::kExecute);
  if (!table.is_ok() || get<uint64_t>(file.data(), header::kLength64) == 0) return {};
  const Result<Records> records = read_records(table->parts[kKernels]);
  return records.is_ok() ? weight_files(*table, *records) : std::vector<OmWeightFile>();
}

std::span<std::byte> make_room_for_weights(std::span<const std::byte> file, std::span<std::byte> whole) {
  const uint64_t bytes = whole.size() - file.size();
  auto* const head = reinterpret_cast<char*>(whole.data());
  const auto count = get<uint32_t>(file.data(), kHeaderBytes);
  const size_t table_end = kHeaderBytes + 8 + 24 * size_t{count};
  const auto entry = [](size_t i) { return kHeaderBytes + 8 + 24 * i; };
  uint64_t place = 0;
  for (size_t i = 0; i < count; ++i)
    if (get<uint64_t>(file.data(), entry(i)) == kWeights) place = get<uint64_t>(file.data(), entry(i) + 8);

  const size_t begin = table_end + place;
  std::memcpy(whole.data(), file.data(), begin);
  std::memcpy(whole.data() + begin + bytes, file.data() + begin, file.size() - begin);
  put<uint64_t>(head, header::kLength64, get<uint64_t>(file.data(), header::kLength64) + bytes);
  bool behind = false;  // Partitions follow one another in table order.
  for (size_t i = 0; i < count; ++i) {
    const size_t at = entry(i);
    if (behind) put<uint64_t>(head, at + 8, get<uint64_t>(file.data(), at + 8) + bytes);
    if (get<uint64_t>(file.data(), at) != kWeights) continue;
    put<uint64_t>(head, at + 16, bytes);
    behind = true;
  }
  return whole.subspan(begin, bytes);
}

}  // namespace cairn
