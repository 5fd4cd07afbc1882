// aclrtSetOpExecuteTimeOut: an operator that takes too long fails its model.
#include <vector>

#include "acl/acl.h"
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

}  // namespace
}  // namespace cairn
