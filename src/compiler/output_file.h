// A file that appears under its name only when it is complete.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>

#include "base/status.h"

namespace cairn {

/// Writes to a temporary file in the same folder, which commit() renames. Without commit() nothing stays,
/// also when the process is ended by SIGINT, SIGTERM or SIGHUP: the first object installs handlers for them
/// and ignores SIGXFSZ, so that a size limit is an error. One object at a time.
class OutputFile {
 public:
  OutputFile() = default;
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;
  ~OutputFile();

  Status open(const std::filesystem::path& path);
  Status write(std::span<const std::byte> bytes);
  Status commit();

 private:
  Status failed(std::string_view code, std::string_view what) const;

  std::filesystem::path path_;
  std::string temporary_;
  int descriptor_ = -1;
};

/// For signal handlers: takes away the file that is being written.
void remove_unfinished_output();

}  // namespace cairn
