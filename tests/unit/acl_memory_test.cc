// Memory through the public C header: what no Python function reaches.
#include <sys/mman.h>

#include <cstring>
#include <numeric>

#include "acl/acl.h"
#include "runtime_fixture.h"

namespace cairn {
namespace {

constexpr size_t kPage = size_t{2} << 20;

class AclMemoryTest : public test::RuntimeTest {
 protected:
  static void* device_memory(size_t size, aclrtMemMallocPolicy policy = ACL_MEM_MALLOC_HUGE_FIRST) {
    void* pointer = nullptr;
    EXPECT_EQ(aclrtMalloc(&pointer, size, policy), ACL_SUCCESS);
    return pointer;
  }
  static std::vector<uint8_t> read(const void* pointer, size_t size) {
    std::vector<uint8_t> data(size);
    EXPECT_EQ(aclrtMemcpy(data.data(), size, pointer, size, ACL_MEMCPY_DEVICE_TO_HOST), ACL_SUCCESS);
    return data;
  }
  static void write(void* pointer, const std::vector<uint8_t>& data) {
    EXPECT_EQ(aclrtMemcpy(pointer, data.size(), data.data(), data.size(), ACL_MEMCPY_HOST_TO_DEVICE),
              ACL_SUCCESS);
  }
  static std::vector<uint8_t> numbers(size_t size) {
    std::vector<uint8_t> data(size);
    std::iota(data.begin(), data.end(), uint8_t{1});
    return data;
  }
  static size_t free_bytes(aclrtMemAttr attribute = ACL_DDR_MEM) {
    size_t free = 0;
    size_t total = 0;
    EXPECT_EQ(aclrtGetMemInfo(attribute, &free, &total), ACL_SUCCESS);
    return free;
  }
};

TEST_F(AclMemoryTest, MallocAlign32AddsNothingToTheRoundedSize) {
  void* pointer = nullptr;
  ASSERT_EQ(aclrtMallocAlign32(&pointer, 4065, ACL_MEM_MALLOC_HUGE_FIRST), ACL_SUCCESS);
  EXPECT_EQ(aclrtMemset(pointer, 4096, 1, 4096), ACL_SUCCESS);
  EXPECT_NE(aclrtMemset(pointer, 4097, 1, 4097), ACL_SUCCESS);
  EXPECT_EQ(aclrtFree(pointer), ACL_SUCCESS);
}

TEST_F(AclMemoryTest, ThePolicyMayNameTheKindOfMemory) {
  for (const int flag :
       {ACL_MEM_TYPE_LOW_BAND_WIDTH, ACL_MEM_TYPE_HIGH_BAND_WIDTH, ACL_MEM_ACCESS_USER_SPACE_READONLY})
    EXPECT_EQ(
        aclrtFree(device_memory(100, static_cast<aclrtMemMallocPolicy>(flag | ACL_MEM_MALLOC_NORMAL_ONLY))),
        ACL_SUCCESS);
  void* pointer = nullptr;
  EXPECT_EQ(aclrtMalloc(&pointer, 100, ACL_MEM_MALLOC_HUGE1G_ONLY), ACL_ERROR_RT_FEATURE_NOT_SUPPORT);
  EXPECT_EQ(aclrtMalloc(&pointer, 100, static_cast<aclrtMemMallocPolicy>(8)), ACL_ERROR_INVALID_PARAM);
}

TEST_F(AclMemoryTest, AConfigurationNamesTheDevice) {
  aclrtMallocAttribute attributes[2] = {};
  attributes[0].attr = ACL_RT_MEM_ATTR_MODULE_ID;
  attributes[0].value.moduleId = 3;
  attributes[1].attr = ACL_RT_MEM_ATTR_DEVICE_ID;
  attributes[1].value.deviceId = 0;
  aclrtMallocConfig config{attributes, 2};
  void* pointer = nullptr;
  ASSERT_EQ(aclrtMallocWithCfg(&pointer, 100, ACL_MEM_MALLOC_HUGE_FIRST, &config), ACL_SUCCESS);
  EXPECT_EQ(aclrtFree(pointer), ACL_SUCCESS);
  ASSERT_EQ(aclrtMallocForTaskScheduler(&pointer, 100, ACL_MEM_MALLOC_HUGE_FIRST, nullptr), ACL_SUCCESS);
  EXPECT_EQ(aclrtFree(pointer), ACL_SUCCESS);
  ASSERT_EQ(aclrtMallocHostWithCfg(&pointer, 100, &config), ACL_SUCCESS);
  EXPECT_EQ(aclrtFreeHost(pointer), ACL_SUCCESS);
}

TEST_F(AclMemoryTest, AWrongConfigurationIsRefused) {
  aclrtMallocAttribute attribute{};
  attribute.attr = ACL_RT_MEM_ATTR_DEVICE_ID;
  attribute.value.deviceId = 0xFFFFFFFF;
  aclrtMallocConfig config{&attribute, 1};
  void* pointer = &config;
  EXPECT_EQ(aclrtMallocWithCfg(&pointer, 100, ACL_MEM_MALLOC_HUGE_FIRST, &config),
            ACL_ERROR_RT_INVALID_DEVICEID);
  EXPECT_EQ(pointer, nullptr);
  attribute.attr = static_cast<aclrtMallocAttrType>(77);
  EXPECT_EQ(aclrtMallocWithCfg(&pointer, 100, ACL_MEM_MALLOC_HUGE_FIRST, &config), ACL_ERROR_INVALID_PARAM);
  config = {nullptr, 4};
  EXPECT_EQ(aclrtMallocHostWithCfg(&pointer, 100, &config), ACL_ERROR_INVALID_PARAM);
}

TEST_F(AclMemoryTest, AttributesTellWhereAnAddressLies) {
  void* normal = device_memory(1000, ACL_MEM_MALLOC_NORMAL_ONLY);
  void* huge = device_memory(3 << 20, ACL_MEM_MALLOC_HUGE_ONLY);
  void* host = nullptr;
  ASSERT_EQ(aclrtMallocHost(&host, 1000), ACL_SUCCESS);
  aclrtPtrAttributes found{};
  EXPECT_EQ(aclrtPointerGetAttributes(static_cast<char*>(normal) + 10, &found), ACL_SUCCESS);
  EXPECT_EQ(found.location.type, ACL_MEM_LOCATION_TYPE_DEVICE);
  EXPECT_EQ(found.location.id, 0U);
  EXPECT_EQ(found.pageSize, 4096U);
  EXPECT_EQ(aclrtPointerGetAttributes(huge, &found), ACL_SUCCESS);
  EXPECT_EQ(found.pageSize, kPage);
  EXPECT_EQ(aclrtPointerGetAttributes(host, &found), ACL_SUCCESS);
  EXPECT_EQ(found.location.type, ACL_MEM_LOCATION_TYPE_HOST);
  EXPECT_EQ(aclrtFree(huge), ACL_SUCCESS);
  EXPECT_EQ(aclrtPointerGetAttributes(huge, &found), ACL_ERROR_RT_PARAM_INVALID);
  EXPECT_EQ(aclrtPointerGetAttributes(nullptr, &found), ACL_ERROR_INVALID_PARAM);
  EXPECT_EQ(aclrtPointerGetAttributes(normal, nullptr), ACL_ERROR_INVALID_PARAM);
  EXPECT_EQ(aclrtFree(normal), ACL_SUCCESS);
  EXPECT_EQ(aclrtFreeHost(host), ACL_SUCCESS);
}

TEST_F(AclMemoryTest, RegisteredHostMemoryIsMemoryOfTheDeviceToo) {
  alignas(64) static uint8_t host[4096];
  void* on_device = nullptr;
  ASSERT_EQ(aclrtHostRegister(host, sizeof host, ACL_HOST_REGISTER_MAPPED, &on_device), ACL_SUCCESS);
  void* memory = device_memory(4096);
  write(memory, numbers(4096));
  const Ref<Stream> stream = make_stream();
  EXPECT_EQ(aclrtMemcpyAsync(on_device, 4096, memory, 4096, ACL_MEMCPY_DEVICE_TO_DEVICE, stream.handle()),
            ACL_SUCCESS);
  EXPECT_EQ(aclrtSynchronizeStream(stream.handle()), ACL_SUCCESS);
  EXPECT_EQ(std::memcmp(host, numbers(4096).data(), 4096), 0);
  EXPECT_EQ(aclrtMemFlush(static_cast<uint8_t*>(on_device) + 100, 10), ACL_SUCCESS);
  EXPECT_EQ(aclrtHostUnregister(host), ACL_SUCCESS);
  EXPECT_NE(aclrtMemcpyAsync(host, 4096, memory, 4096, ACL_MEMCPY_DEVICE_TO_DEVICE, stream.handle()),
            ACL_SUCCESS);
  EXPECT_NE(aclrtHostUnregister(host), ACL_SUCCESS);
  EXPECT_EQ(aclrtFree(memory), ACL_SUCCESS);
  EXPECT_EQ(aclrtDestroyStream(stream.handle()), ACL_SUCCESS);
}

TEST_F(AclMemoryTest, WhatCannotBeRegisteredIsRefused) {
  static uint8_t host[4096];
  void* on_device = nullptr;
  EXPECT_NE(aclrtHostRegister(nullptr, 100, ACL_HOST_REGISTER_MAPPED, &on_device), ACL_SUCCESS);
  EXPECT_NE(aclrtHostRegister(host, 0, ACL_HOST_REGISTER_MAPPED, &on_device), ACL_SUCCESS);
  EXPECT_NE(aclrtHostRegister(host, 100, static_cast<aclrtHostRegisterType>(9), &on_device), ACL_SUCCESS);
  EXPECT_NE(aclrtHostRegister(host, 100, ACL_HOST_REGISTER_MAPPED, nullptr), ACL_SUCCESS);
  EXPECT_NE(aclrtHostRegister(reinterpret_cast<void*>(0x1000), 100, ACL_HOST_REGISTER_MAPPED, &on_device),
            ACL_SUCCESS);
  void* memory = device_memory(100);
  EXPECT_NE(aclrtHostRegister(memory, 100, ACL_HOST_REGISTER_MAPPED, &on_device), ACL_SUCCESS);
  EXPECT_EQ(aclrtFree(memory), ACL_SUCCESS);
  ASSERT_EQ(aclrtHostRegister(host, 100, ACL_HOST_REGISTER_MAPPED, &on_device), ACL_SUCCESS);
  EXPECT_NE(aclrtHostRegister(host + 50, 100, ACL_HOST_REGISTER_MAPPED, &on_device), ACL_SUCCESS);
  EXPECT_EQ(aclrtHostUnregister(host), ACL_SUCCESS);
}

TEST_F(AclMemoryTest, ACopyWithMemoryThatIsNotPinnedIsDoneWhenTheCallReturns) {
  void* memory = device_memory(4096);
  write(memory, numbers(4096));
  const Ref<Stream> stream = make_stream();
  alignas(64) uint8_t host[4096] = {};
  EXPECT_EQ(
      aclrtMemcpyAsyncWithCondition(host, 4096, memory, 4096, ACL_MEMCPY_DEVICE_TO_HOST, stream.handle()),
      ACL_SUCCESS);
  EXPECT_EQ(std::memcmp(host, numbers(4096).data(), 4096), 0);
  EXPECT_EQ(aclrtSynchronizeStream(stream.handle()), ACL_SUCCESS);
  EXPECT_EQ(aclrtFree(memory), ACL_SUCCESS);
  EXPECT_EQ(aclrtDestroyStream(stream.handle()), ACL_SUCCESS);
}

TEST_F(AclMemoryTest, ACopyWithPinnedMemoryOnlyQueues) {
  void* memory = device_memory(4096);
  void* host = nullptr;
  ASSERT_EQ(aclrtMallocHost(&host, 4096), ACL_SUCCESS);
  std::memset(host, 0, 4096);
  write(memory, numbers(4096));
  const Ref<Stream> stream = make_stream();
  test::Gate gate(stream);
  EXPECT_EQ(
      aclrtMemcpyAsyncWithCondition(host, 4096, memory, 4096, ACL_MEMCPY_DEVICE_TO_HOST, stream.handle()),
      ACL_SUCCESS);
  EXPECT_EQ(static_cast<uint8_t*>(host)[0], 0);
  gate.open();
  EXPECT_EQ(aclrtSynchronizeStream(stream.handle()), ACL_SUCCESS);
  EXPECT_EQ(static_cast<uint8_t*>(host)[0], 1);
  EXPECT_EQ(aclrtFree(memory), ACL_SUCCESS);
  EXPECT_EQ(aclrtFreeHost(host), ACL_SUCCESS);
  EXPECT_EQ(aclrtDestroyStream(stream.handle()), ACL_SUCCESS);
}

TEST_F(AclMemoryTest, ADescribedCopyIsReadWhenItRuns) {
  size_t size = 0;
  ASSERT_EQ(aclrtGetMemcpyDescSize(ACL_MEMCPY_INNER_DEVICE_TO_DEVICE, &size), ACL_SUCCESS);
  void* desc = device_memory(size);
  void* from = device_memory(256);
  void* to = device_memory(256);
  write(from, numbers(256));
  const Ref<Stream> stream = make_stream();
  {
    test::Gate gate(stream);
    EXPECT_EQ(aclrtSetMemcpyDesc(desc, ACL_MEMCPY_INNER_DEVICE_TO_DEVICE, to, from, 256, nullptr),
              ACL_SUCCESS);
    EXPECT_EQ(aclrtMemcpyAsyncWithDesc(desc, ACL_MEMCPY_INNER_DEVICE_TO_DEVICE, stream.handle()),
              ACL_SUCCESS);
    EXPECT_EQ(aclrtSetMemcpyDesc(desc, ACL_MEMCPY_INNER_DEVICE_TO_DEVICE, from, to, 256, nullptr),
              ACL_SUCCESS);
  }
  EXPECT_EQ(aclrtSynchronizeStream(stream.handle()), ACL_SUCCESS);
  EXPECT_EQ(read(to, 256), numbers(256));
  EXPECT_EQ(aclrtMemset(desc, size, 0, size), ACL_SUCCESS);
  EXPECT_EQ(aclrtMemcpyAsyncWithDesc(desc, ACL_MEMCPY_INNER_DEVICE_TO_DEVICE, stream.handle()), ACL_SUCCESS);
  EXPECT_EQ(aclrtSynchronizeStream(stream.handle()), ACL_ERROR_RT_PARAM_INVALID);
  for (void* pointer : {desc, from, to})
    EXPECT_EQ(aclrtFree(pointer), ACL_SUCCESS);
  EXPECT_EQ(aclrtDestroyStream(stream.handle()), ACL_SUCCESS);
}

TEST_F(AclMemoryTest, AWrongDescriptionOfACopyIsRefused) {
  size_t size = 0;
  EXPECT_EQ(aclrtGetMemcpyDescSize(ACL_MEMCPY_HOST_TO_DEVICE, &size), ACL_ERROR_RT_FEATURE_NOT_SUPPORT);
  EXPECT_EQ(aclrtGetMemcpyDescSize(static_cast<aclrtMemcpyKind>(99), &size), ACL_ERROR_INVALID_PARAM);
  EXPECT_EQ(aclrtGetMemcpyDescSize(ACL_MEMCPY_DEVICE_TO_DEVICE, nullptr), ACL_ERROR_INVALID_PARAM);
  void* memory = device_memory(256);
  uint8_t host[64];
  EXPECT_NE(aclrtSetMemcpyDesc(host, ACL_MEMCPY_DEVICE_TO_DEVICE, memory, memory, 10, nullptr), ACL_SUCCESS);
  EXPECT_NE(aclrtSetMemcpyDesc(memory, ACL_MEMCPY_DEVICE_TO_DEVICE, host, memory, 10, nullptr), ACL_SUCCESS);
  EXPECT_NE(aclrtSetMemcpyDesc(memory, ACL_MEMCPY_DEVICE_TO_DEVICE, memory, memory, 5000, nullptr),
            ACL_SUCCESS);
  EXPECT_NE(aclrtSetMemcpyDesc(memory, ACL_MEMCPY_DEVICE_TO_DEVICE, memory, memory, 10, host), ACL_SUCCESS);
  EXPECT_NE(aclrtMemcpyAsyncWithDesc(host, ACL_MEMCPY_DEVICE_TO_DEVICE, nullptr), ACL_SUCCESS);
  EXPECT_EQ(aclrtFree(memory), ACL_SUCCESS);
}

TEST_F(AclMemoryTest, CacheOperationsTakeDeviceMemory) {
  void* memory = device_memory(5000);
  write(memory, numbers(5000));
  for (int type = 0; type <= 3; ++type)
    EXPECT_EQ(aclrtCmoAsync(memory, 5000, static_cast<aclrtCmoType>(type), nullptr), ACL_SUCCESS) << type;
  EXPECT_EQ(aclrtSynchronizeStream(nullptr), ACL_SUCCESS);
  EXPECT_EQ(read(memory, 5000), numbers(5000));
  EXPECT_NE(aclrtCmoAsync(memory, 5000, static_cast<aclrtCmoType>(4), nullptr), ACL_SUCCESS);
  EXPECT_NE(aclrtCmoAsync(memory, 50000, ACL_RT_CMO_TYPE_PREFETCH, nullptr), ACL_SUCCESS);
  EXPECT_NE(aclrtCmoAsync(nullptr, 10, ACL_RT_CMO_TYPE_PREFETCH, nullptr), ACL_SUCCESS);
  EXPECT_NE(aclrtCmoAsync(&memory, 8, ACL_RT_CMO_TYPE_FLUSH, nullptr), ACL_SUCCESS);
  EXPECT_EQ(aclrtFree(memory), ACL_SUCCESS);
}

TEST_F(AclMemoryTest, OverlappingCopiesMoveTheBytesAsTheyWere) {
  void* memory = device_memory(4096);
  write(memory, numbers(4096));
  EXPECT_EQ(aclrtMemcpy(static_cast<char*>(memory) + 100, 3000, memory, 3000, ACL_MEMCPY_DEVICE_TO_DEVICE),
            ACL_SUCCESS);
  const std::vector<uint8_t> expected = numbers(4096);
  const std::vector<uint8_t> found = read(memory, 4096);
  EXPECT_TRUE(std::equal(expected.begin(), expected.begin() + 3000, found.begin() + 100));
  EXPECT_EQ(aclrtFree(memory), ACL_SUCCESS);
}

// --- addresses and memory apart ---

class AclMappingTest : public AclMemoryTest {
 protected:
  static aclrtPhysicalMemProp properties(aclrtMemAttr attribute = ACL_HBM_MEM_HUGE) {
    aclrtPhysicalMemProp prop{};
    prop.memAttr = attribute;
    prop.location = {0, ACL_MEM_LOCATION_TYPE_DEVICE};
    return prop;
  }
  static void* reserve(size_t size) {
    void* pointer = nullptr;
    EXPECT_EQ(aclrtReserveMemAddress(&pointer, size, 0, nullptr, 1), ACL_SUCCESS);
    return pointer;
  }
  static aclrtDrvMemHandle physical(size_t size, aclrtMemAttr attribute = ACL_HBM_MEM_HUGE) {
    aclrtDrvMemHandle handle = nullptr;
    const aclrtPhysicalMemProp prop = properties(attribute);
    EXPECT_EQ(aclrtMallocPhysical(&handle, size, &prop, 0), ACL_SUCCESS);
    return handle;
  }
  static void* at(void* pointer, size_t offset) { return static_cast<char*>(pointer) + offset; }
};

TEST_F(AclMappingTest, MappedMemoryIsDeviceMemory) {
  void* range = reserve(8 * kPage);
  aclrtDrvMemHandle memory = physical(2 * kPage);
  EXPECT_NE(aclrtMemset(range, 10, 1, 10), ACL_SUCCESS);
  ASSERT_EQ(aclrtMapMem(at(range, kPage), 2 * kPage, 0, memory, 0), ACL_SUCCESS);
  write(at(range, kPage + 100), numbers(5000));
  EXPECT_EQ(read(at(range, kPage + 100), 5000), numbers(5000));
  EXPECT_NE(aclrtMemset(at(range, 3 * kPage - 5), 10, 1, 10), ACL_SUCCESS);
  EXPECT_NE(aclrtFree(at(range, kPage)), ACL_SUCCESS);
  EXPECT_EQ(aclrtUnmapMem(at(range, kPage)), ACL_SUCCESS);
  EXPECT_NE(aclrtMemset(at(range, kPage), 10, 1, 10), ACL_SUCCESS);
  EXPECT_EQ(aclrtFreePhysical(memory), ACL_SUCCESS);
  EXPECT_EQ(aclrtReleaseMemAddress(range), ACL_SUCCESS);
}

TEST_F(AclMappingTest, ThePiecesOfAGrowingSegmentAreOneRange) {
  void* range = reserve(8 * kPage);
  aclrtDrvMemHandle first = physical(kPage);
  aclrtDrvMemHandle second = physical(3 * kPage);
  ASSERT_EQ(aclrtMapMem(range, kPage, 0, first, 0), ACL_SUCCESS);
  ASSERT_EQ(aclrtMapMem(at(range, kPage), 3 * kPage, 0, second, 0), ACL_SUCCESS);
  const std::vector<uint8_t> data = numbers(2 * kPage);
  write(at(range, 1000), data);
  EXPECT_EQ(read(at(range, 1000), data.size()), data);
  EXPECT_EQ(aclrtMemset(range, 4 * kPage, 0, 4 * kPage), ACL_SUCCESS);
  EXPECT_NE(aclrtMemset(range, 4 * kPage + 1, 0, 4 * kPage + 1), ACL_SUCCESS);
  for (const size_t offset : {size_t{0}, kPage})
    EXPECT_EQ(aclrtUnmapMem(at(range, offset)), ACL_SUCCESS);
  EXPECT_EQ(aclrtFreePhysical(first), ACL_SUCCESS);
  EXPECT_EQ(aclrtFreePhysical(second), ACL_SUCCESS);
  EXPECT_EQ(aclrtReleaseMemAddress(range), ACL_SUCCESS);
}

TEST_F(AclMappingTest, OneMemoryCanHaveTwoAddresses) {
  void* range = reserve(4 * kPage);
  aclrtDrvMemHandle memory = physical(2 * kPage);
  ASSERT_EQ(aclrtMapMem(range, 2 * kPage, 0, memory, 0), ACL_SUCCESS);
  ASSERT_EQ(aclrtMapMem(at(range, 2 * kPage), kPage, kPage, memory, 0), ACL_SUCCESS);
  write(at(range, kPage + 7), numbers(100));
  EXPECT_EQ(read(at(range, 2 * kPage + 7), 100), numbers(100));
  EXPECT_EQ(aclrtUnmapMem(range), ACL_SUCCESS);
  EXPECT_EQ(read(at(range, 2 * kPage + 7), 100), numbers(100));
  EXPECT_EQ(aclrtUnmapMem(at(range, 2 * kPage)), ACL_SUCCESS);
  EXPECT_EQ(aclrtFreePhysical(memory), ACL_SUCCESS);
  EXPECT_EQ(aclrtReleaseMemAddress(range), ACL_SUCCESS);
}

TEST_F(AclMappingTest, MemoryKeepsItsContentBetweenTwoMappings) {
  void* range = reserve(2 * kPage);
  aclrtDrvMemHandle memory = physical(kPage);
  ASSERT_EQ(aclrtMapMem(range, kPage, 0, memory, 0), ACL_SUCCESS);
  write(range, numbers(100));
  EXPECT_EQ(aclrtUnmapMem(range), ACL_SUCCESS);
  ASSERT_EQ(aclrtMapMem(at(range, kPage), kPage, 0, memory, 0), ACL_SUCCESS);
  EXPECT_EQ(read(at(range, kPage), 100), numbers(100));
  EXPECT_EQ(aclrtUnmapMem(at(range, kPage)), ACL_SUCCESS);
  EXPECT_EQ(aclrtFreePhysical(memory), ACL_SUCCESS);
  EXPECT_EQ(aclrtReleaseMemAddress(range), ACL_SUCCESS);
}

TEST_F(AclMappingTest, OnlyMemoryCountsNotAddresses) {
  const size_t before = free_bytes();
  size_t free = 0;
  size_t total = 0;
  ASSERT_EQ(aclrtGetMemInfo(ACL_DDR_MEM, &free, &total), ACL_SUCCESS);
  void* range = reserve(total / kPage * kPage + 8 * kPage);  // More than there is memory.
  EXPECT_EQ(free_bytes(), before);
  aclrtDrvMemHandle memory = physical(4 * kPage, ACL_DDR_MEM_NORMAL);
  EXPECT_EQ(free_bytes(), before - 4 * kPage);
  ASSERT_EQ(aclrtMapMem(range, 4 * kPage, 0, memory, 0), ACL_SUCCESS);
  EXPECT_EQ(aclrtFreePhysical(memory), ACL_SUCCESS);
  EXPECT_EQ(free_bytes(), before - 4 * kPage);  // It is mapped still.
  write(range, numbers(10));
  EXPECT_EQ(aclrtUnmapMem(range), ACL_SUCCESS);
  EXPECT_EQ(free_bytes(), before);
  EXPECT_EQ(aclrtReleaseMemAddress(range), ACL_SUCCESS);
}

TEST_F(AclMappingTest, WrongMappingsAreRefused) {
  void* range = reserve(4 * kPage);
  aclrtDrvMemHandle memory = physical(2 * kPage);
  EXPECT_NE(aclrtMapMem(range, kPage + 1, 0, memory, 0), ACL_SUCCESS);
  EXPECT_NE(aclrtMapMem(range, kPage, 1, memory, 0), ACL_SUCCESS);
  EXPECT_NE(aclrtMapMem(range, 0, 0, memory, 0), ACL_SUCCESS);
  EXPECT_NE(aclrtMapMem(range, 3 * kPage, 0, memory, 0), ACL_SUCCESS);
  EXPECT_NE(aclrtMapMem(range, 2 * kPage, kPage, memory, 0), ACL_SUCCESS);
  EXPECT_NE(aclrtMapMem(range, kPage, 0, memory, 1), ACL_SUCCESS);
  EXPECT_NE(aclrtMapMem(range, kPage, 0, range, 0), ACL_SUCCESS);
  EXPECT_NE(aclrtMapMem(at(range, 3 * kPage), 2 * kPage, 0, memory, 0), ACL_SUCCESS);
  EXPECT_NE(aclrtMapMem(at(range, 5), kPage, 0, memory, 0), ACL_SUCCESS);
  EXPECT_NE(aclrtMapMem(&range, kPage, 0, memory, 0), ACL_SUCCESS);
  ASSERT_EQ(aclrtMapMem(range, kPage, 0, memory, 0), ACL_SUCCESS);
  EXPECT_NE(aclrtMapMem(range, kPage, 0, memory, 0), ACL_SUCCESS);
  EXPECT_NE(aclrtReleaseMemAddress(range), ACL_SUCCESS);
  EXPECT_NE(aclrtUnmapMem(at(range, kPage)), ACL_SUCCESS);
  EXPECT_EQ(aclrtUnmapMem(range), ACL_SUCCESS);
  EXPECT_NE(aclrtUnmapMem(range), ACL_SUCCESS);
  EXPECT_EQ(aclrtFreePhysical(memory), ACL_SUCCESS);
  EXPECT_NE(aclrtFreePhysical(memory), ACL_SUCCESS);
  EXPECT_EQ(aclrtReleaseMemAddress(range), ACL_SUCCESS);
  EXPECT_NE(aclrtReleaseMemAddress(range), ACL_SUCCESS);
}

TEST_F(AclMappingTest, WrongReservationsAndMemoryAreRefused) {
  void* pointer = nullptr;
  EXPECT_NE(aclrtReserveMemAddress(&pointer, 100, 0, nullptr, 0), ACL_SUCCESS);
  EXPECT_NE(aclrtReserveMemAddress(&pointer, kPage, 64, nullptr, 0), ACL_SUCCESS);
  EXPECT_NE(aclrtReserveMemAddress(&pointer, kPage, 0, &pointer, 0), ACL_SUCCESS);
  EXPECT_NE(aclrtReserveMemAddress(&pointer, SIZE_MAX / kPage * kPage, 0, nullptr, 0), ACL_SUCCESS);
  EXPECT_NE(aclrtReserveMemAddress(nullptr, kPage, 0, nullptr, 0), ACL_SUCCESS);
  aclrtPhysicalMemProp prop = properties();
  EXPECT_NE(aclrtMallocPhysical(&pointer, 100, &prop, 0), ACL_SUCCESS);
  EXPECT_NE(aclrtMallocPhysical(&pointer, SIZE_MAX / kPage * kPage, &prop, 0), ACL_SUCCESS);
  EXPECT_NE(aclrtMallocPhysical(&pointer, kPage, nullptr, 0), ACL_SUCCESS);
  prop.location.id = 99;
  EXPECT_EQ(aclrtMallocPhysical(&pointer, kPage, &prop, 0), ACL_ERROR_RT_INVALID_DEVICEID);
  prop.location = {0, ACL_MEM_LOCATION_TYPE_HOST};
  EXPECT_EQ(aclrtMallocPhysical(&pointer, kPage, &prop, 0), ACL_ERROR_RT_FEATURE_NOT_SUPPORT);
}

TEST_F(AclMappingTest, TheGranularityIsAHugePage) {
  size_t granularity = 0;
  aclrtPhysicalMemProp prop = properties();
  for (const auto option : {ACL_RT_MEM_ALLOC_GRANULARITY_MINIMUM, ACL_RT_MEM_ALLOC_GRANULARITY_RECOMMENDED}) {
    EXPECT_EQ(aclrtMemGetAllocationGranularity(&prop, option, &granularity), ACL_SUCCESS);
    EXPECT_EQ(granularity, kPage);
  }
  EXPECT_NE(aclrtMemGetAllocationGranularity(&prop, ACL_RT_MEM_ALLOC_GRANULARITY_UNDEF, &granularity),
            ACL_SUCCESS);
  EXPECT_NE(aclrtMemGetAllocationGranularity(nullptr, ACL_RT_MEM_ALLOC_GRANULARITY_MINIMUM, &granularity),
            ACL_SUCCESS);
}

}  // namespace
}  // namespace cairn
