// Any bytes as an .om file: read for description and, with sizes and checksums repaired, for execution.
#include <cstdint>
#include <cstring>
#include <string>

#include "om/om_layout.h"
#include "om/om_report.h"
#include "om/om_weight_files.h"

namespace {

using namespace cairn;      // NOLINT(google-build-using-namespace)
using namespace cairn::om;  // NOLINT(google-build-using-namespace)

std::span<const std::byte> part(const std::string& file, uint64_t offset, uint64_t size) {
  const auto bytes = std::as_bytes(std::span(file));
  if (offset > bytes.size() || size > bytes.size() - offset) return {};
  return bytes.subspan(offset, size);
}

/// Without this, no mutation of our own files would come past the checksums.
void repair_checksums(std::string& file) {
  constexpr size_t kTableEnd = kHeaderBytes + kTableBytes;
  if (file.size() < kTableEnd + sizeof(Manifest)) return;
  const std::byte* bytes = part(file, 0, kTableEnd).data();
  const auto entry = [&](size_t i, size_t member) {
    return get<uint64_t>(bytes, kHeaderBytes + 8 + 24 * i + 8 * member);
  };
  put<uint64_t>(file.data(), header::kLength64, file.size() - kHeaderBytes);
  Manifest manifest;
  manifest.header = om_checksum(part(file, 0, kTableEnd));
  manifest.model_def = om_checksum(part(file, kTableEnd + entry(0, 1), entry(0, 2)));
  manifest.weights = om_checksum(part(file, kTableEnd + entry(1, 1), entry(1, 2)));
  const auto kernels = part(file, kTableEnd + entry(2, 1), entry(2, 2));
  if (kernels.size() >= kRecordHeaderBytes) {
    const size_t begin = kRecordHeaderBytes + get<uint32_t>(kernels.data(), 4);
    const size_t size = get<uint32_t>(kernels.data(), 8);
    if (begin <= kernels.size() && size <= kernels.size() - begin)
      manifest.ir = om_checksum(kernels.subspan(begin, size));
  }
  char* const place = file.data() + file.size() - sizeof(Manifest);
  std::memcpy(place, &manifest, sizeof(Manifest));
  put<uint64_t>(place, offsetof(Manifest, manifest),
                om_checksum(part(file, file.size() - sizeof(Manifest), offsetof(Manifest, manifest))));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto bytes = std::as_bytes(std::span(data, size));
  if (const auto model = read_om(bytes, OmUse::kDescribe); model.is_ok()) {
    static_cast<void>(om_inspection(*model, size, true));
    static_cast<void>(om_inspection_json(*model, size, true));
    static_cast<void>(om_display_info(*model));
  }
  static_cast<void>(om_json(bytes));
  constexpr uint64_t kMostWeights = 1 << 20;
  if (const auto parts = find_weight_files(bytes);
      !parts.empty() && weight_file_bytes(parts) < kMostWeights) {
    std::vector<std::byte> whole(size + weight_file_bytes(parts));
    static_cast<void>(make_room_for_weights(bytes, whole));
    static_cast<void>(read_om(whole));
  }
  std::string file(reinterpret_cast<const char*>(data), size);
  repair_checksums(file);
  static_cast<void>(read_om(std::as_bytes(std::span(file))));
  return 0;
}
