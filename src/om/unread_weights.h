// Weights of an .om file that nobody has needed yet. A model that the cache of compiled networks holds runs
// without them, and most of the file is weights: not reading them makes loading several times faster.
#pragma once

#include <sys/stat.h>

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <span>
#include <type_traits>
#include <utility>

#include "base/file_descriptor.h"
#include "base/status.h"

namespace cairn {

/// What the system tells of a file. It changes when the file's bytes do, if the file is older than kSettled:
/// two changes in a row may bear the same time.
struct FileIdentity {
  static constexpr int64_t kSettledSeconds = 2;

  explicit FileIdentity(const struct stat& state);
  bool operator==(const FileIdentity&) const = default;
  /// The last change is long enough ago.
  bool is_settled() const;

  uint64_t device = 0;
  uint64_t inode = 0;
  uint64_t bytes = 0;
  int64_t written_s = 0;
  int64_t written_ns = 0;
  int64_t changed_s = 0;  ///< Of the file or what is known of it; no program can set this time.
  int64_t changed_ns = 0;
};
static_assert(std::has_unique_object_representations_v<FileIdentity>, "it is hashed as bytes");

/// Fills `place` with a file's bytes from `offset`. Returns why some are missing, or null.
const char* read_bytes(int descriptor, uint64_t offset, std::span<std::byte> place);

/// Thread-safe.
class UnreadWeights {
 public:
  /// `file` was `identity` when its other parts were read. `place`: where in memory its bytes from `offset`
  /// belong.
  UnreadWeights(FileDescriptor file, const FileIdentity& identity, uint64_t offset,
                std::span<std::byte> place)
      : file_(std::move(file)), identity_(identity), offset_(offset), place_(place) {}

  const FileIdentity& identity() const { return identity_; }
  /// Reads them if nobody has. What is read must be checked: the file may have changed meanwhile.
  Status read();
  /// Reads and checks them if nobody has: an error if their om_checksum is another one.
  Status read_checked(uint64_t checksum);

 private:
  Status read_locked();

  FileDescriptor file_;  ///< Closed once they are read.
  const FileIdentity identity_;
  const uint64_t offset_;
  const std::span<std::byte> place_;
  std::optional<uint64_t> checksum_;  ///< That they are known to have.
  std::mutex mutex_;
};

}  // namespace cairn
