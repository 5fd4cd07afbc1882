// acl/acl.h: initialisation, version, error text.
#include "acl/acl.h"

#include "base/recent_error.h"
#include "capi/entry.h"
#include "device/runtime.h"
#include "kernel/kernel_registry.h"

using cairn::api;
using cairn::null_argument;
using cairn::Runtime;
using cairn::Status;

namespace {

// The interface version, A.B.C as in [SYS-025].
constexpr int32_t kMajor = 1;
constexpr int32_t kMinor = 14;
constexpr int32_t kPatch = 0;

// The packages whose interfaces the headers are (spec/c-api.json).
constexpr aclCANNPackageVersion kPackages = {"8.1.RC1", "8", "1", "RC1", "", {}};

}  // namespace

aclError aclInit(const char* configPath) {
  return api("aclInit", [&] { return Runtime::get().initialize(configPath); });
}

aclError aclFinalize() {
  return api("aclFinalize", [&]() -> Status {
    cairn::KernelRegistry& kernels = cairn::KernelRegistry::get();  // First: it may need memory.
    CAIRN_RETURN_IF_ERROR(Runtime::get().finalize());
    kernels.clear();
    return {};
  });
}

aclError aclrtGetVersion(int32_t* majorVersion, int32_t* minorVersion, int32_t* patchVersion) {
  return api("aclrtGetVersion", [&]() -> Status {
    if (!majorVersion || !minorVersion || !patchVersion)
      return null_argument("SYS-025", "a version argument");
    *majorVersion = kMajor;
    *minorVersion = kMinor;
    *patchVersion = kPatch;
    return {};
  });
}

const char* aclrtGetSocName() {
  // The names of profiles are literals, so they end with a null.
  return cairn::api_value<const char*>("aclrtGetSocName", nullptr, []() -> cairn::Result<const char*> {
    return Runtime::get().soc().name.data();
  });
}

aclError aclsysGetCANNVersion(aclCANNPackageName name, aclCANNPackageVersion* version) {
  return api("aclsysGetCANNVersion", [&]() -> Status {
    if (version == nullptr) return null_argument("SYS-025", "version");
    switch (name) {
      case ACL_PKG_NAME_CANN:
      case ACL_PKG_NAME_RUNTIME:
      case ACL_PKG_NAME_COMPILER:
      case ACL_PKG_NAME_TOOLKIT:
      case ACL_PKG_NAME_OPP:
        *version = kPackages;
        return {};
      case ACL_PKG_NAME_HCCL:
      case ACL_PKG_NAME_OPP_KERNEL:
      case ACL_PKG_NAME_DRIVER:
        return cairn::error(ACL_ERROR_INVALID_FILE, "SYS-025", "package {} is not installed",
                            static_cast<int>(name));
    }
    return cairn::error(ACL_ERROR_INVALID_PARAM, "SYS-025", "name = {} is no aclCANNPackageName",
                        static_cast<int>(name));
  });
}

const char* aclGetRecentErrMsg() {
  return cairn::take_recent_error();
}
