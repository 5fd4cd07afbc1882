#include "om/om_partitions.h"

#include "acl/acl_mdl.h"

namespace cairn::om {
namespace {

struct Entry {
  uint64_t type;
  uint64_t offset;
  uint64_t size;
};

Status check_header(Bytes file, OmUse use) {
  if (file.size() < kHeaderBytes)
    return wrong_size(fmt::format("it has {} bytes, the header alone has {}", file.size(), kHeaderBytes));
  const std::byte* bytes = file.data();
  if (get<uint32_t>(bytes, 0) != kMagic)
    return error(ACL_ERROR_GE_PARAM_INVALID, "MDL-001", "this is no om file: it does not begin with IMOD");
  if (get<uint32_t>(bytes, header::kHeaderSize) != kHeaderBytes)
    return wrong_size("its header has another size");
  const uint64_t length64 = get<uint64_t>(bytes, header::kLength64);
  const uint64_t length = length64 ? length64 : get<uint32_t>(bytes, header::kLength32);
  if (length != file.size() - kHeaderBytes)
    return wrong_size(
        fmt::format("its header announces {} bytes, it has {}", length, file.size() - kHeaderBytes));
  if (get<uint8_t>(bytes, header::kIsEncrypted) != 0)
    return error(ACL_ERROR_GE_PARAM_INVALID, "MDL-001",
                 "the om file is encrypted; convert the model without encryption");
  if (use != OmUse::kDescribe && get<uint32_t>(bytes, header::kModelCount) > 1)
    return wrong_kernels("it holds several models (dynamic shapes), which is not supported yet");
  return {};
}

Entry read_entry(const std::byte* at, bool wide) {
  if (wide) return {get<uint64_t>(at, 0), get<uint64_t>(at, 8), get<uint64_t>(at, 16)};
  return {get<uint32_t>(at, 0), get<uint32_t>(at, 4), get<uint32_t>(at, 8)};
}

}  // namespace

Status wrong_size(std::string_view what) {
  return error(ACL_ERROR_GE_EXEC_MODEL_DATA_SIZE_INVALID, "MDL-001",
               "the om file is cut off or damaged: {}; copy or convert it again", what);
}

Status wrong_kernels(std::string_view what) {
  return error(ACL_ERROR_GE_EXEC_LOAD_KERNEL_PARTITION_FAILED, "MDL-001",
               "the executable graph of the om file cannot be used: {}", what);
}

Result<Table> read_table(Bytes file, OmUse use) {
  CAIRN_RETURN_IF_ERROR(check_header(file, use));
  const bool wide = get<uint64_t>(file.data(), header::kLength64) != 0;
  const size_t head = wide ? 8 : 4;
  const size_t entry_bytes = wide ? 24 : 12;
  if (file.size() < kHeaderBytes + head) return wrong_size("it has no partition table");
  const uint32_t count = get<uint32_t>(file.data(), kHeaderBytes);
  if (count == 0 || count > kMostPartitions)
    return wrong_size(fmt::format("its table has {} entries", count));
  Table table;
  table.end = kHeaderBytes + head + count * entry_bytes;
  if (file.size() < table.end) return wrong_size("its partition table is cut off");
  const uint64_t body = file.size() - table.end;
  for (uint32_t i = 0; i < count; ++i) {
    const Entry entry = read_entry(file.data() + kHeaderBytes + head + i * entry_bytes, wide);
    if (entry.type >= kMostPartitions || table.present[entry.type])
      return wrong_size(
          fmt::format("entry {} of its table has type {}, unknown or met before", i, entry.type));
    if (entry.offset > body || entry.size > body - entry.offset)
      return wrong_size(fmt::format("partition {} lies outside the file", entry.type));
    table.present[entry.type] = true;
    table.parts[entry.type] = file.subspan(table.end + entry.offset, entry.size);
  }
  return table;
}

Result<Records> read_records(Bytes part) {
  Records records;
  while (!part.empty()) {
    if (part.size() < kRecordHeaderBytes) return wrong_kernels("a record is cut off");
    const uint32_t magic = get<uint32_t>(part.data(), 0);
    const uint32_t name_bytes = get<uint32_t>(part.data(), 4);
    const uint32_t data_bytes = get<uint32_t>(part.data(), 8);
    part = part.subspan(kRecordHeaderBytes);
    if (magic != kRecordMagic || name_bytes > part.size() || data_bytes > part.size() - name_bytes) break;
    const std::string_view name(reinterpret_cast<const char*>(part.data()), name_bytes);
    const Bytes data = part.subspan(name_bytes, data_bytes);
    if (name == kIrRecord) records.ir = data;
    if (name == kWeightFilesRecord) records.weight_files = data;
    if (name == kManifestRecord) records.manifest = data;
    part = part.subspan(size_t{name_bytes} + data_bytes);
  }
  if (records.ir.empty() || records.manifest.empty())
    return wrong_kernels(
        "there is none; the file was made by another compiler. Convert the original model with atc");
  return records;
}

std::vector<OmWeightFile> weight_files(const Table& table, const Records& records) {
  std::vector<OmWeightFile> parts;
  if (!table.present[kWeights] || !table.parts[kWeights].empty()) return parts;
  uint64_t most = uint64_t{1} << 63;
  for (Bytes rest = records.weight_files; rest.size() >= kWeightFileBytes;
       rest = rest.subspan(kWeightFileBytes)) {
    parts.push_back({get<uint64_t>(rest.data(), 0), get<uint64_t>(rest.data(), 8)});
    if (parts.back().bytes >= most) return {};
    most -= parts.back().bytes;
  }
  return parts;
}

}  // namespace cairn::om
