#include "base/plog_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <regex>
#include <set>

namespace cairn {
namespace {

namespace fs = std::filesystem;

std::string line_of(size_t letters, char letter) {
  return fmt::format("{}\n", std::string(letters, letter));
}

class PlogFileTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::path(testing::TempDir()) /
              (std::string("cairn_plog_") + testing::UnitTest::GetInstance()->current_test_info()->name());
    fs::remove_all(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }
  std::set<fs::path> files() const {
    std::set<fs::path> found;
    if (fs::exists(folder_))
      for (const auto& entry : fs::directory_iterator(folder_))
        found.insert(entry.path());
    return found;
  }
  std::string text() const {
    std::string all;
    for (const fs::path& path : files()) {
      std::ifstream file(path);
      all.append(std::istreambuf_iterator<char>(file), {});
    }
    return all;
  }
  fs::path folder_;
};

TEST_F(PlogFileTest, MakesNothingBeforeTheFirstLine) {
  const PlogFile file(folder_.string(), {1000, 3});
  EXPECT_FALSE(fs::exists(folder_));
}

TEST_F(PlogFileTest, NamesAFileAfterProcessAndTime) {
  PlogFile file(folder_.string(), {1000, 3});
  EXPECT_TRUE(file.write("line\n"));
  ASSERT_EQ(files().size(), 1U);
  const std::string name = files().begin()->filename().string();
  const std::regex pattern(fmt::format(R"(plog-{}_\d{{17}}\.log)", ::getpid()));
  EXPECT_TRUE(std::regex_match(name, pattern)) << name;
}

TEST_F(PlogFileTest, BeginsTheNextFileWhenOneIsFullAndDeletesTheOldest) {
  PlogFile file(folder_.string(), {100, 2});
  for (char c = 'a'; c <= 'h'; ++c)
    EXPECT_TRUE(file.write(line_of(40, c)));
  EXPECT_EQ(files().size(), 2U);
  std::string expected;
  for (char c = 'e'; c <= 'h'; ++c)
    expected += line_of(40, c);
  EXPECT_EQ(text(), expected);
}

TEST_F(PlogFileTest, WritesALineThatIsLongerThanAFile) {
  PlogFile file(folder_.string(), {10, 2});
  EXPECT_TRUE(file.write(line_of(50, 'a')));
  EXPECT_TRUE(file.write(line_of(50, 'b')));
  EXPECT_EQ(text(), line_of(50, 'a') + line_of(50, 'b'));
}

TEST_F(PlogFileTest, WritesToNoFileOfTheProgramThatHasTheSameNumber) {
  PlogFile file(folder_.string(), {1000, 3});
  ASSERT_TRUE(file.write("one\n"));
  // What a program does that closes all descriptors and goes on with files of its own.
  const fs::path own = fs::path(testing::TempDir()) / "cairn_plog_own";
  const int fresh = ::open(own.c_str(), O_RDWR | O_CREAT | O_TRUNC, 0600);
  for (int descriptor = 3; descriptor < 1024; ++descriptor) {
    char path[4096];
    const std::string link = "/proc/self/fd/" + std::to_string(descriptor);
    const ssize_t length = ::readlink(link.c_str(), path, sizeof path);
    if (length > 0 && std::string(path, static_cast<size_t>(length)).starts_with(folder_.string()))
      ::dup2(fresh, descriptor);
  }
  EXPECT_TRUE(file.write("two\n"));
  EXPECT_EQ(fs::file_size(own), 0U);
  EXPECT_EQ(text(), "one\ntwo\n");
  ::close(fresh);
  fs::remove(own);
}

TEST_F(PlogFileTest, AChildOfAForkWritesAFileOfItsOwn) {
  PlogFile file(folder_.string(), {1000, 3});
  ASSERT_TRUE(file.write("parent\n"));
  const pid_t child = ::fork();
  if (child == 0) ::_exit(file.write("child\n") ? 0 : 1);
  int status = -1;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  EXPECT_EQ(files().size(), 2U);
  EXPECT_TRUE(file.write("parent again\n"));
  EXPECT_EQ(files().size(), 2U);
}

TEST_F(PlogFileTest, TellsWhyALineIsLost) {
  PlogFile file("/proc/no/such/folder", {1000, 3});
  EXPECT_FALSE(file.write("line\n"));
  EXPECT_FALSE(file.problem().empty());
  EXPECT_FALSE(file.write("line\n"));
}

}  // namespace
}  // namespace cairn
