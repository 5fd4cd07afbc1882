// Devices through the public C headers: what no Python function reaches. Peers and second devices are in
// tests/c_api/two_devices.cc.
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "acl/acl.h"
#include "runtime_fixture.h"
#include "tensor/tensor_desc.h"

namespace cairn {
namespace {

class AclDeviceTest : public test::RuntimeTest {};

TEST_F(AclDeviceTest, TheVersionsOfThePackagesAreGiven) {
  aclCANNPackageVersion version;
  std::memset(&version, 0xFF, sizeof version);
  for (const auto name : {ACL_PKG_NAME_CANN, ACL_PKG_NAME_RUNTIME, ACL_PKG_NAME_TOOLKIT}) {
    ASSERT_EQ(aclsysGetCANNVersion(name, &version), ACL_SUCCESS);
    const std::string parts =
        std::string(version.majorVersion) + "." + version.minorVersion + "." + version.releaseVersion;
    EXPECT_EQ(parts, version.version);
  }
  EXPECT_NE(aclsysGetCANNVersion(ACL_PKG_NAME_DRIVER, &version), ACL_SUCCESS);
  EXPECT_EQ(aclsysGetCANNVersion(static_cast<aclCANNPackageName>(99), &version), ACL_ERROR_INVALID_PARAM);
  EXPECT_EQ(aclsysGetCANNVersion(ACL_PKG_NAME_CANN, nullptr), ACL_ERROR_INVALID_PARAM);
}

TEST_F(AclDeviceTest, TheListHasTheAttributesThatAreSupported) {
  const aclCannAttr* list = nullptr;
  size_t count = 0;
  ASSERT_EQ(aclGetCannAttributeList(&list, &count), ACL_SUCCESS);
  for (int attribute = ACL_CANN_ATTR_INF_NAN; attribute <= ACL_CANN_ATTR_JIT_COMPILE; ++attribute) {
    int32_t value = -1;
    EXPECT_EQ(aclGetCannAttribute(static_cast<aclCannAttr>(attribute), &value), ACL_SUCCESS);
    EXPECT_EQ(value, std::find(list, list + count, attribute) != list + count ? 1 : 0);
  }
  int32_t value = 0;
  EXPECT_NE(aclGetCannAttribute(ACL_CANN_ATTR_UNDEFINED, &value), ACL_SUCCESS);
  EXPECT_NE(aclGetCannAttribute(ACL_CANN_ATTR_BF16, nullptr), ACL_SUCCESS);
  EXPECT_NE(aclGetCannAttributeList(nullptr, &count), ACL_SUCCESS);
}

TEST_F(AclDeviceTest, TheCapabilitiesAreThoseOfTheChip) {
  int64_t value = 0;
  EXPECT_EQ(aclGetDeviceCapability(0, ACL_DEVICE_INFO_AI_CORE_NUM, &value), ACL_SUCCESS);
  EXPECT_EQ(value, runtime().soc().ai_cores);
  EXPECT_EQ(aclGetDeviceCapability(0, ACL_DEVICE_INFO_VECTOR_CORE_NUM, &value), ACL_SUCCESS);
  EXPECT_EQ(value, runtime().soc().vector_cores);
  EXPECT_EQ(aclGetDeviceCapability(0, ACL_DEVICE_INFO_L2_SIZE, &value), ACL_SUCCESS);
  EXPECT_GT(value, 0);
  EXPECT_NE(aclGetDeviceCapability(0, ACL_DEVICE_INFO_UNDEFINED, &value), ACL_SUCCESS);
  EXPECT_NE(aclGetDeviceCapability(0, ACL_DEVICE_INFO_L2_SIZE, nullptr), ACL_SUCCESS);
  EXPECT_EQ(aclGetDeviceCapability(0xFFFFFFFF, ACL_DEVICE_INFO_L2_SIZE, &value),
            ACL_ERROR_RT_INVALID_DEVICEID);
}

TEST_F(AclDeviceTest, UtilizationCountsWhatRunsAndWhatIsAllocated) {
  aclrtUtilizationInfo idle{};
  ASSERT_EQ(aclrtSynchronizeDevice(), ACL_SUCCESS);
  ASSERT_EQ(aclrtGetDeviceUtilizationRate(0, &idle), ACL_SUCCESS);
  EXPECT_EQ(idle.vectorUtilization, 0);
  size_t free = 0;
  size_t total = 0;
  ASSERT_EQ(aclrtGetMemInfo(ACL_DDR_MEM, &free, &total), ACL_SUCCESS);
  void* half = nullptr;
  ASSERT_EQ(aclrtMalloc(&half, total / 2, ACL_MEM_MALLOC_HUGE_FIRST), ACL_SUCCESS);
  const Ref<Stream> stream = make_stream();
  std::promise<void> started;
  std::promise<void> end;
  EXPECT_TRUE(Stream::launch(stream, "test", [&](Stream&) -> Status {
                started.set_value();
                end.get_future().wait();
                return {};
              }).is_ok());
  started.get_future().wait();
  aclrtUtilizationInfo busy{};
  EXPECT_EQ(aclrtGetDeviceUtilizationRate(0, &busy), ACL_SUCCESS);
  EXPECT_GT(busy.vectorUtilization, 0);
  EXPECT_GE(busy.memoryUtilization, idle.memoryUtilization + 49);
  EXPECT_LE(busy.memoryUtilization, 100);
  end.set_value();
  EXPECT_EQ(aclrtDestroyStream(stream.handle()), ACL_SUCCESS);
  EXPECT_EQ(aclrtFree(half), ACL_SUCCESS);
  EXPECT_NE(aclrtGetDeviceUtilizationRate(99, &busy), ACL_SUCCESS);
  EXPECT_NE(aclrtGetDeviceUtilizationRate(0, nullptr), ACL_SUCCESS);
}

TEST_F(AclDeviceTest, TheDeviceIsNormalAndThisProcessUsesIt) {
  aclrtDeviceStatus status = ACL_RT_DEVICE_STATUS_END;
  EXPECT_EQ(aclrtQueryDeviceStatus(0, &status), ACL_SUCCESS);
  EXPECT_EQ(status, ACL_RT_DEVICE_STATUS_NORMAL);
  EXPECT_EQ(aclrtQueryDeviceStatus(-1, &status), ACL_ERROR_RT_INVALID_DEVICEID);
  EXPECT_NE(aclrtQueryDeviceStatus(0, nullptr), ACL_SUCCESS);
  int32_t pid = 0;
  EXPECT_EQ(aclrtDeviceGetBareTgid(&pid), ACL_SUCCESS);
  EXPECT_EQ(pid, ::getpid());
  EXPECT_NE(aclrtDeviceGetBareTgid(nullptr), ACL_SUCCESS);
}

TEST_F(AclDeviceTest, TheCoresFormOneGroup) {
  uint32_t count = 0;
  ASSERT_EQ(aclrtGetGroupCount(&count), ACL_SUCCESS);
  EXPECT_EQ(count, 1U);
  EXPECT_EQ(aclrtSetGroup(0), ACL_SUCCESS);
  EXPECT_EQ(aclrtSetGroup(1), ACL_ERROR_RT_GROUP_NOT_CREATE);
  EXPECT_EQ(aclrtSetGroup(-1), ACL_ERROR_RT_GROUP_NOT_CREATE);
  aclrtGroupInfo* info = aclrtCreateGroupInfo();
  ASSERT_NE(info, nullptr);
  int32_t value = -1;
  size_t size = 0;
  const auto detail = [&](int32_t index, aclrtGroupAttr attribute, size_t room = sizeof(int32_t)) {
    return aclrtGetGroupInfoDetail(info, index, attribute, &value, room, &size);
  };
  EXPECT_EQ(detail(0, ACL_GROUP_AICORE_INT), ACL_ERROR_RT_GROUP_NOT_CREATE);
  ASSERT_EQ(aclrtGetAllGroupInfo(info), ACL_SUCCESS);
  EXPECT_EQ(detail(0, ACL_GROUP_AICORE_INT), ACL_SUCCESS);
  EXPECT_EQ(value, static_cast<int32_t>(runtime().soc().ai_cores));
  EXPECT_EQ(size, sizeof(int32_t));
  EXPECT_EQ(detail(0, ACL_GROUP_GROUPID_INT), ACL_SUCCESS);
  EXPECT_EQ(value, 0);
  EXPECT_EQ(detail(1, ACL_GROUP_GROUPID_INT), ACL_ERROR_RT_GROUP_NOT_CREATE);
  EXPECT_EQ(detail(-1, ACL_GROUP_GROUPID_INT), ACL_ERROR_RT_GROUP_NOT_CREATE);
  EXPECT_NE(detail(0, static_cast<aclrtGroupAttr>(17)), ACL_SUCCESS);
  EXPECT_NE(detail(0, ACL_GROUP_GROUPID_INT, 2), ACL_SUCCESS);
  EXPECT_NE(aclrtGetGroupInfoDetail(info, 0, ACL_GROUP_AIC_INT, nullptr, 4, &size), ACL_SUCCESS);
  EXPECT_EQ(aclrtDestroyGroupInfo(info), ACL_SUCCESS);
  EXPECT_NE(aclrtDestroyGroupInfo(info), ACL_SUCCESS);
  EXPECT_NE(aclrtGetAllGroupInfo(info), ACL_SUCCESS);
}

TEST_F(AclDeviceTest, ParametersBelongToTheContextOrToTheProcess) {
  int64_t value = -1;
  EXPECT_EQ(aclrtCtxGetSysParamOpt(ACL_OPT_DETERMINISTIC, &value), ACL_ERROR_RT_SYSPARAMOPT_NOT_SET);
  EXPECT_EQ(aclrtCtxSetSysParamOpt(ACL_OPT_DETERMINISTIC, 1), ACL_SUCCESS);
  EXPECT_EQ(aclrtCtxGetSysParamOpt(ACL_OPT_DETERMINISTIC, &value), ACL_SUCCESS);
  EXPECT_EQ(value, 1);
  EXPECT_EQ(aclrtGetSysParamOpt(ACL_OPT_DETERMINISTIC, &value), ACL_ERROR_RT_SYSPARAMOPT_NOT_SET);
  EXPECT_EQ(aclrtSetSysParamOpt(ACL_OPT_ENABLE_DEBUG_KERNEL, 0), ACL_SUCCESS);
  EXPECT_EQ(aclrtGetSysParamOpt(ACL_OPT_ENABLE_DEBUG_KERNEL, &value), ACL_SUCCESS);
  EXPECT_EQ(value, 0);
  EXPECT_EQ(aclrtCtxGetSysParamOpt(ACL_OPT_ENABLE_DEBUG_KERNEL, &value), ACL_ERROR_RT_SYSPARAMOPT_NOT_SET);
  EXPECT_EQ(aclrtSetSysParamOpt(ACL_OPT_DETERMINISTIC, 7), ACL_ERROR_INVALID_PARAM);
  EXPECT_EQ(aclrtSetSysParamOpt(static_cast<aclSysParamOpt>(2), 1), ACL_ERROR_INVALID_PARAM);
  EXPECT_EQ(aclrtGetSysParamOpt(ACL_OPT_DETERMINISTIC, nullptr), ACL_ERROR_INVALID_PARAM);
}

TEST_F(AclDeviceTest, TheLastErrorOfTheThreadIsKeptUntilItIsTaken) {
  (void)aclrtGetLastError(ACL_RT_THREAD_LEVEL);
  EXPECT_EQ(aclrtPeekAtLastError(ACL_RT_THREAD_LEVEL), ACL_SUCCESS);
  EXPECT_EQ(aclrtSetDevice(99), ACL_ERROR_RT_INVALID_DEVICEID);
  uint32_t count = 0;
  EXPECT_EQ(aclrtGetDeviceCount(&count), ACL_SUCCESS);  // A success changes nothing.
  std::thread([] { EXPECT_EQ(aclrtPeekAtLastError(ACL_RT_THREAD_LEVEL), ACL_SUCCESS); }).join();
  EXPECT_EQ(aclrtPeekAtLastError(ACL_RT_THREAD_LEVEL), ACL_ERROR_RT_INVALID_DEVICEID);
  EXPECT_EQ(aclrtGetLastError(ACL_RT_THREAD_LEVEL), ACL_ERROR_RT_INVALID_DEVICEID);
  EXPECT_EQ(aclrtGetLastError(ACL_RT_THREAD_LEVEL), ACL_SUCCESS);
  EXPECT_EQ(aclrtGetLastError(static_cast<aclrtLastErrLevel>(5)), ACL_ERROR_INVALID_PARAM);
  (void)aclrtGetLastError(ACL_RT_THREAD_LEVEL);
}

TEST_F(AclDeviceTest, TheTimeOfOperatorsIsKeptInMilliseconds) {
  EXPECT_EQ(aclrtSetOpExecuteTimeOut(3), ACL_SUCCESS);
  EXPECT_EQ(runtime().op_execute_timeout_ms(), 3000U);
  EXPECT_EQ(aclrtSetOpExecuteTimeOutWithMs(1500), ACL_SUCCESS);
  EXPECT_EQ(runtime().op_execute_timeout_ms(), 1500U);
  EXPECT_EQ(aclrtSetOpExecuteTimeOut(UINT32_MAX), ACL_SUCCESS);
  EXPECT_EQ(runtime().op_execute_timeout_ms(), uint64_t{UINT32_MAX} * 1000);
  EXPECT_EQ(aclrtSetOpExecuteTimeOut(0), ACL_SUCCESS);
}

TEST_F(AclDeviceTest, AnArrayOfDescriptionsIsReadByIndex) {
  auto& table = handle_table<TensorDesc>();
  auto owner = TensorDesc::create(ACL_FLOAT, {1}, ACL_FORMAT_ND);
  for (int64_t i = 0; i < 3; ++i)
    (*owner)->array.push_back(table.insert(std::move(*TensorDesc::create(ACL_INT32, {i}, ACL_FORMAT_ND))));
  const Ref<TensorDesc> inserted = table.insert(std::move(*owner));
  auto* const desc = static_cast<aclTensorDesc*>(inserted.handle());
  for (size_t i = 0; i < 3; ++i)
    EXPECT_EQ(aclGetTensorDescDim(aclGetTensorDescByIndex(desc, i), 0), static_cast<int64_t>(i));
  EXPECT_EQ(aclGetTensorDescByIndex(desc, 3), nullptr);
  aclDestroyTensorDesc(desc);
}

}  // namespace
}  // namespace cairn
