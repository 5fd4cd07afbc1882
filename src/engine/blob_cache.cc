#include "engine/blob_cache.h"

#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <fstream>
#include <optional>
#include <random>
#include <stdexcept>
#include <system_error>
#include <utility>
#include <vector>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/environment.h"
#include "base/file_descriptor.h"
#include "base/log.h"

namespace cairn {
namespace {

namespace fs = std::filesystem;

// The last bytes of an entry.
struct Trailer {
  std::array<char, 8> magic = kMagic;
  uint32_t version = 1;
  uint32_t reserved = 0;
  BlobCache::Key key{};
  uint64_t bytes = 0;     ///< In front of the trailer.
  uint64_t checksum = 0;  ///< XXH3 of the bytes and of the members above, with the directory's secret.

  static constexpr std::array<char, 8> kMagic = {'C', 'A', 'I', 'R', 'N', 'B', 'L', 'B'};
};
static_assert(sizeof(Trailer) == 48);

constexpr const char* kSuffix = ".blob";
constexpr const char* kKnownSuffix = ".known";
constexpr const char* kUnfinishedSuffix = ".part";
constexpr const char* kSecretName = "secret";
constexpr mode_t kOfOthers = S_IWGRP | S_IWOTH;
constexpr auto kAbandoned = std::chrono::hours(1);
constexpr uint64_t kDefaultMegabytes = 2048;

uint64_t checksum(const Trailer& trailer, std::span<const std::byte> bytes, uint64_t seed) {
  const uint64_t of_bytes = XXH3_64bits_withSeed(bytes.data(), bytes.size(), seed);
  return XXH3_64bits_withSeed(&trailer, offsetof(Trailer, checksum), seed ^ of_bytes);
}

/// Nobody else can have written it.
bool is_ours(const struct stat& state) {
  return state.st_uid == ::geteuid() && (state.st_mode & kOfOthers) == 0;
}

/// The directory exists and is the user's own.
bool prepare(const fs::path& directory) {
  std::error_code ignored;
  fs::create_directories(directory.parent_path(), ignored);
  ::mkdir(directory.c_str(), S_IRWXU);
  struct stat state {};
  if (::lstat(directory.c_str(), &state) != 0 || !S_ISDIR(state.st_mode) || !is_ours(state)) {
    log(LogLevel::kWarning, "ASCENDCL",
        "{} is no directory that only this user can write; compiled networks are not kept. Set "
        "CAIRN_CACHE_DIR to another one, or to 0 for none",
        directory.string());
    return false;
  }
  return true;
}

/// The directory's secret; the first process makes it.
std::optional<uint64_t> secret_of(const fs::path& directory) {
  const fs::path path = directory / kSecretName;
  uint64_t secret = 0;
  for (int attempt = 0; attempt < 2; ++attempt) {
    if (const FileDescriptor file(path, O_RDONLY | O_NOFOLLOW); file) {
      struct stat state {};
      if (::fstat(file.get(), &state) == 0 && S_ISREG(state.st_mode) && is_ours(state) &&
          ::read(file.get(), &secret, sizeof secret) == sizeof secret)
        return secret;
      ::unlink(path.c_str());
    }
    // Complete when it gets its name; of several processes and threads one wins.
    uint64_t own_name = 0;
    if (::getrandom(&secret, sizeof secret, 0) != sizeof secret ||
        ::getrandom(&own_name, sizeof own_name, 0) != sizeof own_name)
      return std::nullopt;
    const fs::path made = fmt::format("{}.{:016x}{}", path.string(), own_name, kUnfinishedSuffix);
    {
      const FileDescriptor file(made, O_WRONLY | O_CREAT | O_EXCL, S_IRUSR | S_IWUSR);
      if (!file || ::write(file.get(), &secret, sizeof secret) != sizeof secret) return std::nullopt;
    }
    [[maybe_unused]] const int lost = ::link(made.c_str(), path.c_str());
    ::unlink(made.c_str());
  }
  return std::nullopt;
}

fs::path directory_of_environment() {
  std::string given = environment_string("CAIRN_CACHE_DIR");
  if (given == "0") return {};
  if (!given.empty()) return given;
  if (const std::string base = environment_string("XDG_CACHE_HOME"); base.starts_with('/'))
    return fs::path(base) / "cairn";
  if (const std::string home = environment_string("HOME"); home.starts_with('/'))
    return fs::path(home) / ".cache" / "cairn";
  return {};
}

struct Entry {
  fs::path path;
  uint64_t bytes = 0;
  fs::file_time_type used;
};

}  // namespace

Blob::Blob(Blob&& other) noexcept
    : file_(std::exchange(other.file_, {})), bytes_(std::exchange(other.bytes_, 0)) {}

Blob& Blob::operator=(Blob&& other) noexcept {
  std::swap(file_, other.file_);
  std::swap(bytes_, other.bytes_);
  return *this;
}

Blob::~Blob() {
  if (!file_.empty()) ::munmap(const_cast<std::byte*>(file_.data()), file_.size());
}

void Blob::release_pages() const {
  ::madvise(const_cast<std::byte*>(file_.data()), file_.size(), MADV_DONTNEED);
}

BlobCache::BlobCache(fs::path directory, uint64_t most_bytes)
    : directory_(std::move(directory)), most_bytes_(most_bytes) {
  if (!directory_.empty()) {
    const std::optional<uint64_t> secret = prepare(directory_) ? secret_of(directory_) : std::nullopt;
    if (secret)
      seed_ = *secret;
    else
      directory_.clear();
  }
  if (directory_.empty()) seed_ = std::random_device()();
}

BlobCache BlobCache::of_environment() {
  const auto megabytes = static_cast<uint64_t>(environment_int("CAIRN_CACHE_MB", kDefaultMegabytes));
  return {megabytes == 0 ? fs::path() : directory_of_environment(), megabytes << 20};
}

BlobCache::Key BlobCache::key(std::span<const std::span<const std::byte>> parts) const {
  XXH3_state_t state{};
  XXH3_128bits_reset_withSeed(&state, seed_);
  for (const std::span<const std::byte> part : parts) {
    const uint64_t length = part.size();  // So that no two lists of parts are the same bytes.
    XXH3_128bits_update(&state, &length, sizeof length);
    XXH3_128bits_update(&state, part.data(), part.size());
  }
  const XXH128_hash_t hash = XXH3_128bits_digest(&state);
  return {hash.high64, hash.low64};
}

fs::path BlobCache::path_of(const Key& key, const char* suffix) const {
  return directory_ / fmt::format("{:016x}{:016x}{}", key[0], key[1], suffix);
}

BlobCache::Key BlobCache::key_of(const FileIdentity& file) const {
  const std::array parts = {std::as_bytes(std::span(&file, 1))};
  return key(parts);
}

Blob BlobCache::find(const Key& key) const noexcept try {
  return find_entry(key, kSuffix);
} catch (const std::exception&) {
  return {};
}

std::optional<BlobCache::Key> BlobCache::find_content(const FileIdentity& file) const noexcept try {
  const Blob known = find_entry(key_of(file), kKnownSuffix);
  Key content;
  if (known.bytes().size() != sizeof content) return std::nullopt;
  std::memcpy(&content, known.bytes().data(), sizeof content);
  return content;
} catch (const std::exception&) {
  return std::nullopt;
}

void BlobCache::remember_content(const FileIdentity& file, const Key& content) const noexcept try {
  if (!is_on() || !file.is_settled()) return;
  const Key key = key_of(file);
  if (fs::exists(path_of(key, kKnownSuffix))) return;
  write_entry(key, kKnownSuffix,
              [&](std::ostream& out) { out.write(reinterpret_cast<const char*>(&content), sizeof content); });
} catch (const std::exception& problem) {
  log(LogLevel::kWarning, "ASCENDCL", "what a model file holds cannot be remembered in {}: {}",
      directory_.string(), problem.what());
}

Blob BlobCache::find_entry(const Key& key, const char* suffix) const {
  if (!is_on()) return {};
  const fs::path path = path_of(key, suffix);
  const FileDescriptor file(path, O_RDONLY | O_NOFOLLOW);
  struct stat state {};
  if (!file || ::fstat(file.get(), &state) != 0) return {};
  const auto size = static_cast<size_t>(state.st_size);
  Blob blob;
  if (S_ISREG(state.st_mode) && is_ours(state) && size > sizeof(Trailer)) {
    void* const memory = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, file.get(), 0);
    if (memory == MAP_FAILED) return {};
    const std::span<const std::byte> bytes(static_cast<const std::byte*>(memory), size);
    blob = Blob(bytes, size - sizeof(Trailer));
    Trailer trailer;
    std::memcpy(&trailer, bytes.data() + blob.bytes().size(), sizeof trailer);
    if (trailer.magic == Trailer::kMagic && trailer.version == Trailer().version && trailer.key == key &&
        trailer.bytes == blob.bytes().size() && trailer.checksum == checksum(trailer, blob.bytes(), seed_)) {
      ::futimens(file.get(), nullptr);  // It was used now.
      return blob;
    }
  }
  log(LogLevel::kWarning, "ASCENDCL", "{} is damaged; it is made anew", path.string());
  ::unlink(path.c_str());
  return {};
}

void BlobCache::store(const Key& key, const std::function<void(std::ostream&)>& write) const noexcept try {
  if (!is_on()) return;
  write_entry(key, kSuffix, write);
  trim();
} catch (const std::exception& problem) {
  log(LogLevel::kWarning, "ASCENDCL", "a compiled network cannot be kept in {}: {}", directory_.string(),
      problem.what());
}

void BlobCache::write_entry(const Key& key, const char* suffix,
                            const std::function<void(std::ostream&)>& write) const {
  static std::atomic<uint32_t> writes{0};
  const fs::path path = path_of(key, suffix);
  const fs::path unfinished =
      fmt::format("{}.{}.{}{}", path.string(), ::getpid(), writes.fetch_add(1), kUnfinishedSuffix);
  struct Removal {
    const fs::path& path;
    ~Removal() { ::unlink(path.c_str()); }  // Nothing after the renaming.
  } const removal{unfinished};
  if (!FileDescriptor(unfinished, O_WRONLY | O_CREAT | O_EXCL, S_IRUSR | S_IWUSR))
    throw std::system_error(errno, std::generic_category(), unfinished.string());
  std::ofstream out(unfinished, std::ios::binary | std::ios::in);
  write(out);
  out.close();
  if (!out) throw std::runtime_error("it cannot be written; is the disk full?");

  const FileDescriptor file(unfinished, O_RDWR | O_NOFOLLOW);
  struct stat state {};
  if (!file || ::fstat(file.get(), &state) != 0)
    throw std::system_error(errno, std::generic_category(), unfinished.string());
  const auto size = static_cast<size_t>(state.st_size);
  if (size == 0 || size + sizeof(Trailer) > most_bytes_) return;  // It would push out all others.
  void* const memory = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, file.get(), 0);
  if (memory == MAP_FAILED) throw std::system_error(errno, std::generic_category(), "mmap");
  const Blob written({static_cast<const std::byte*>(memory), size}, size);
  Trailer trailer;
  trailer.key = key;
  trailer.bytes = size;
  trailer.checksum = checksum(trailer, written.bytes(), seed_);
  if (::pwrite(file.get(), &trailer, sizeof trailer, static_cast<off_t>(size)) != sizeof trailer ||
      ::rename(unfinished.c_str(), path.c_str()) != 0)
    throw std::system_error(errno, std::generic_category(), path.string());
}

void BlobCache::trim() const {
  std::vector<Entry> entries;
  uint64_t total = 0;
  const auto now = fs::file_time_type::clock::now();
  for (const fs::directory_entry& file : fs::directory_iterator(directory_)) {
    std::error_code gone;  // By another process.
    const fs::path extension = file.path().extension();
    const auto used = file.last_write_time(gone);
    if (gone) continue;
    if (extension == kUnfinishedSuffix && now - used > kAbandoned) fs::remove(file.path(), gone);
    if (extension != kSuffix && extension != kKnownSuffix) continue;
    entries.push_back({file.path(), file.file_size(gone), used});
    total += entries.back().bytes;
  }
  std::ranges::sort(entries, {}, &Entry::used);
  for (const Entry& entry : entries) {
    if (total <= most_bytes_) return;
    std::error_code gone;
    fs::remove(entry.path, gone);
    total -= entry.bytes;
  }
}

}  // namespace cairn
