// Compiled networks on disk, so that a model that was loaded before loads faster (docs/environment.md).
//
// An entry is a file <key>.blob: the engine's bytes, then a trailer (blob_cache.cc) with their length and a
// checksum. A file <key>.known, of the same form, tells the content of a model file that was read before. An
// entry appears under its name only when it is complete; an entry that is damaged, of another user, or
// writable by others is taken away and made anew. Keys and checksums are seeded with a secret that lies in
// the directory: who cannot read it can make neither an entry that passes nor a model that is taken for
// another one.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <ostream>
#include <span>
#include <string>
#include <string_view>

#include "om/unread_weights.h"

namespace cairn {

/// An entry as read-only memory, checked when it was opened. Movable; the mapping ends with the object.
class Blob {
 public:
  Blob() = default;
  Blob(std::span<const std::byte> file, size_t bytes) : file_(file), bytes_(bytes) {}
  Blob(Blob&& other) noexcept;
  Blob& operator=(Blob&& other) noexcept;
  ~Blob();

  explicit operator bool() const { return !file_.empty(); }
  std::span<const std::byte> bytes() const { return file_.first(bytes_); }
  /// Gives memory back that the bytes took; those that are read again come back from the file.
  void release_pages() const;

 private:
  std::span<const std::byte> file_;  ///< With the trailer.
  size_t bytes_ = 0;
};

/// Thread-safe, and safe for several processes. Nothing here throws or fails: a cache that does not work is
/// an empty one.
class BlobCache {
 public:
  using Key = std::array<uint64_t, 2>;

  /// An empty `directory` is a cache that is off. `most_bytes`: of all entries; what was not used for longest
  /// goes first.
  BlobCache(std::filesystem::path directory, uint64_t most_bytes);
  /// CAIRN_CACHE_DIR and CAIRN_CACHE_MB.
  static BlobCache of_environment();

  bool is_on() const { return !directory_.empty(); }
  /// The key of what these parts, in this order, identify. A cache that is off has keys, too, other ones in
  /// each process.
  Key key(std::span<const std::span<const std::byte>> parts) const;
  /// The entry, or an empty blob.
  Blob find(const Key& key) const noexcept;
  /// What remember_content was told of this file, if nobody has written the file since.
  std::optional<Key> find_content(const FileIdentity& file) const noexcept;
  /// `content`: the key of the file's bytes, which were read when it had this identity.
  void remember_content(const FileIdentity& file, const Key& content) const noexcept;
  /// Makes the entry from what `write` writes; what it throws is logged.
  void store(const Key& key, const std::function<void(std::ostream&)>& write) const noexcept;

 private:
  std::filesystem::path path_of(const Key& key, const char* suffix) const;
  Blob find_entry(const Key& key, const char* suffix) const;
  void write_entry(const Key& key, const char* suffix, const std::function<void(std::ostream&)>& write) const;
  Key key_of(const FileIdentity& file) const;
  /// Takes entries away until the others fit.
  void trim() const;

  std::filesystem::path directory_;
  uint64_t most_bytes_ = 0;
  uint64_t seed_ = 0;
};

}  // namespace cairn
