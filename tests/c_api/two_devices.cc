// What needs a second device: copies between devices, peers, memory of another device, a reset by force. Runs
// with CAIRN_DEVICES=2.
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "acl/acl.h"

namespace {

void check(bool is_true, const char* text) {
  if (is_true) return;
  const char* message = aclGetRecentErrMsg();
  std::fprintf(stderr, "not true: %s: %s\n", text, message != nullptr ? message : "no message");
  std::_Exit(1);
}
#define EXPECT(condition) check((condition), #condition)
#define CHECK(call) check((call) == ACL_SUCCESS, #call)

constexpr size_t kSize = 4096;

void* filled(int value) {
  void* memory = nullptr;
  CHECK(aclrtMalloc(&memory, kSize, ACL_MEM_MALLOC_HUGE_FIRST_P2P));
  CHECK(aclrtMemset(memory, kSize, value, kSize));
  return memory;
}

int first_byte(const void* memory) {
  unsigned char byte = 0;
  CHECK(aclrtMemcpy(&byte, 1, memory, 1, ACL_MEMCPY_DEVICE_TO_HOST));
  return byte;
}

void copy_between(void* first, void* second) {
  CHECK(aclrtMemcpy(second, kSize, first, kSize, ACL_MEMCPY_DEVICE_TO_DEVICE));
  EXPECT(first_byte(second) == 1);
  CHECK(aclrtMemset(second, kSize, 2, kSize));
  CHECK(aclrtMemcpyAsync(first, kSize, second, kSize, ACL_MEMCPY_DEVICE_TO_DEVICE, nullptr));
  CHECK(aclrtSynchronizeStream(nullptr));
  EXPECT(first_byte(first) == 2);
}

void use_peers() {
  int32_t can = -1;
  CHECK(aclrtDeviceCanAccessPeer(&can, 0, 1));
  EXPECT(can == 1);
  CHECK(aclrtDeviceCanAccessPeer(&can, 1, 1));
  EXPECT(can == 0);
  EXPECT(aclrtDeviceCanAccessPeer(&can, 0, 2) == ACL_ERROR_RT_INVALID_DEVICEID);
  EXPECT(aclrtDeviceCanAccessPeer(nullptr, 0, 1) == ACL_ERROR_INVALID_PARAM);
  CHECK(aclrtDeviceEnablePeerAccess(0, 0));
  CHECK(aclrtDeviceEnablePeerAccess(0, 0));
  EXPECT(aclrtDeviceEnablePeerAccess(0, 1) != ACL_SUCCESS);
  EXPECT(aclrtDeviceEnablePeerAccess(1, 0) != ACL_SUCCESS);  // The current device.
  CHECK(aclrtDeviceDisablePeerAccess(0));
  EXPECT(aclrtDeviceDisablePeerAccess(0) != ACL_SUCCESS);
}

void allocate_on_the_other() {
  aclrtMallocAttribute attribute;
  attribute.attr = ACL_RT_MEM_ATTR_DEVICE_ID;
  attribute.value.deviceId = 0;
  aclrtMallocConfig config = {&attribute, 1};
  void* memory = nullptr;
  CHECK(aclrtMallocWithCfg(&memory, kSize, ACL_MEM_MALLOC_HUGE_FIRST, &config));
  aclrtPtrAttributes where;
  CHECK(aclrtPointerGetAttributes(memory, &where));
  EXPECT(where.location.id == 0 && where.location.type == ACL_MEM_LOCATION_TYPE_DEVICE);
  CHECK(aclrtFree(memory));
}

}  // namespace

int main() {
  CHECK(aclInit(nullptr));
  CHECK(aclrtSetDevice(0));
  void* first = filled(1);
  CHECK(aclrtSetDevice(1));
  CHECK(aclrtSetDevice(1));
  void* second = filled(0);
  copy_between(first, second);
  use_peers();
  allocate_on_the_other();
  void* range = nullptr;
  constexpr size_t kPage = size_t{2} << 20;
  CHECK(aclrtReserveMemAddress(&range, kPage, 0, nullptr, 0));
  aclrtPhysicalMemProp prop;
  std::memset(&prop, 0, sizeof prop);
  prop.location.type = ACL_MEM_LOCATION_TYPE_DEVICE;
  aclrtDrvMemHandle memory = nullptr;
  CHECK(aclrtMallocPhysical(&memory, kPage, &prop, 0));  // Of device 0.
  EXPECT(aclrtMapMem(range, kPage, 0, memory, 0) != ACL_SUCCESS);
  CHECK(aclrtFreePhysical(memory));
  prop.location.id = 1;
  CHECK(aclrtMallocPhysical(&memory, kPage, &prop, 0));
  CHECK(aclrtMapMem(range, kPage, 0, memory, 0));
  CHECK(aclrtMemset(range, kPage, 1, kPage));
  CHECK(aclrtResetDeviceForce(1));  // Whatever the number of uses, and with memory mapped.
  EXPECT(aclrtMemset(second, kSize, 0, kSize) != ACL_SUCCESS);
  EXPECT(aclrtMemset(range, kSize, 0, kSize) != ACL_SUCCESS);
  EXPECT(aclrtResetDeviceForce(1) != ACL_SUCCESS);
  EXPECT(first_byte(first) == 2);
  CHECK(aclrtSetDevice(1));
  EXPECT(aclrtMapMem(range, kPage, 0, memory, 0) != ACL_SUCCESS);  // The memory ended with the device.
  CHECK(aclrtFreePhysical(memory));
  size_t free_bytes = 0;
  size_t total = 0;
  CHECK(aclrtGetMemInfo(ACL_DDR_MEM, &free_bytes, &total));
  EXPECT(free_bytes == total);
  CHECK(aclFinalize());
  return 0;
}
