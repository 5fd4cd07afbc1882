#include <algorithm>
#include <array>
#include <limits>
#include <string>

#include "acl/acl_mdl.h"
#include "om/om_graph.h"
#include "om/om_layout.h"
#include "om/om_model.h"

namespace cairn {
namespace {

using namespace om;  // NOLINT(google-build-using-namespace): the layout's constants

std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text));
}

/// Pads a serialised message with an unknown field of bytes, which readers skip.
void pad_message(std::string& message) {
  constexpr char kUnknownField = (15 << 3) | 2;
  size_t missing = (kOmWeightAlignment - message.size() % kOmWeightAlignment) % kOmWeightAlignment;
  if (missing == 0) return;
  if (missing == 1) missing += kOmWeightAlignment;
  message += kUnknownField;
  message += static_cast<char>(missing - 2);
  message.append(missing - 2, '\0');
}

std::string header_and_table(const OmModel& model, const OmPartitionSizes& sizes) {
  std::string bytes(kHeaderBytes + kTableBytes, '\0');
  char* const head = bytes.data();
  put<uint32_t>(head, 0, kMagic);
  put<uint32_t>(head, header::kHeaderSize, kHeaderBytes);
  put<uint32_t>(head, header::kFormatVersion, kVersion);
  put<uint8_t>(head, header::kIsChecked, 1);
  put<uint8_t>(head, header::kModelType, 1);
  model.name.copy(head + header::kName, kNameBytes - 1);
  put<uint32_t>(head, header::kModelCount, 1);

  const std::array<std::pair<uint64_t, uint64_t>, kPartitionsWritten> entries = {
      {{kModelDef, sizes.model_def},
       {kWeights, sizes.weights},
       {kKernels, sizes.kernels},
       {kAicpuKernels, 0},
       {kTasks, 0}}};
  char* const table = head + kHeaderBytes;
  put<uint64_t>(table, 0, kPartitionsWritten);
  uint64_t offset = 0;
  for (size_t i = 0; i < entries.size(); ++i) {
    put<uint64_t>(table, 8 + 24 * i, entries[i].first);
    put<uint64_t>(table, 16 + 24 * i, offset);
    put<uint64_t>(table, 24 + 24 * i, entries[i].second);
    offset += entries[i].second;
  }
  put<uint64_t>(head, header::kLength64, kTableBytes + offset);
  return bytes;
}

void append_record(std::string& part, std::string_view name, std::string_view data) {
  std::array<char, kRecordHeaderBytes> head;
  put<uint32_t>(head.data(), 0, kRecordMagic);
  put<uint32_t>(head.data(), 4, static_cast<uint32_t>(name.size()));
  put<uint32_t>(head.data(), 8, static_cast<uint32_t>(data.size()));
  part.append(head.data(), head.size());
  part += name;
  part += data;
}

std::string weight_files_bytes(std::span<const OmWeightFile> parts) {
  std::string bytes(parts.size() * kWeightFileBytes, '\0');
  for (size_t i = 0; i < parts.size(); ++i) {
    put<uint64_t>(bytes.data(), i * kWeightFileBytes, parts[i].bytes);
    put<uint64_t>(bytes.data(), i * kWeightFileBytes + 8, parts[i].checksum);
  }
  return bytes;
}

std::string manifest_bytes(Manifest manifest) {
  std::string bytes(reinterpret_cast<const char*>(&manifest), sizeof(manifest));
  put<uint64_t>(bytes.data(), offsetof(Manifest, manifest),
                om_checksum(bytes_of(std::string_view(bytes).substr(0, offsetof(Manifest, manifest)))));
  return bytes;
}

}  // namespace

Status write_om(const OmModel& model, const OmWeightStream& weights, const OmSink& sink,
                std::span<const OmWeightFile> apart) {
  if (model.ir_xml.size() > std::numeric_limits<uint32_t>::max())
    return error(ACL_ERROR_GE_INTERNAL_ERROR, "MDL-001",
                 "the executable graph of model {} is larger than 4 GiB", model.name);
  CAIRN_ASSIGN(std::string model_def, encode_model_def(model));
  pad_message(model_def);

  std::string kernels;
  append_record(kernels, kIrRecord, model.ir_xml);
  if (!apart.empty()) append_record(kernels, kWeightFilesRecord, weight_files_bytes(apart));
  OmPartitionSizes sizes;
  sizes.model_def = model_def.size();
  sizes.weights = weights.bytes;
  sizes.kernels = kernels.size() + kRecordHeaderBytes + kManifestRecord.size() + sizeof(Manifest);
  const std::string head = header_and_table(model, sizes);

  Manifest manifest;
  manifest.header = om_checksum(bytes_of(head));  // With the weights in it, wherever they are.
  manifest.model_def = om_checksum(bytes_of(model_def));
  manifest.weights = weights.checksum;
  manifest.ir = om_checksum(bytes_of(model.ir_xml));
  append_record(kernels, kManifestRecord, manifest_bytes(manifest));

  if (!apart.empty()) sizes.weights = 0;
  CAIRN_RETURN_IF_ERROR(sink(bytes_of(header_and_table(model, sizes))));
  CAIRN_RETURN_IF_ERROR(sink(bytes_of(model_def)));
  if (sizes.weights > 0) CAIRN_RETURN_IF_ERROR(weights.write(sink));
  return sink(bytes_of(kernels));
}

Result<std::string> write_om(const OmModel& model) {
  OmWeightStream weights;
  weights.bytes = model.weights.size();
  weights.checksum = om_checksum(model.weights);
  weights.write = [&](const OmSink& sink) { return sink(model.weights); };
  std::string file;
  CAIRN_RETURN_IF_ERROR(write_om(model, weights, [&](std::span<const std::byte> bytes) {
    file.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    return Status();
  }));
  return file;
}

}  // namespace cairn
