#include <algorithm>
#include <array>

#include "acl/acl_mdl.h"
#include "om/om_graph.h"
#include "om/om_layout.h"
#include "om/om_model.h"

namespace cairn {
namespace {

using namespace om;  // NOLINT(google-build-using-namespace): the layout's constants

using Bytes = std::span<const std::byte>;

Status wrong_size(std::string_view what) {
  return error(ACL_ERROR_GE_EXEC_MODEL_DATA_SIZE_INVALID, "MDL-001",
               "the om file is cut off or damaged: {}; copy or convert it again", what);
}

Status wrong_kernels(std::string_view what) {
  return error(ACL_ERROR_GE_EXEC_LOAD_KERNEL_PARTITION_FAILED, "MDL-001",
               "the executable graph of the om file cannot be used: {}", what);
}

/// The partitions by type; `present` tells an empty one from a missing one.
struct Table {
  std::array<Bytes, kMostPartitions> parts;
  std::array<bool, kMostPartitions> present{};
  size_t end = 0;  ///< Of the table in the file.
};

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
  if (use == OmUse::kExecute && get<uint32_t>(bytes, header::kModelCount) > 1)
    return wrong_kernels("it holds several models (dynamic shapes), which is not supported yet");
  return {};
}

Entry read_entry(const std::byte* at, bool wide) {
  if (wide) return {get<uint64_t>(at, 0), get<uint64_t>(at, 8), get<uint64_t>(at, 16)};
  return {get<uint32_t>(at, 0), get<uint32_t>(at, 4), get<uint32_t>(at, 8)};
}

Result<Table> read_table(Bytes file) {
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

struct Records {
  Bytes ir;
  Bytes manifest;  ///< From its record's data to the end of the partition.
};

/// Walks the kernel records; those of other names belong to other compilers.
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
    if (name == kManifestRecord) records.manifest = data;
    part = part.subspan(size_t{name_bytes} + data_bytes);
  }
  if (records.ir.empty() || records.manifest.empty())
    return wrong_kernels(
        "there is none; the file was made by another compiler. Convert the original model with atc");
  return records;
}

Status check_sum(uint64_t expected, Bytes bytes, std::string_view what) {
  if (om_checksum(bytes) == expected) return {};
  return wrong_size(fmt::format("the checksum of its {} is wrong", what));
}

Status check_manifest(Bytes file, const Table& table, const Records& records) {
  if (records.manifest.size() != sizeof(Manifest)) return wrong_kernels("its manifest has another size");
  const auto manifest = get<Manifest>(records.manifest.data(), 0);
  CAIRN_RETURN_IF_ERROR(
      check_sum(manifest.manifest, records.manifest.first(offsetof(Manifest, manifest)), "manifest"));
  if (manifest.version != kContentVersion)
    return wrong_kernels(fmt::format("its version is {}, this program reads {}; convert the model again",
                                     manifest.version, kContentVersion));
  CAIRN_RETURN_IF_ERROR(check_sum(manifest.header, file.first(table.end), "header"));
  CAIRN_RETURN_IF_ERROR(check_sum(manifest.model_def, table.parts[kModelDef], "model definition"));
  CAIRN_RETURN_IF_ERROR(check_sum(manifest.ir, records.ir, "executable graph"));
  return check_sum(manifest.weights, table.parts[kWeights], "weights");
}

Status read_executable(Bytes file, const Table& table, OmModel& model) {
  CAIRN_ASSIGN(const Records records, read_records(table.parts[kKernels]));
  CAIRN_RETURN_IF_ERROR(check_manifest(file, table, records));
  model.ir_xml.assign(reinterpret_cast<const char*>(records.ir.data()), records.ir.size());
  return {};
}

}  // namespace

Result<std::span<const std::byte>> om::find_model_def(std::span<const std::byte> file) {
  CAIRN_RETURN_IF_ERROR(check_header(file, OmUse::kDescribe));
  CAIRN_ASSIGN(const Table table, read_table(file));
  if (!table.present[kModelDef])
    return error(ACL_ERROR_GE_EXEC_LOAD_MODEL_PARTITION_FAILED, "MDL-001",
                 "the om file has no model definition");
  return table.parts[kModelDef];
}

Result<OmModel> read_om(std::span<const std::byte> file, OmUse use) {
  CAIRN_RETURN_IF_ERROR(check_header(file, use));
  CAIRN_ASSIGN(const Table table, read_table(file));
  if (!table.present[kModelDef])
    return error(ACL_ERROR_GE_EXEC_LOAD_MODEL_PARTITION_FAILED, "MDL-001",
                 "the om file has no model definition");
  OmModel model;
  model.weights = table.parts[kWeights];
  model.partition_sizes = {table.parts[kModelDef].size(), table.parts[kWeights].size(),
                           table.parts[kKernels].size(), table.parts[kAicpuKernels].size(),
                           table.parts[kTasks].size()};
  const Status executable = read_executable(file, table, model);
  if (use == OmUse::kExecute) CAIRN_RETURN_IF_ERROR(executable);
  model.defect = executable.text();
  CAIRN_RETURN_IF_ERROR(decode_model_def(table.parts[kModelDef], model.weights.size(), use, model));
  return model;
}

}  // namespace cairn
