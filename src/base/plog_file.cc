#include "base/plog_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <ctime>
#include <utility>

#include "base/environment.h"

namespace cairn {
namespace {

void make_directories(const std::string& path) {
  for (size_t end = path.find('/', 1); end != std::string::npos; end = path.find('/', end + 1))
    ::mkdir(path.substr(0, end).c_str(), 0750);
  ::mkdir(path.c_str(), 0750);
}

}  // namespace

std::string plog_directory() {
  if (std::string path = environment_string("ASCEND_PROCESS_LOG_PATH"); !path.empty()) return path;
  if (const std::string path = environment_string("ASCEND_WORK_PATH"); !path.empty()) return path + "/log";
  const std::string home = environment_string("HOME");
  return (home.empty() ? "/tmp" : home) + "/ascend/log";
}

std::string log_time(const char* format, std::string_view fraction) {
  const auto now = std::chrono::system_clock::now();
  const std::time_t seconds = std::chrono::system_clock::to_time_t(now);
  std::tm parts{};
  localtime_r(&seconds, &parts);
  char text[64];
  std::string result(text, std::strftime(text, sizeof text, format, &parts));
  const auto micros =
      std::chrono::duration_cast<std::chrono::microseconds>(now.time_since_epoch()).count() % 1000000;
  return result + fmt::format(fmt::runtime(fraction), micros / 1000, micros % 1000);
}

PlogFile::~PlogFile() {
  close();
}

void PlogFile::close() {
  if (file_ >= 0 && is_ours()) ::close(file_);
  file_ = -1;
}

bool PlogFile::is_ours() const {
  struct stat about {};
  return ::fstat(file_, &about) == 0 && about.st_dev == device_ && about.st_ino == inode_;
}

bool PlogFile::open_next() {
  if (pid_ != ::getpid()) {  // After a fork the parent's files are no business of the child.
    pid_ = ::getpid();
    paths_.clear();
  }
  if (paths_.empty()) make_directories(directory_);
  for (int attempt = 0; attempt < 100; ++attempt) {
    std::string path = fmt::format("{}/plog-{}_{}.log", directory_, pid_, log_time("%Y%m%d%H%M%S", "{:03}"));
    file_ = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0640);
    if (file_ >= 0) {
      struct stat about {};
      (void)::fstat(file_, &about);
      device_ = about.st_dev;
      inode_ = about.st_ino;
      bytes_ = 0;
      paths_.push_back(std::move(path));
      for (; paths_.size() > limits_.files; paths_.pop_front())
        ::unlink(paths_.front().c_str());
      return true;
    }
    if (errno != EEXIST) break;
    ::usleep(1000);  // The name of this millisecond is taken.
  }
  problem_ = std::strerror(errno);
  // A full disk may have room again, and a limit of open files may be over.
  gave_up_ = errno != ENOSPC && errno != EMFILE && errno != ENFILE;
  return false;
}

bool PlogFile::write(std::string_view line) {
  if (gave_up_) return false;
  const bool is_open = file_ >= 0 && pid_ == ::getpid() && is_ours();
  if (!is_open || (bytes_ > 0 && bytes_ + line.size() > limits_.file_bytes)) {
    close();
    if (!open_next()) return false;
  }
  // One write per line, so that lines of processes that share a file do not mix.
  ssize_t written = ::write(file_, line.data(), line.size());
  if (written >= 0 && static_cast<size_t>(written) < line.size()) {
    const auto done = static_cast<size_t>(written);
    const ssize_t rest = ::write(file_, line.data() + done, line.size() - done);
    written = rest >= 0 && done + static_cast<size_t>(rest) == line.size() ? written + rest : -1;
  }
  if (written < 0) {
    problem_ = std::strerror(errno);
    (void)!::ftruncate(file_, static_cast<off_t>(bytes_));  // Whole lines only.
    return false;
  }
  bytes_ += line.size();
  return true;
}

}  // namespace cairn
