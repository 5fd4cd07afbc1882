#include "compiler/output_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstring>

#include "compiler/compile_error.h"

namespace cairn {
namespace {

constexpr std::array kEndingSignals = {SIGINT, SIGTERM, SIGHUP};

// Read by the signal handler: a path and whether it is in use.
std::array<char, PATH_MAX + 16> unfinished_path{};
std::atomic<bool> is_unfinished{false};

extern "C" void remove_unfinished(int signal) {
  remove_unfinished_output();
  std::signal(signal, SIG_DFL);
  std::raise(signal);
}

void install_handlers() {
  static const bool installed = [] {
    for (const int signal : kEndingSignals) {
      struct sigaction old {};
      ::sigaction(signal, nullptr, &old);
      if (old.sa_handler == SIG_DFL) std::signal(signal, remove_unfinished);
    }
    std::signal(SIGXFSZ, SIG_IGN);
    return true;
  }();
  static_cast<void>(installed);
}

}  // namespace

void remove_unfinished_output() {
  if (is_unfinished.exchange(false)) ::unlink(unfinished_path.data());
}

OutputFile::~OutputFile() {
  if (descriptor_ < 0) return;
  ::close(descriptor_);
  ::unlink(temporary_.c_str());
  is_unfinished = false;
}

Status OutputFile::failed(std::string_view code, std::string_view what) const {
  return compile_error(code, {path_.string(), what});
}

Status OutputFile::open(const std::filesystem::path& path) {
  path_ = path;
  temporary_ = fmt::format("{}.{}.part", path.string(), ::getpid());
  if (temporary_.size() >= unfinished_path.size()) return failed("E19001", std::strerror(ENAMETOOLONG));
  install_handlers();
  std::fill(std::copy(temporary_.begin(), temporary_.end(), unfinished_path.begin()), unfinished_path.end(),
            '\0');
  is_unfinished = true;
  descriptor_ = ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (descriptor_ >= 0) return {};
  Status status = failed("E19001", std::strerror(errno));
  is_unfinished = false;
  return status;
}

Status OutputFile::write(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t written =
        ::write(descriptor_, bytes.data(), std::min<size_t>(bytes.size(), size_t{1} << 30));
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return failed("E19004", std::strerror(errno));
    bytes = bytes.subspan(static_cast<size_t>(written));
  }
  return {};
}

Status OutputFile::commit() {
  // Some file systems report a full disk only now.
  if (::fsync(descriptor_) != 0 && errno != EINVAL) return failed("E19004", std::strerror(errno));
  if (::rename(temporary_.c_str(), path_.c_str()) != 0) return failed("E19004", std::strerror(errno));
  is_unfinished = false;
  ::close(descriptor_);
  descriptor_ = -1;
  return {};
}

}  // namespace cairn
