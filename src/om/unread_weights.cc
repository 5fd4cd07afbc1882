#include "om/unread_weights.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <ctime>

#include "acl/acl_mdl.h"
#include "om/om_model.h"

namespace cairn {

FileIdentity::FileIdentity(const struct stat& state)
    : device(state.st_dev),
      inode(state.st_ino),
      bytes(static_cast<uint64_t>(state.st_size)),
      written_s(state.st_mtim.tv_sec),
      written_ns(state.st_mtim.tv_nsec),
      changed_s(state.st_ctim.tv_sec),
      changed_ns(state.st_ctim.tv_nsec) {}

bool FileIdentity::is_settled() const {
  return changed_s + kSettledSeconds < std::time(nullptr);
}

const char* read_bytes(int descriptor, uint64_t offset, std::span<std::byte> place) {
  while (!place.empty()) {
    const ssize_t count = ::pread(descriptor, place.data(), place.size(), static_cast<off_t>(offset));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return std::strerror(errno);
    if (count == 0) return "it became shorter while it was read";
    offset += static_cast<uint64_t>(count);
    place = place.subspan(static_cast<size_t>(count));
  }
  return nullptr;
}

Status UnreadWeights::read() {
  const std::lock_guard lock(mutex_);
  return read_locked();
}

Status UnreadWeights::read_locked() {
  if (!file_) return {};
  if (const char* const reason = read_bytes(file_.get(), offset_, place_))
    return error(ACL_ERROR_GE_EXEC_MODEL_PATH_INVALID, "MDL-003",
                 "the weights of the model file cannot be read: {}", reason);
  file_ = FileDescriptor();
  return {};
}

Status UnreadWeights::read_checked(uint64_t checksum) {
  const std::lock_guard lock(mutex_);
  if (checksum_ == checksum) return {};
  CAIRN_RETURN_IF_ERROR(read_locked());
  if (om_checksum(place_) != checksum)
    return error(ACL_ERROR_GE_EXEC_LOAD_WEIGHT_PARTITION_FAILED, "MDL-001",
                 "the weights in the file have changed since it was loaded; load it again");
  checksum_ = checksum;
  return {};
}

}  // namespace cairn
