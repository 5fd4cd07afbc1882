// The log files of one process and one kind: DIRECTORY/plog-<pid>_<YYYYMMDDhhmmssmmm>.log.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <deque>
#include <string>
#include <string_view>

namespace cairn {

/// Where the folders debug/plog and run/plog are: $ASCEND_PROCESS_LOG_PATH, $ASCEND_WORK_PATH/log or
/// $HOME/ascend/log.
std::string plog_directory();

/// The local time by strftime's `format`, then milliseconds and microseconds by {fmt}'s `fraction`.
std::string log_time(const char* format, std::string_view fraction);

/// Appends lines; begins the next file when one is full and deletes the oldest. The first file is opened with
/// the first line: a process that logs nothing leaves none. A child of a fork writes files of its own. Not
/// thread-safe.
class PlogFile {
 public:
  struct Limits {
    size_t file_bytes;
    size_t files;
  };
  PlogFile(std::string directory, Limits limits) : directory_(std::move(directory)), limits_(limits) {}
  PlogFile(const PlogFile&) = delete;
  PlogFile& operator=(const PlogFile&) = delete;
  ~PlogFile();

  /// False if the line is lost; problem() then says why. Later lines are tried again, but a directory that
  /// cannot be made or written is not.
  bool write(std::string_view line);
  const std::string& problem() const { return problem_; }

 private:
  bool open_next();
  void close();
  /// False if the program has closed our descriptor, and may have opened a file of its own with that number.
  bool is_ours() const;

  const std::string directory_;
  const Limits limits_;
  std::deque<std::string> paths_;  ///< Oldest first, the open one last.
  int file_ = -1;
  dev_t device_ = 0;
  ino_t inode_ = 0;
  pid_t pid_ = 0;
  size_t bytes_ = 0;
  bool gave_up_ = false;
  std::string problem_;
};

}  // namespace cairn
