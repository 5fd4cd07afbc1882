#include "om/mapped_file.h"

#include <sys/mman.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "base/file_descriptor.h"

namespace cairn {

MappedFile::MappedFile(MappedFile&& other) noexcept : bytes_(std::exchange(other.bytes_, {})) {}

MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
  std::swap(bytes_, other.bytes_);
  return *this;
}

MappedFile::~MappedFile() {
  if (!bytes_.empty()) ::munmap(const_cast<std::byte*>(bytes_.data()), bytes_.size());
}

MappedFile MappedFile::open(const std::filesystem::path& path, std::string& reason) {
  MappedFile file;
  const FileDescriptor opened(path);
  struct stat info {};
  if (!opened || ::fstat(opened.get(), &info) != 0) {
    reason = std::strerror(errno);
  } else if (!S_ISREG(info.st_mode)) {
    reason = S_ISDIR(info.st_mode) ? "it is a folder" : "it is no regular file";
  } else if (info.st_size == 0) {
    reason = "it is empty";
  } else {
    void* memory =
        ::mmap(nullptr, static_cast<size_t>(info.st_size), PROT_READ, MAP_PRIVATE, opened.get(), 0);
    if (memory == MAP_FAILED)
      reason = std::strerror(errno);
    else
      file.bytes_ = {static_cast<const std::byte*>(memory), static_cast<size_t>(info.st_size)};
  }
  return file;
}

}  // namespace cairn
