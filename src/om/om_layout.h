// The bytes of an .om file around its partitions. All numbers are little endian.
//
//   header, 256 bytes | partition table | partitions, one after the other in table order
//
//   header:  0 magic "IMOD" | 4 u32 header size | 8 u32 version | 76 u32 body bytes if the table is of 32
//   bits | 80 u8 encrypted
//            82 u8 model type | 84 name, 32 bytes | 156 u32 number of models | 160 platform version, 20 bytes
//            184 u64 body bytes if the table is of 64 bits, else 0 | 193 u8 dynamic shapes
//   table:   32 bits: u32 number, {u32 type, u32 offset, u32 size}...   64 bits: u64 number, {u64 type, u64
//   offset, u64 size}... offsets are relative to the end of the table.
//
// The files that we write have these five partitions. With five entries of 64 bits the table ends at 384, a
// multiple of 64; MODEL_DEF is padded to a multiple of 64 with an unknown field, so the weights are aligned.
//
//   MODEL_DEF          ge.proto.ModelDef (ge_ir.proto)
//   WEIGHTS_DATA       the .bin of the IR
//   TBE_KERNELS        records {u32 magic, u32 name bytes, u32 data bytes, name, data}: "cairn.ir.xml",
//   "cairn.manifest" CUST_AICPU_KERNELS empty TASK_INFO          empty
//
// The manifest is the last record: u32 version of this format, u32 0, and checksums (XXH3, u64) of: header
// with table, MODEL_DEF, WEIGHTS_DATA, the IR, and the manifest up to here.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace cairn::om {

static_assert(std::endian::native == std::endian::little, "numbers are copied to and from files as they are");

inline constexpr uint32_t kMagic = 0x444F4D49;
inline constexpr uint32_t kVersion = 0x20000000;
inline constexpr size_t kHeaderBytes = 256;
inline constexpr size_t kNameBytes = 32;

namespace header {
inline constexpr size_t kHeaderSize = 4;
inline constexpr size_t kFormatVersion = 8;
inline constexpr size_t kLength32 = 76;
inline constexpr size_t kIsEncrypted = 80;
inline constexpr size_t kIsChecked = 81;
inline constexpr size_t kModelType = 82;
inline constexpr size_t kName = 84;
inline constexpr size_t kModelCount = 156;
inline constexpr size_t kLength64 = 184;
}  // namespace header

enum Partition : uint32_t {
  kModelDef = 0,
  kWeights = 1,
  kTasks = 2,
  kKernels = 3,
  kAicpuKernels = 4,
};
inline constexpr size_t kPartitionsWritten = 5;
inline constexpr size_t kTableBytes = 8 + 24 * kPartitionsWritten;
/// Most entries that a table may have.
inline constexpr uint64_t kMostPartitions = 32;

inline constexpr uint32_t kRecordMagic = 0x4E524143;  // "CARN"
inline constexpr size_t kRecordHeaderBytes = 12;
inline constexpr std::string_view kIrRecord = "cairn.ir.xml";
/// Of a file that keeps its weights beside it, see om/om_weight_files.h.
inline constexpr std::string_view kWeightFilesRecord = "cairn.weight.files";
inline constexpr size_t kWeightFileBytes = 16;  ///< Of an entry in it.
inline constexpr std::string_view kManifestRecord = "cairn.manifest";

/// Raised when a file of an older Cairn can no longer be read, or the reverse.
inline constexpr uint32_t kContentVersion = 1;

struct Manifest {
  uint32_t version = kContentVersion;
  uint32_t reserved = 0;
  uint64_t header = 0;
  uint64_t model_def = 0;
  uint64_t weights = 0;
  uint64_t ir = 0;
  uint64_t manifest = 0;  ///< Of the members above.
};
static_assert(sizeof(Manifest) == 48);

/// Reads a number at `offset`; the caller has checked that it lies inside.
template <class T>
T get(const std::byte* bytes, size_t offset) {
  T value;
  std::memcpy(&value, bytes + offset, sizeof(T));
  return value;
}

template <class T>
void put(char* bytes, size_t offset, T value) {
  std::memcpy(bytes + offset, &value, sizeof(T));
}

}  // namespace cairn::om
