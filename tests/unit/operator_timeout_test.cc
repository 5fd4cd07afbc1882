// aclrtSetOpExecuteTimeOut: an operator that takes too long fails, and so does its model.
#include <vector>

#include "acl/acl.h"
#include "acl/acl_op_compiler.h"
#include "model_om.h"
#include "runtime_fixture.h"

namespace cairn {
namespace {

constexpr int64_t kElements = int64_t{1} << 23;  // An addition of 32 MiB takes more than a millisecond.

class OperatorTimeout : public test::RuntimeTest {
 protected:
  void TearDown() override {
    aclrtSetOpExecuteTimeOut(0);
    test::RuntimeTest::TearDown();
  }
};

TEST_F(OperatorTimeout, EndsAModelWithTheCode) {
  const std::vector<float> weights(kElements, 1);
  const std::string file = test::to_file(test::add_model({kElements}, weights));
  uint32_t id = 0;
  ASSERT_EQ(aclmdlLoadFromMem(file.data(), file.size(), &id), ACL_SUCCESS) << aclGetRecentErrMsg();
  std::vector<aclmdlDataset*> sets;
  std::vector<void*> memory;
  for (int i = 0; i < 2; ++i) {
    void* address = nullptr;
    ASSERT_EQ(aclrtMalloc(&address, kElements * sizeof(float), ACL_MEM_MALLOC_HUGE_FIRST), ACL_SUCCESS);
    memory.push_back(address);
    sets.push_back(aclmdlCreateDataset());
    aclmdlAddDatasetBuffer(sets.back(), aclCreateDataBuffer(address, kElements * sizeof(float)));
  }
  EXPECT_EQ(aclmdlExecute(id, sets[0], sets[1]), ACL_SUCCESS);
  ASSERT_EQ(aclrtSetOpExecuteTimeOutWithMs(1), ACL_SUCCESS);
  EXPECT_EQ(aclmdlExecute(id, sets[0], sets[1]), ACL_ERROR_RT_AICORE_TIMEOUT);
  const std::string text = aclGetRecentErrMsg();
  EXPECT_NE(text.find("OP-006"), std::string::npos) << text;
  // The last value counts [OP-008]; 0 is the default, which is no limit [OP-007].
  ASSERT_EQ(aclrtSetOpExecuteTimeOut(600), ACL_SUCCESS);
  EXPECT_EQ(aclmdlExecute(id, sets[0], sets[1]), ACL_SUCCESS);
  ASSERT_EQ(aclrtSetOpExecuteTimeOut(0), ACL_SUCCESS);
  EXPECT_EQ(aclmdlExecute(id, sets[0], sets[1]), ACL_SUCCESS);
  for (aclmdlDataset* set : sets) {
    aclDestroyDataBuffer(aclmdlGetDatasetBuffer(set, 0));
    aclmdlDestroyDataset(set);
  }
  for (void* address : memory)
    aclrtFree(address);
  EXPECT_EQ(aclmdlUnload(id), ACL_SUCCESS);
}

TEST_F(OperatorTimeout, EndsASingleOperatorOfOpenShapes) {
  const size_t bytes = kElements * sizeof(float);
  aclrtStream stream = nullptr;
  ASSERT_EQ(aclrtCreateStream(&stream), ACL_SUCCESS);
  void* memory = nullptr;
  ASSERT_EQ(aclrtMalloc(&memory, bytes, ACL_MEM_MALLOC_HUGE_FIRST), ACL_SUCCESS);
  aclTensorDesc* const desc = aclCreateTensorDesc(ACL_FLOAT, 1, &kElements, ACL_FORMAT_ND);
  aclDataBuffer* const buffer = aclCreateDataBuffer(memory, bytes);
  const auto run = [&] {
    const aclError code = aclopCompileAndExecute("Neg", 1, &desc, &buffer, 1, &desc, &buffer, nullptr,
                                                 ACL_ENGINE_SYS, ACL_COMPILE_SYS, nullptr, stream);
    return code != ACL_SUCCESS ? code : aclrtSynchronizeStream(stream);
  };
  ASSERT_EQ(aclopSetCompileFlag(ACL_OP_COMPILE_FUZZ), ACL_SUCCESS);  // Compiles for open shapes.
  EXPECT_EQ(run(), ACL_SUCCESS) << aclGetRecentErrMsg();
  ASSERT_EQ(aclrtSetOpExecuteTimeOutWithMs(1), ACL_SUCCESS);
  EXPECT_EQ(run(), ACL_ERROR_RT_AICORE_TIMEOUT);
  ASSERT_EQ(aclrtSetOpExecuteTimeOut(600), ACL_SUCCESS);
  EXPECT_EQ(run(), ACL_SUCCESS);
  ASSERT_EQ(aclopSetCompileFlag(ACL_OP_COMPILE_DEFAULT), ACL_SUCCESS);
  EXPECT_EQ(aclDestroyDataBuffer(buffer), ACL_SUCCESS);
  aclDestroyTensorDesc(desc);
  EXPECT_EQ(aclrtFree(memory), ACL_SUCCESS);
  EXPECT_EQ(aclrtDestroyStream(stream), ACL_SUCCESS);
}

}  // namespace
}  // namespace cairn
