// A C++ program as a user writes it: media memory, a stream, and both libraries of the toolkit.
#include <cstdio>
#include <memory>

#include "acl/acl.h"
#include "acl/ops/acl_dvpp.h"

namespace {

bool succeeded(aclError status, const char* what) {
  if (status == ACL_SUCCESS) return true;
  const char* text = aclGetRecentErrMsg();
  std::fprintf(stderr, "%s: %d %s\n", what, status, text != nullptr ? text : "");
  return false;
}

bool fill_media_memory() {
  void* memory = nullptr;
  if (!succeeded(acldvppMalloc(&memory, 4096), "acldvppMalloc")) return false;
  const std::unique_ptr<void, aclError (*)(void*)> owner(memory, acldvppFree);
  aclrtStream stream = nullptr;
  if (!succeeded(aclrtCreateStream(&stream), "aclrtCreateStream")) return false;
  return succeeded(aclrtMemsetAsync(memory, 4096, 7, 4096, stream), "aclrtMemsetAsync") &&
         succeeded(aclrtSynchronizeStream(stream), "aclrtSynchronizeStream") &&
         succeeded(aclrtDestroyStream(stream), "aclrtDestroyStream");
}

}  // namespace

int main() {
  if (!succeeded(aclInit(nullptr), "aclInit") || !succeeded(aclrtSetDevice(0), "aclrtSetDevice")) return 1;
  if (!fill_media_memory()) return 1;
  if (!succeeded(aclrtResetDevice(0), "aclrtResetDevice") || !succeeded(aclFinalize(), "aclFinalize"))
    return 1;
  std::puts("media is right");
}
