// Dump files: the tensors of one operator in one execution.
//
//   u64 bytes of the header, little endian | header | the tensors' bytes: inputs in order, then outputs
//
// The header is a protobuf message toolkit.dump.DumpData whose tensors have a size and no data:
//   DumpData  1 version  2 dump_time  3 OpOutput...  4 OpInput...  6 op_name
//   OpOutput  1 data_type  2 format  3 Shape  4 OriginalOp  6 size  7 original_shape
//   OpInput   1 data_type  2 format  3 Shape  5 size  6 original_shape
//   OriginalOp  1 name  2 output_index  3 data_type  4 format      Shape  1 dim...
// Types and formats have their numbers of ge.proto.
//
// A file is called {op_type}.{op_name}.{task_id}.{stream_id}.{microseconds since 1970}.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "acl/acl_base.h"
#include "base/status.h"

namespace cairn {

struct DumpTensor {
  aclDataType data_type = ACL_DT_UNDEFINED;
  aclFormat format = ACL_FORMAT_ND;
  std::vector<int64_t> dims;
  std::span<const std::byte> bytes;  ///< Empty: the tensor does not exist outside the operator.
};

struct DumpOperator {
  std::string type;
  std::string name;
  std::vector<std::string> original_names;  ///< Layers of the original network that it stands for.
  uint32_t task_id = 0;
  uint32_t stream_id = 0;
  std::vector<DumpTensor> inputs;
  std::vector<DumpTensor> outputs;
};

/// Characters of an operator's name or type that a file's name cannot hold become '_' [DUMP-005].
std::string dump_name(std::string_view name);
/// A model's name as a directory: letters, digits and '_'.
std::string dump_directory_name(std::string_view model_name);
/// Microseconds since 1970, larger than those of every call before, so that names differ and sort in the
/// order of execution.
uint64_t next_dump_time();

/// Name of the file.
std::string dump_file_name(const DumpOperator& one, uint64_t time);
/// The bytes in front of the tensors'.
std::string dump_file_head(const DumpOperator& one, uint64_t time);
/// Writes one file into `folder`, which is made. Names of more than 255 characters become a number, which
/// mapping.csv in the folder explains.
Status write_dump_file(const std::filesystem::path& folder, const DumpOperator& one, uint64_t time);
/// The same with statistics (dump_data: stats): a csv file. `wanted`: bits of DumpStatistic.
Status write_dump_statistics(const std::filesystem::path& folder, const DumpOperator& one, uint64_t time,
                             unsigned wanted);

}  // namespace cairn
