// The C API of media processing V1, as far as Python cannot reach it: null outputs, sizes, memory that goes
// before its task.
#include <gtest/gtest.h>

#include <string>

#include "acl/acl.h"
#include "acl/ops/acl_dvpp.h"

namespace {

class Dvpp : public testing::Test {
 protected:
  void SetUp() override {
    const aclError init = aclInit(nullptr);
    ASSERT_TRUE(init == ACL_SUCCESS || init == ACL_ERROR_REPEAT_INITIALIZE);
    ASSERT_EQ(aclrtSetDevice(0), ACL_SUCCESS);
    ASSERT_EQ(aclrtCreateStream(&stream_), ACL_SUCCESS);
    channel_ = acldvppCreateChannelDesc();
    ASSERT_EQ(acldvppCreateChannel(channel_), ACL_SUCCESS);
  }
  void TearDown() override {
    EXPECT_EQ(acldvppDestroyChannel(channel_), ACL_SUCCESS);
    EXPECT_EQ(acldvppDestroyChannelDesc(channel_), ACL_SUCCESS);
    EXPECT_EQ(aclrtDestroyStream(stream_), ACL_SUCCESS);
    EXPECT_EQ(aclrtResetDevice(0), ACL_SUCCESS);
  }
  acldvppPicDesc* make_picture(acldvppPixelFormat format, uint32_t side, void** memory) {
    acldvppPicDesc* const picture = acldvppCreatePicDesc();
    const uint32_t size = side * side * 3 / 2;
    EXPECT_EQ(acldvppMalloc(memory, size), ACL_SUCCESS);
    EXPECT_EQ(acldvppSetPicDescData(picture, *memory), ACL_SUCCESS);
    EXPECT_EQ(acldvppSetPicDescSize(picture, size), ACL_SUCCESS);
    EXPECT_EQ(acldvppSetPicDescFormat(picture, format), ACL_SUCCESS);
    EXPECT_EQ(acldvppSetPicDescWidth(picture, side), ACL_SUCCESS);
    EXPECT_EQ(acldvppSetPicDescHeight(picture, side), ACL_SUCCESS);
    return picture;
  }
  aclrtStream stream_ = nullptr;
  acldvppChannelDesc* channel_ = nullptr;
};

TEST_F(Dvpp, NullOutputsAreRefused) {
  const unsigned char data[] = {0xFF, 0xD8};
  uint32_t number = 0;
  int32_t components = 0;
  acldvppJpegFormat format = ACL_JPEG_CSS_UNKNOWN;
  EXPECT_EQ(acldvppMalloc(nullptr, 10), ACL_ERROR_INVALID_PARAM);
  EXPECT_EQ(acldvppJpegGetImageInfo(data, 2, nullptr, &number, &components), ACL_ERROR_INVALID_PARAM);
  EXPECT_EQ(acldvppJpegGetImageInfo(data, 2, &number, nullptr, &components), ACL_ERROR_INVALID_PARAM);
  EXPECT_EQ(acldvppJpegGetImageInfo(data, 2, &number, &number, nullptr), ACL_ERROR_INVALID_PARAM);
  EXPECT_EQ(acldvppJpegGetImageInfoV2(data, 2, &number, &number, &components, nullptr),
            ACL_ERROR_INVALID_PARAM);
  EXPECT_EQ(acldvppJpegGetImageInfoV2(data, 2, nullptr, &number, &components, &format),
            ACL_ERROR_INVALID_PARAM);
  EXPECT_EQ(acldvppJpegPredictDecSize(data, 2, PIXEL_FORMAT_YUV_400, nullptr), ACL_ERROR_INVALID_PARAM);
  uint32_t value = 0;
  size_t size = 0;
  EXPECT_EQ(acldvppGetChannelDescParam(channel_, ACL_DVPP_MODE_UINT32, 4, nullptr, &value),
            ACL_ERROR_INVALID_PARAM);
  EXPECT_EQ(acldvppGetChannelDescParam(channel_, ACL_DVPP_MODE_UINT32, 4, &size, nullptr),
            ACL_ERROR_INVALID_PARAM);
  EXPECT_EQ(acldvppSetChannelDescParam(channel_, ACL_DVPP_MODE_UINT32, 4, nullptr), ACL_ERROR_INVALID_PARAM);
}

TEST_F(Dvpp, ParametersHaveTheirLength) {
  uint64_t value = 0;
  size_t size = 0;
  EXPECT_EQ(acldvppGetChannelDescParam(channel_, ACL_DVPP_MODE_UINT32, 3, &size, &value),
            ACL_ERROR_INVALID_PARAM);
  EXPECT_EQ(acldvppGetChannelDescParam(channel_, ACL_DVPP_CHANNEL_ID_UINT64, 4, &size, &value),
            ACL_ERROR_INVALID_PARAM);
  EXPECT_EQ(acldvppGetChannelDescParam(channel_, ACL_DVPP_CHANNEL_ID_UINT64, 8, &size, &value), ACL_SUCCESS);
  EXPECT_EQ(size, 8U);
  EXPECT_EQ(value, acldvppGetChannelDescChannelId(channel_));
  EXPECT_EQ(acldvppSetChannelDescParam(channel_, ACL_DVPP_CSC_MATRIX_UINT32, 2, &value),
            ACL_ERROR_INVALID_PARAM);
}

TEST_F(Dvpp, BatchArraysMayNotBeNull) {
  acldvppBatchPicDesc* const batch = acldvppCreateBatchPicDesc(1);
  acldvppRoiConfig* roi = acldvppCreateRoiConfig(0, 63, 0, 63);
  uint32_t count = 1;
  EXPECT_EQ(acldvppVpcBatchCropAsync(channel_, batch, nullptr, 1, batch, &roi, stream_),
            ACL_ERROR_INVALID_PARAM);
  EXPECT_EQ(acldvppVpcBatchCropAsync(channel_, batch, &count, 1, batch, nullptr, stream_),
            ACL_ERROR_INVALID_PARAM);
  EXPECT_EQ(acldvppVpcBatchCropAndPasteAsync(channel_, batch, &count, 1, batch, &roi, nullptr, stream_),
            ACL_ERROR_INVALID_PARAM);
  EXPECT_EQ(acldvppDestroyRoiConfig(roi), ACL_SUCCESS);
  EXPECT_EQ(acldvppDestroyBatchPicDesc(batch), ACL_SUCCESS);
}

// The stream waits for an event that is recorded only after the memory is gone.
TEST_F(Dvpp, MemoryThatIsFreedBeforeItsTaskIsAnErrorOfTheTask) {
  void* source_memory = nullptr;
  void* target_memory = nullptr;
  acldvppPicDesc* const source = make_picture(PIXEL_FORMAT_YUV_SEMIPLANAR_420, 64, &source_memory);
  acldvppPicDesc* const target = make_picture(PIXEL_FORMAT_YUV_SEMIPLANAR_420, 32, &target_memory);
  acldvppResizeConfig* const config = acldvppCreateResizeConfig();
  aclrtStream other = nullptr;
  aclrtEvent gate = nullptr;
  ASSERT_EQ(aclrtCreateStream(&other), ACL_SUCCESS);
  ASSERT_EQ(aclrtCreateEvent(&gate), ACL_SUCCESS);
  ASSERT_EQ(aclrtStreamWaitEvent(stream_, gate), ACL_SUCCESS);
  ASSERT_EQ(acldvppVpcResizeAsync(channel_, source, target, config, stream_), ACL_SUCCESS);
  ASSERT_EQ(acldvppFree(source_memory), ACL_SUCCESS);
  ASSERT_EQ(acldvppDestroyPicDesc(source), ACL_SUCCESS);
  ASSERT_EQ(aclrtRecordEvent(gate, other), ACL_SUCCESS);
  EXPECT_NE(aclrtSynchronizeStream(stream_), ACL_SUCCESS);
  const char* const text = aclGetRecentErrMsg();
  ASSERT_NE(text, nullptr);
  EXPECT_NE(std::string(text).find("VPC1-008"), std::string::npos) << text;
  EXPECT_NE(acldvppGetPicDescRetCode(target), 0U);
  EXPECT_EQ(acldvppDestroyResizeConfig(config), ACL_SUCCESS);
  EXPECT_EQ(acldvppDestroyPicDesc(target), ACL_SUCCESS);
  EXPECT_EQ(acldvppFree(target_memory), ACL_SUCCESS);
  EXPECT_EQ(aclrtDestroyEvent(gate), ACL_SUCCESS);
  EXPECT_EQ(aclrtDestroyStream(other), ACL_SUCCESS);
}

TEST_F(Dvpp, FunctionsWithoutImplementationSaySo) {
  EXPECT_EQ(acldvppPngGetImageInfo(nullptr, 0, nullptr, nullptr, nullptr), ACL_ERROR_FEATURE_UNSUPPORTED);
}

}  // namespace
