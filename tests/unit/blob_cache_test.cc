#include "engine/blob_cache.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <thread>

namespace cairn {
namespace {

namespace fs = std::filesystem;
constexpr uint64_t kPlenty = uint64_t{1} << 30;

std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text));
}

class BlobCacheTest : public testing::Test {
 protected:
  BlobCacheTest() {
    std::string pattern = testing::TempDir() + "blobs-XXXXXX";
    folder_ = ::mkdtemp(pattern.data());
  }
  ~BlobCacheTest() override { fs::remove_all(folder_); }

  static BlobCache::Key key(const BlobCache& cache, std::string_view one, std::string_view other = "") {
    const std::array parts = {bytes_of(one), bytes_of(other)};
    return cache.key(parts);
  }
  static void store(const BlobCache& cache, std::string_view name, const std::string& text) {
    cache.store(key(cache, name), [&](std::ostream& out) { out << text; });
  }
  static std::string found(const BlobCache& cache, std::string_view name) {
    const Blob blob = cache.find(key(cache, name));
    return blob ? std::string(reinterpret_cast<const char*>(blob.bytes().data()), blob.bytes().size())
                : std::string("none");
  }
  std::vector<fs::path> entries() const {
    std::vector<fs::path> paths;
    for (const auto& file : fs::directory_iterator(folder_))
      if (file.path().extension() == ".blob") paths.push_back(file.path());
    return paths;
  }

  fs::path folder_;
};

TEST_F(BlobCacheTest, KeepsWhatWasStored) {
  const BlobCache cache(folder_ / "deep" / "er", kPlenty);
  EXPECT_EQ(found(cache, "a"), "none");
  store(cache, "a", "the bytes of a");
  store(cache, "b", std::string(100'000, 'b'));
  EXPECT_EQ(found(cache, "a"), "the bytes of a");
  EXPECT_EQ(found(cache, "b"), std::string(100'000, 'b'));
  EXPECT_EQ(found(BlobCache(folder_ / "deep" / "er", kPlenty), "a"), "the bytes of a");
  store(cache, "a", "others");
  EXPECT_EQ(found(cache, "a"), "others");
}

TEST_F(BlobCacheTest, TellsListsOfPartsApart) {
  const BlobCache cache(folder_, kPlenty);
  EXPECT_NE(key(cache, "ab", "c"), key(cache, "a", "bc"));
  EXPECT_NE(key(cache, "a", "b"), key(cache, "b", "a"));
  EXPECT_EQ(key(cache, "a", "b"), key(cache, "a", "b"));
}

TEST_F(BlobCacheTest, KeysNeedTheSecretOfTheDirectory) {
  EXPECT_NE(key(BlobCache(folder_ / "1", kPlenty), "a"), key(BlobCache(folder_ / "2", kPlenty), "a"));
}

TEST_F(BlobCacheTest, ADamagedEntryIsIgnoredAndMadeAnew) {
  const BlobCache cache(folder_, kPlenty);
  const std::string text(5000, 'x');
  for (const size_t place :
       {size_t{0}, size_t{4999}, size_t{5000}, size_t{5012}, size_t{5030}, size_t{5047}}) {
    store(cache, "a", text);
    ASSERT_EQ(entries().size(), 1U);
    std::fstream file(entries()[0], std::ios::binary | std::ios::in | std::ios::out);
    file.seekg(static_cast<std::streamoff>(place));
    const auto byte = static_cast<char>(file.get() ^ 1);
    file.seekp(static_cast<std::streamoff>(place));
    file.put(byte);
    file.close();
    EXPECT_EQ(found(cache, "a"), "none") << place;
    EXPECT_TRUE(entries().empty()) << place;
  }
  for (const size_t length : {size_t{0}, size_t{1}, size_t{48}, size_t{4000}, size_t{5047}}) {
    store(cache, "a", text);
    fs::resize_file(entries().at(0), length);
    EXPECT_EQ(found(cache, "a"), "none") << length;
  }
  store(cache, "a", text);
  EXPECT_EQ(found(cache, "a"), text);
}

TEST_F(BlobCacheTest, AnEntryOfAnotherKeyIsNotTaken) {
  const BlobCache cache(folder_, kPlenty);
  store(cache, "a", "bytes of a");
  const fs::path first = entries().at(0);
  store(cache, "b", "bytes of b");
  for (const fs::path& path : entries())
    if (path != first) fs::copy_file(first, path, fs::copy_options::overwrite_existing);
  EXPECT_EQ(found(cache, "b"), "none");
}

TEST_F(BlobCacheTest, WhatOthersCanWriteIsNotTaken) {
  const BlobCache cache(folder_, kPlenty);
  store(cache, "a", "bytes");
  ASSERT_EQ(::chmod(entries().at(0).c_str(), 0666), 0);
  EXPECT_EQ(found(cache, "a"), "none");
  store(cache, "a", "bytes");
  const fs::path target = folder_ / "elsewhere";
  fs::rename(entries().at(0), target);
  fs::create_symlink(target, target.parent_path() / "link");
  const BlobCache::Key wanted = key(cache, "a");
  fs::rename(folder_ / "link", folder_ / fmt::format("{:016x}{:016x}.blob", wanted[0], wanted[1]));
  EXPECT_EQ(found(cache, "a"), "none");

  ASSERT_EQ(::chmod(folder_.c_str(), 0777), 0);
  EXPECT_FALSE(BlobCache(folder_, kPlenty).is_on());
}

TEST_F(BlobCacheTest, WhatWasNotUsedForLongestGoesFirst) {
  const BlobCache cache(folder_, 3500);
  for (const char* name : {"a", "b", "c"}) {
    store(cache, name, std::string(1000, name[0]));
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  EXPECT_EQ(found(cache, "a"), std::string(1000, 'a'));
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  store(cache, "d", std::string(1000, 'd'));
  EXPECT_EQ(found(cache, "b"), "none");
  EXPECT_EQ(found(cache, "a"), std::string(1000, 'a'));
  EXPECT_EQ(found(cache, "c"), std::string(1000, 'c'));
  EXPECT_EQ(found(cache, "d"), std::string(1000, 'd'));
  store(cache, "large", std::string(5000, 'l'));
  EXPECT_EQ(found(cache, "large"), "none");
  EXPECT_EQ(found(cache, "a"), std::string(1000, 'a'));
}

TEST_F(BlobCacheTest, AWriterThatFailsLeavesNothing) {
  const BlobCache cache(folder_, kPlenty);
  cache.store(key(cache, "a"), [](std::ostream& out) {
    out << "half";
    throw std::runtime_error("no more");
  });
  EXPECT_EQ(found(cache, "a"), "none");
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_), fs::directory_iterator()), 1);  // The secret.
}

TEST_F(BlobCacheTest, KnowsAFileUntilItChanges) {
  const BlobCache cache(folder_, kPlenty);
  struct stat state {};
  ASSERT_EQ(::stat("/proc/self/exe", &state), 0);
  FileIdentity file(state);
  file.changed_s = 1000;
  EXPECT_EQ(cache.find_content(file), std::nullopt);
  cache.remember_content(file, key(cache, "bytes of the file"));
  EXPECT_EQ(cache.find_content(file), key(cache, "bytes of the file"));
  EXPECT_EQ(found(cache, "bytes of the file"), "none");
  for (int64_t FileIdentity::*const time : {&FileIdentity::written_ns, &FileIdentity::changed_s}) {
    FileIdentity changed = file;
    ++(changed.*time);
    EXPECT_EQ(cache.find_content(changed), std::nullopt);
  }
}

TEST_F(BlobCacheTest, DoesNotTrustTheTimesOfAFileThatWasJustWritten) {
  const BlobCache cache(folder_, kPlenty);
  struct stat state {};
  ASSERT_EQ(::stat((folder_ / "secret").c_str(), &state), 0);
  cache.remember_content(FileIdentity(state), key(cache, "a"));
  EXPECT_EQ(cache.find_content(FileIdentity(state)), std::nullopt);
}

TEST_F(BlobCacheTest, OffItKeepsNothing) {
  const BlobCache off({}, kPlenty);
  store(off, "a", "bytes");
  EXPECT_FALSE(off.is_on());
  EXPECT_EQ(found(off, "a"), "none");
  const BlobCache file("/dev/null", kPlenty);
  EXPECT_FALSE(file.is_on());
}

TEST_F(BlobCacheTest, SeveralWritersAndReadersSeeWholeEntries) {
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      const BlobCache cache(folder_, kPlenty);
      for (int i = 0; i < 50; ++i) {
        store(cache, "shared", std::string(20'000, static_cast<char>('a' + t)));
        const std::string text = found(cache, "shared");
        EXPECT_EQ(text.size(), 20'000U);
        EXPECT_EQ(text, std::string(20'000, text[0]));
      }
    });
  for (std::thread& thread : threads)
    thread.join();
}

}  // namespace
}  // namespace cairn
