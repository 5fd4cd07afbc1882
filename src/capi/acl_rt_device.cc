// acl/acl_rt.h: what the manual does not describe of devices: state, groups, peers, parameters, last errors.
#include <unistd.h>

#include <algorithm>

#include "acl/acl_rt.h"
#include "base/recent_error.h"
#include "capi/entry.h"
#include "capi/stream_entry.h"
#include "device/group_info.h"
#include "device/missing_functions.h"
#include "device/runtime.h"

using cairn::api;
using cairn::api_value;
using cairn::as_timeout;
using cairn::check_soc_has;
using cairn::check_timeout;
using cairn::Context;
using cairn::Device;
using cairn::GroupInfo;
using cairn::handle_table;
using cairn::MemoryUse;
using cairn::null_argument;
using cairn::Ref;
using cairn::Result;
using cairn::Runtime;
using cairn::Status;

namespace {

Result<Ref<GroupInfo>> find_group_info(const aclrtGroupInfo* info) {
  return cairn::find<GroupInfo>(info, "groupInfo", "RT-189");
}

/// The current device, and a bit for another one with which it shall share memory.
struct Peer {
  Device* device;
  uint64_t bit;
};
Result<Peer> find_peer(int32_t peer_id) {
  CAIRN_ASSIGN(Device* const device, Runtime::get().current_device());
  CAIRN_ASSIGN(const Device* const peer, Runtime::get().device(peer_id));
  if (peer == device)
    return cairn::error(ACL_ERROR_RT_PARAM_INVALID, "RT-189",
                        "peerDeviceId = {} is the current device itself; name another one", peer_id);
  return Peer{device, uint64_t{1} << peer->id()};
}

aclError last_error(const char* function, aclrtLastErrLevel level, int (*read)()) {
  if (level == ACL_RT_THREAD_LEVEL) return read();
  return api(function, [&]() -> Status {
    return cairn::error(ACL_ERROR_INVALID_PARAM, "RT-189", "level = {} is not 0 (ACL_RT_THREAD_LEVEL)",
                        static_cast<int>(level));
  });
}

/// Per cent of the device's streams' worth of workers that have something to do now.
int32_t busy_percent(const Device& device) {
  unsigned busy = 0;
  handle_table<cairn::Stream>().for_each([&](cairn::Stream& stream, void*) {
    if (&stream.device() == &device && !stream.is_idle() && !stream.is_parked()) ++busy;
  });
  const unsigned workers = device.worker_count();
  return static_cast<int32_t>(std::min(busy, workers) * 100 / workers);
}

}  // namespace

// --- saturation mode (10.2) ---

aclError aclrtSetDeviceSatMode(aclrtFloatOverflowMode mode) {
  return api("aclrtSetDeviceSatMode", [&]() -> Status {
    CAIRN_RETURN_IF_ERROR(check_soc_has("aclrtSetDeviceSatMode"));
    if (mode != ACL_RT_OVERFLOW_MODE_SATURATION && mode != ACL_RT_OVERFLOW_MODE_INFNAN)
      return cairn::error(ACL_ERROR_INVALID_PARAM, "RT-003",
                          "mode = {} is not 0 (saturation) or 1 (infinity and NaN); 2 is reserved",
                          static_cast<int>(mode));
    CAIRN_ASSIGN(Device* const device, Runtime::get().current_device());
    device->saturation_mode.store(mode);
    return {};
  });
}

aclError aclrtGetDeviceSatMode(aclrtFloatOverflowMode* mode) {
  return api("aclrtGetDeviceSatMode", [&]() -> Status {
    if (mode == nullptr) return null_argument("RT-007", "mode");
    CAIRN_RETURN_IF_ERROR(check_soc_has("aclrtGetDeviceSatMode"));
    CAIRN_ASSIGN(const Device* const device, Runtime::get().current_device());
    *mode = static_cast<aclrtFloatOverflowMode>(device->saturation_mode.load());
    return {};
  });
}

// --- state ---

aclError aclrtQueryDeviceStatus(int32_t deviceId, aclrtDeviceStatus* deviceStatus) {
  return api("aclrtQueryDeviceStatus", [&]() -> Status {
    if (deviceStatus == nullptr) return null_argument("RT-011", "deviceStatus");
    CAIRN_RETURN_IF_ERROR(Runtime::get().device(deviceId).status());
    *deviceStatus = ACL_RT_DEVICE_STATUS_NORMAL;  // It is software; a device that is broken ends the process.
    return {};
  });
}

aclError aclrtGetDeviceUtilizationRate(int32_t deviceId, aclrtUtilizationInfo* utilizationInfo) {
  return api("aclrtGetDeviceUtilizationRate", [&]() -> Status {
    if (utilizationInfo == nullptr) return null_argument("RT-011", "utilizationInfo");
    CAIRN_ASSIGN(const Device* const device, Runtime::get().device(deviceId));
    const int32_t busy = busy_percent(*device);
    const MemoryUse use = device->memory() != nullptr ? device->memory()->use() : MemoryUse{1, 1};
    // One kind of worker does the work of all kinds of cores.
    utilizationInfo->cubeUtilization = busy;
    utilizationInfo->vectorUtilization = busy;
    utilizationInfo->aicpuUtilization = busy;
    utilizationInfo->memoryUtilization =
        static_cast<int32_t>((use.total_bytes - use.free_bytes) * 100 / use.total_bytes);
    return {};
  });
}

aclError aclrtDeviceGetBareTgid(int32_t* pid) {
  return api("aclrtDeviceGetBareTgid", [&]() -> Status {
    if (pid == nullptr) return null_argument("RT-189", "pid");
    *pid = ::getpid();
    return {};
  });
}

aclError aclrtResetDeviceForce(int32_t deviceId) {
  return api("aclrtResetDeviceForce", [&] { return Runtime::get().reset_device_by_force(deviceId); });
}

aclError aclrtSynchronizeDeviceWithTimeout(int32_t timeout) {
  return api("aclrtSynchronizeDeviceWithTimeout", [&]() -> Status {
    CAIRN_RETURN_IF_ERROR(check_timeout(timeout, "RT-097"));
    return Runtime::get().synchronize_device(as_timeout(timeout));
  });
}

aclError aclrtDeviceTaskAbort(int32_t deviceId, uint32_t timeout) {
  return api("aclrtDeviceTaskAbort", [&] {  // 0: for ever.
    std::optional<std::chrono::milliseconds> most;
    if (timeout != 0) most = std::chrono::milliseconds(timeout);
    return Runtime::get().abort_device_tasks(deviceId, most);
  });
}

// --- time of operators (10.9.3) ---

aclError aclrtSetOpExecuteTimeOut(uint32_t timeout) {
  return api("aclrtSetOpExecuteTimeOut", [&]() -> Status {
    constexpr uint32_t kMilliseconds = 1000;
    return Runtime::get().set_op_execute_timeout(uint64_t{timeout} * kMilliseconds);
  });
}

aclError aclrtSetOpExecuteTimeOutWithMs(uint32_t timeout) {
  return api("aclrtSetOpExecuteTimeOutWithMs",
             [&] { return Runtime::get().set_op_execute_timeout(timeout); });
}

// --- groups ---

aclError aclrtSetGroup(int32_t groupId) {
  return api("aclrtSetGroup", [&]() -> Status {
    CAIRN_RETURN_IF_ERROR(Runtime::get().current_context().status());
    if (groupId >= 0 && static_cast<uint32_t>(groupId) < GroupInfo::kGroups) return {};
    return cairn::error(ACL_ERROR_RT_GROUP_NOT_CREATE, "APP-040",
                        "groupId = {}; the device has {} group(s), from 0", groupId, GroupInfo::kGroups);
  });
}

aclError aclrtGetGroupCount(uint32_t* count) {
  return api("aclrtGetGroupCount", [&]() -> Status {
    if (count == nullptr) return null_argument("RT-189", "count");
    CAIRN_RETURN_IF_ERROR(Runtime::get().current_context().status());
    *count = GroupInfo::kGroups;
    return {};
  });
}

aclrtGroupInfo* aclrtCreateGroupInfo() {
  return api_value<aclrtGroupInfo*>("aclrtCreateGroupInfo", nullptr, []() -> Result<aclrtGroupInfo*> {
    const auto inserted = handle_table<GroupInfo>().insert(std::make_unique<GroupInfo>());
    if (!inserted) return cairn::error(ACL_ERROR_BAD_ALLOC, "RT-189", "too many group informations exist");
    return static_cast<aclrtGroupInfo*>(inserted.handle());
  });
}

aclError aclrtDestroyGroupInfo(aclrtGroupInfo* groupInfo) {
  return api("aclrtDestroyGroupInfo", [&]() -> Status {
    if (handle_table<GroupInfo>().remove(groupInfo)) return {};
    return find_group_info(groupInfo).status();
  });
}

aclError aclrtGetAllGroupInfo(aclrtGroupInfo* groupInfo) {
  return api("aclrtGetAllGroupInfo", [&]() -> Status {
    CAIRN_ASSIGN(const Ref<GroupInfo> found, find_group_info(groupInfo));
    CAIRN_ASSIGN(const Device* const device, Runtime::get().current_device());
    found->fill(device->soc());
    return {};
  });
}

aclError aclrtGetGroupInfoDetail(const aclrtGroupInfo* groupInfo, int32_t groupIndex, aclrtGroupAttr attr,
                                 void* attrValue, size_t valueLen, size_t* paramRetSize) {
  return api("aclrtGetGroupInfoDetail", [&]() -> Status {
    CAIRN_RETURN_IF_ERROR(check_soc_has("aclrtGetGroupInfoDetail"));
    CAIRN_ASSIGN(const Ref<GroupInfo> found, find_group_info(groupInfo));
    if (attrValue == nullptr || paramRetSize == nullptr)
      return null_argument("RT-189", attrValue == nullptr ? "attrValue" : "paramRetSize");
    CAIRN_ASSIGN(const int32_t value, found->value(groupIndex, attr));
    if (valueLen < sizeof value)
      return cairn::error(ACL_ERROR_INVALID_PARAM, "RT-189", "valueLen = {}; the value has {} bytes",
                          valueLen, sizeof value);
    *static_cast<int32_t*>(attrValue) = value;
    *paramRetSize = sizeof value;
    return {};
  });
}

// --- peers ---

aclError aclrtDeviceCanAccessPeer(int32_t* canAccessPeer, int32_t deviceId, int32_t peerDeviceId) {
  return api("aclrtDeviceCanAccessPeer", [&]() -> Status {
    if (canAccessPeer == nullptr) return null_argument("RT-189", "canAccessPeer");
    CAIRN_ASSIGN(const Device* const device, Runtime::get().device(deviceId));
    CAIRN_ASSIGN(const Device* const peer, Runtime::get().device(peerDeviceId));
    *canAccessPeer = device != peer ? 1 : 0;
    return {};
  });
}

aclError aclrtDeviceEnablePeerAccess(int32_t peerDeviceId, uint32_t flags) {
  return api("aclrtDeviceEnablePeerAccess", [&]() -> Status {
    if (flags != 0)
      return cairn::error(ACL_ERROR_INVALID_PARAM, "RT-189", "flags = {} is reserved and must be 0", flags);
    CAIRN_ASSIGN(const Peer peer, find_peer(peerDeviceId));
    peer.device->enabled_peers.fetch_or(peer.bit);
    return {};
  });
}

aclError aclrtDeviceDisablePeerAccess(int32_t peerDeviceId) {
  return api("aclrtDeviceDisablePeerAccess", [&]() -> Status {
    CAIRN_ASSIGN(const Peer peer, find_peer(peerDeviceId));
    if ((peer.device->enabled_peers.fetch_and(~peer.bit) & peer.bit) != 0) return {};
    return cairn::error(ACL_ERROR_RT_PARAM_INVALID, "RT-189",
                        "access to device {} was not enabled by aclrtDeviceEnablePeerAccess", peerDeviceId);
  });
}

// --- parameters ---

aclError aclrtCtxSetSysParamOpt(aclSysParamOpt opt, int64_t value) {
  return api("aclrtCtxSetSysParamOpt", [&]() -> Status {
    CAIRN_ASSIGN(const Ref<Context> context, Runtime::get().current_context());
    return context->system_parameters.set(opt, value);
  });
}

aclError aclrtCtxGetSysParamOpt(aclSysParamOpt opt, int64_t* value) {
  return api("aclrtCtxGetSysParamOpt", [&]() -> Status {
    if (value == nullptr) return null_argument("RT-189", "value");
    CAIRN_ASSIGN(const Ref<Context> context, Runtime::get().current_context());
    CAIRN_ASSIGN(*value, context->system_parameters.get(opt));
    return {};
  });
}

aclError aclrtSetSysParamOpt(aclSysParamOpt opt, int64_t value) {
  return api("aclrtSetSysParamOpt", [&] { return Runtime::get().system_parameters().set(opt, value); });
}

aclError aclrtGetSysParamOpt(aclSysParamOpt opt, int64_t* value) {
  return api("aclrtGetSysParamOpt", [&]() -> Status {
    if (value == nullptr) return null_argument("RT-189", "value");
    CAIRN_ASSIGN(*value, Runtime::get().system_parameters().get(opt));
    return {};
  });
}

// --- the last error of this thread; asking is no error by itself ---

aclError aclrtPeekAtLastError(aclrtLastErrLevel level) {
  return last_error("aclrtPeekAtLastError", level, cairn::peek_last_error);
}

aclError aclrtGetLastError(aclrtLastErrLevel level) {
  return last_error("aclrtGetLastError", level, cairn::take_last_error);
}
