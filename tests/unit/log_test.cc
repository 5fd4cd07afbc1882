#include "base/log.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

namespace cairn {
namespace {

namespace fs = std::filesystem;

std::string text_below(const fs::path& folder) {
  std::stringstream text;
  for (const auto& entry : fs::recursive_directory_iterator(folder))
    if (entry.is_regular_file()) text << std::ifstream(entry.path()).rdbuf();
  return text.str();
}

/// Settings are read once in a process, so each test runs its code in a child of its own.
class LogTest : public testing::Test {
 protected:
  void SetUp() override {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    folder_ = fs::path(testing::TempDir()) /
              (std::string("cairn_log_") + testing::UnitTest::GetInstance()->current_test_info()->name());
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }
  void settings(const char* level) const {
    setenv("ASCEND_PROCESS_LOG_PATH", folder_.c_str(), 1);
    setenv("ASCEND_GLOBAL_LOG_LEVEL", level, 1);
    unsetenv("ASCEND_SLOG_PRINT_TO_STDOUT");
  }
  fs::path folder_;
};

TEST_F(LogTest, WritesLinesOfTheLevelAndAbove) {
  EXPECT_EXIT(
      {
        settings("2");
        log(LogLevel::kInfo, "APP", "left out {}", 1);
        log(LogLevel::kWarning, "APP", "kept {}", 2);
        log(LogLevel::kError, "APP", "kept {}", 3);
        std::exit(0);
      },
      testing::ExitedWithCode(0), "");
  const std::string text = text_below(folder_);
  EXPECT_EQ(text.find("left out"), std::string::npos);
  EXPECT_NE(text.find("kept 2"), std::string::npos);
  EXPECT_NE(text.find("kept 3"), std::string::npos);
}

TEST_F(LogTest, LevelFourWritesNothing) {
  EXPECT_EXIT(
      {
        settings("4");
        log(LogLevel::kError, "APP", "left out");
        std::exit(log_enabled(LogLevel::kError) ? 1 : 0);
      },
      testing::ExitedWithCode(0), "");
  EXPECT_EQ(text_below(folder_).find("left out"), std::string::npos);
}

TEST_F(LogTest, AnUnreadableLevelCountsAsUnset) {
  EXPECT_EXIT(
      {
        settings("loud");
        std::exit(log_enabled(LogLevel::kError) && !log_enabled(LogLevel::kDebug) ? 0 : 1);
      },
      testing::ExitedWithCode(0), "");
}

TEST_F(LogTest, TheLevelCanBeOverridden) {
  EXPECT_EXIT(
      {
        settings("3");
        set_log_level(LogLevel::kDebug);
        log(LogLevel::kDebug, "APP", "now kept");
        std::exit(0);
      },
      testing::ExitedWithCode(0), "");
  EXPECT_NE(text_below(folder_).find("now kept"), std::string::npos);
}

TEST_F(LogTest, AFolderThatCannotBeWrittenDoesNoHarm) {
  EXPECT_EXIT(
      {
        settings("0");
        setenv("ASCEND_PROCESS_LOG_PATH", "/proc/no/such/folder", 1);
        log(LogLevel::kError, "APP", "nowhere to go");
        std::exit(0);
      },
      testing::ExitedWithCode(0), "");
}

TEST_F(LogTest, LinesOfSeveralThreadsStayWhole) {
  EXPECT_EXIT(
      {
        settings("0");
        std::vector<std::thread> threads;
        for (int t = 0; t < 4; ++t) {
          threads.emplace_back([t] {
            for (int i = 0; i < 200; ++i)
              log(LogLevel::kInfo, "APP", "<{}>", std::string(100, static_cast<char>('a' + t)));
          });
        }
        for (auto& thread : threads)
          thread.join();
        std::exit(0);
      },
      testing::ExitedWithCode(0), "");
  std::istringstream lines(text_below(folder_));
  int whole = 0;
  for (std::string line; std::getline(lines, line);)
    for (char c : {'a', 'b', 'c', 'd'})
      if (line.find("<" + std::string(100, c) + ">") != std::string::npos) ++whole;
  EXPECT_EQ(whole, 800);
}

}  // namespace
}  // namespace cairn
