// The partitions of an .om file and the records in one of them, as om/om_layout.h describes them.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "om/om_layout.h"
#include "om/om_model.h"

namespace cairn::om {

using Bytes = std::span<const std::byte>;

/// The partitions by type; `present` tells an empty one from a missing one.
struct Table {
  std::array<Bytes, kMostPartitions> parts;
  std::array<bool, kMostPartitions> present{};
  size_t end = 0;  ///< Of the table in the file.
};

struct Records {
  Bytes ir;
  Bytes weight_files;
  Bytes manifest;  ///< From its record's data to the end of the partition.
};

Status wrong_size(std::string_view what);
Status wrong_kernels(std::string_view what);

/// Checks the header, too. `file` may hold anything.
Result<Table> read_table(Bytes file, OmUse use);

/// Walks the kernel records; those of other names belong to other compilers.
Result<Records> read_records(Bytes part);

/// The parts of weights that lie beside the file, whose place in it is empty.
std::vector<OmWeightFile> weight_files(const Table& table, const Records& records);

}  // namespace cairn::om
