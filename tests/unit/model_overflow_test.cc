// What a model's half floats that do not fit become, and who learns of it.
#include <vector>

#include "acl/acl.h"
#include "base/half.h"
#include "model_om.h"
#include "runtime_fixture.h"
#include "tensor/float_overflow.h"

namespace cairn {
namespace {

constexpr size_t kHalves = 16;
constexpr size_t kBytes = kHalves * sizeof(uint16_t);
constexpr uint16_t kLargestHalf = 0x7BFF;
constexpr uint16_t kInfinity = 0x7C00;

void replace_all(std::string& text, std::string_view from, std::string_view to) {
  for (size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size())
    text.replace(at, from.size(), to);
}

/// y = x + 65504 in half floats.
class ModelOverflow : public test::RuntimeTest {
 protected:
  void SetUp() override {
    RuntimeTest::SetUp();
    OmModel model = test::add_model({1, kHalves}, std::vector<float>(kBytes / sizeof(float)));
    const std::vector<uint16_t> weights(kHalves, kLargestHalf);
    model.weights = std::as_bytes(std::span(weights));
    replace_all(model.ir_xml, "FP32", "FP16");
    replace_all(model.ir_xml, "f32", "f16");
    const auto halve = [](OmTensor& tensor) {
      tensor.data_type = ACL_FLOAT16;
      tensor.bytes = kBytes;
    };
    halve(model.inputs[0]);
    halve(model.outputs[0]);
    for (OmNode& node : model.nodes) {
      for (OmTensor& tensor : node.input_tensors)
        halve(tensor);
      for (OmTensor& tensor : node.output_tensors)
        halve(tensor);
    }
    file_ = test::to_file(model);
    ASSERT_EQ(aclmdlLoadFromMem(file_.data(), file_.size(), &model_), ACL_SUCCESS) << aclGetRecentErrMsg();
    for (Tensor* tensor : {&x_, &y_}) {
      ASSERT_EQ(aclrtMalloc(&tensor->memory, kBytes, ACL_MEM_MALLOC_HUGE_FIRST), ACL_SUCCESS);
      tensor->buffer = aclCreateDataBuffer(tensor->memory, kBytes);
      tensor->dataset = aclmdlCreateDataset();
      ASSERT_EQ(aclmdlAddDatasetBuffer(tensor->dataset, tensor->buffer), ACL_SUCCESS);
    }
    EXPECT_EQ(aclrtMalloc(&status_, 64, ACL_MEM_MALLOC_HUGE_FIRST), ACL_SUCCESS);
  }
  void TearDown() override {
    for (const Tensor* tensor : {&x_, &y_}) {
      aclmdlDestroyDataset(tensor->dataset);
      aclDestroyDataBuffer(tensor->buffer);
      aclrtFree(tensor->memory);
    }
    aclrtFree(status_);
    EXPECT_EQ(aclmdlUnload(model_), ACL_SUCCESS);
    RuntimeTest::TearDown();
  }

  void set_input(float value) const {
    const std::vector<uint16_t> halves(kHalves, float_to_half(value));
    EXPECT_EQ(aclrtMemcpy(x_.memory, kBytes, halves.data(), kBytes, ACL_MEMCPY_HOST_TO_DEVICE), ACL_SUCCESS);
  }
  void launch(const Ref<Stream>& stream) const {
    EXPECT_EQ(aclmdlExecuteAsync(model_, x_.dataset, y_.dataset, stream.handle()), ACL_SUCCESS);
  }
  uint16_t result() const {
    std::vector<uint16_t> halves(kHalves);
    EXPECT_EQ(aclrtMemcpy(halves.data(), kBytes, y_.memory, kBytes, ACL_MEMCPY_DEVICE_TO_HOST), ACL_SUCCESS);
    return halves.back();
  }
  uint64_t overflow_status(const Ref<Stream>& stream) const {
    EXPECT_EQ(aclrtGetOverflowStatus(status_, 64, stream.handle()), ACL_SUCCESS);
    EXPECT_EQ(aclrtSynchronizeStream(stream.handle()), ACL_SUCCESS);
    uint64_t status = 77;
    EXPECT_EQ(aclrtMemcpy(&status, 8, status_, 8, ACL_MEMCPY_DEVICE_TO_HOST), ACL_SUCCESS);
    return status;
  }

 private:
  struct Tensor {
    void* memory = nullptr;
    aclDataBuffer* buffer = nullptr;
    aclmdlDataset* dataset = nullptr;
  };
  std::string file_;
  uint32_t model_ = 0;
  Tensor x_;
  Tensor y_;
  void* status_ = nullptr;
};

TEST_F(ModelOverflow, IsSeenByAStreamWhoseSwitchIsOn) {
  const Ref<Stream> stream = make_stream();
  EXPECT_EQ(aclrtSetStreamOverflowSwitch(stream.handle(), 1), ACL_SUCCESS);
  set_input(0);
  launch(stream);
  EXPECT_EQ(overflow_status(stream), 0U);
  set_input(100);
  launch(stream);
  EXPECT_EQ(overflow_status(stream), 1U);
  EXPECT_EQ(result(), kLargestHalf);
  EXPECT_EQ(aclrtResetOverflowStatus(stream.handle()), ACL_SUCCESS);
  EXPECT_EQ(overflow_status(stream), 0U);
  EXPECT_EQ(aclrtDestroyStream(stream.handle()), ACL_SUCCESS);
}

TEST_F(ModelOverflow, IsNotSeenWhileTheSwitchIsOff) {
  const Ref<Stream> stream = make_stream();
  set_input(100);
  {
    const test::Gate gate(stream);
    launch(stream);
    EXPECT_EQ(aclrtSetStreamOverflowSwitch(stream.handle(), 1),
              ACL_SUCCESS);  // Too late for this task [RT-057].
  }
  EXPECT_EQ(overflow_status(stream), 0U);
  launch(stream);
  EXPECT_EQ(overflow_status(stream), 1U);
  EXPECT_EQ(aclrtDestroyStream(stream.handle()), ACL_SUCCESS);
}

TEST_F(ModelOverflow, IsNoneInTheModeOfInfinities) {
  EXPECT_EQ(aclrtSetDeviceSatMode(ACL_RT_OVERFLOW_MODE_INFNAN), ACL_SUCCESS);
  const Ref<Stream> stream = make_stream();
  EXPECT_EQ(aclrtSetDeviceSatMode(ACL_RT_OVERFLOW_MODE_SATURATION), ACL_SUCCESS);
  EXPECT_EQ(aclrtSetStreamOverflowSwitch(stream.handle(), 1), ACL_SUCCESS);
  set_input(100);
  launch(stream);
  EXPECT_EQ(overflow_status(stream), 0U);
  EXPECT_EQ(result(), kInfinity);
  EXPECT_EQ(aclrtDestroyStream(stream.handle()), ACL_SUCCESS);
}

TEST(FloatOverflowTest, OnlyInfinitiesAreSaturated) {
  for (uint32_t bits = 0; bits <= 0xFFFF; ++bits) {
    auto half = static_cast<uint16_t>(bits);
    const bool infinite = bits == 0x7C00 || bits == 0xFC00;
    ASSERT_EQ(saturate_halves({&half, 1}), infinite) << bits;
    ASSERT_EQ(half, infinite ? bits - 1 : bits);
  }
  EXPECT_FALSE(saturate_halves({}));
}

}  // namespace
}  // namespace cairn
