#include "acl/acl_mdl.h"
#include "om/om_graph.h"
#include "om/om_layout.h"
#include "om/om_model.h"
#include "om/om_partitions.h"

namespace cairn {
namespace {

using namespace om;  // NOLINT(google-build-using-namespace): the layout's constants

Status check_sum(uint64_t expected, Bytes bytes, std::string_view what) {
  if (om_checksum(bytes) == expected) return {};
  return wrong_size(fmt::format("the checksum of its {} is wrong", what));
}

Status check_manifest(Bytes file, const Table& table, const Records& records, OmUse use) {
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
  if (use == OmUse::kExecuteKnown) return {};
  return check_sum(manifest.weights, table.parts[kWeights], "weights");
}

Status read_executable(Bytes file, const Table& table, OmUse use, OmModel& model, uint64_t& weight_bytes) {
  CAIRN_ASSIGN(const Records records, read_records(table.parts[kKernels]));
  if (const auto parts = weight_files(table, records); !parts.empty()) {
    weight_bytes = weight_file_bytes(parts);
    return error(ACL_ERROR_GE_EXEC_LOAD_WEIGHT_PARTITION_FAILED, "MDL-004",
                 "the weights are in {} files of the folder '{}' beside the om file; load it with "
                 "acl.mdl.load_from_file, or convert the model with --external_weight=0",
                 parts.size(), kOmWeightFolder);
  }
  CAIRN_RETURN_IF_ERROR(check_manifest(file, table, records, use));
  model.weights_checksum = get<Manifest>(records.manifest.data(), 0).weights;
  model.ir_xml.assign(reinterpret_cast<const char*>(records.ir.data()), records.ir.size());
  return {};
}

}  // namespace

Result<std::span<const std::byte>> om::find_model_def(std::span<const std::byte> file) {
  CAIRN_ASSIGN(const Table table, read_table(file, OmUse::kDescribe));
  if (!table.present[kModelDef])
    return error(ACL_ERROR_GE_EXEC_LOAD_MODEL_PARTITION_FAILED, "MDL-001",
                 "the om file has no model definition");
  return table.parts[kModelDef];
}

Result<OmModel> read_om(std::span<const std::byte> file, OmUse use) {
  CAIRN_ASSIGN(const Table table, read_table(file, use));
  if (!table.present[kModelDef])
    return error(ACL_ERROR_GE_EXEC_LOAD_MODEL_PARTITION_FAILED, "MDL-001",
                 "the om file has no model definition");
  OmModel model;
  model.weights = table.parts[kWeights];
  model.partition_sizes = {table.parts[kModelDef].size(), table.parts[kWeights].size(),
                           table.parts[kKernels].size(), table.parts[kAicpuKernels].size(),
                           table.parts[kTasks].size()};
  uint64_t weight_bytes = model.weights.size();
  const Status executable = read_executable(file, table, use, model, weight_bytes);
  if (use != OmUse::kDescribe) CAIRN_RETURN_IF_ERROR(executable);
  model.defect = executable.text();
  CAIRN_RETURN_IF_ERROR(decode_model_def(table.parts[kModelDef], weight_bytes, use, model));
  return model;
}

}  // namespace cairn
