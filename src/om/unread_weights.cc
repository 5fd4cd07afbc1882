#include "om/unread_weights.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <ctime>

#include "acl/acl_mdl.h"

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

UnreadWeights::~UnreadWeights() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

Status UnreadWeights::read() {
  const std::lock_guard lock(mutex_);
  if (descriptor_ < 0) return {};
  CAIRN_RETURN_IF_ERROR(read_all());
  ::close(descriptor_);
  descriptor_ = -1;
  return {};
}

Status UnreadWeights::read_all() const {
  const auto failed = [](const char* reason) {
    return error(ACL_ERROR_GE_EXEC_MODEL_PATH_INVALID, "MDL-003",
                 "the weights of the model file cannot be read: {}", reason);
  };
  for (size_t done = 0; done < place_.size();) {
    const ssize_t count =
        ::pread(descriptor_, place_.data() + done, place_.size() - done, static_cast<off_t>(offset_ + done));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return failed(std::strerror(errno));
    if (count == 0) return failed("it became shorter while it was read");
    done += static_cast<size_t>(count);
  }
  return {};
}

}  // namespace cairn
