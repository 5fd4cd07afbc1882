// acl/acl_op_compiler.h, as a C++ program uses it.
#include "acl/acl_op_compiler.h"

#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <string>
#include <vector>

#include "acl/acl.h"
#include "acl/acl_op.h"
#include "runtime_fixture.h"

namespace {

using Dims = std::vector<int64_t>;

/// One call of an operator whose tensors are floats on the device, but for a last input of int32 values.
class OperatorCompile : public cairn::test::RuntimeTest {
 protected:
  void TearDown() override {
    aclopSetCompileFlag(ACL_OP_COMPILE_DEFAULT);
    for (aclTensorDesc* desc : descs_)
      aclDestroyTensorDesc(desc);
    for (aclDataBuffer* buffer : buffers_)
      aclDestroyDataBuffer(buffer);
    for (void* memory : memory_)
      aclrtFree(memory);
    aclopDestroyAttr(attr_);
    RuntimeTest::TearDown();
  }

  aclTensorDesc* desc(const Dims& dims, aclDataType type = ACL_FLOAT) {
    descs_.push_back(aclCreateTensorDesc(type, static_cast<int>(dims.size()), dims.data(), ACL_FORMAT_ND));
    return descs_.back();
  }
  aclDataBuffer* on_device(const std::vector<float>& values) {
    void* memory = nullptr;
    const size_t size = values.size() * sizeof(float);
    EXPECT_EQ(aclrtMalloc(&memory, size, ACL_MEM_MALLOC_HUGE_FIRST), ACL_SUCCESS);
    EXPECT_EQ(aclrtMemcpy(memory, size, values.data(), size, ACL_MEMCPY_HOST_TO_DEVICE), ACL_SUCCESS);
    memory_.push_back(memory);
    buffers_.push_back(aclCreateDataBuffer(memory, size));
    return buffers_.back();
  }
  static std::vector<float> read(const aclDataBuffer* buffer) {
    const size_t size = aclGetDataBufferSizeV2(buffer);
    std::vector<float> values(size / sizeof(float));
    EXPECT_EQ(aclrtMemcpy(values.data(), size, aclGetDataBufferAddr(buffer), size, ACL_MEMCPY_DEVICE_TO_HOST),
              ACL_SUCCESS);
    return values;
  }

  /// x over `axis`, which lies in host memory with this placement.
  aclError reduce(int32_t& axis, aclMemType placement, bool compile, std::vector<float>& result) {
    std::array<aclTensorDesc*, 2> in_desc = {desc({2, 2}), desc({1}, ACL_INT32)};
    EXPECT_EQ(aclSetTensorPlaceMent(in_desc[1], placement), ACL_SUCCESS);
    buffers_.push_back(aclCreateDataBuffer(&axis, sizeof axis));
    std::array<aclDataBuffer*, 2> in = {nullptr, buffers_.back()};
    in[0] = on_device({1, 2, 30, 40});
    std::array<aclTensorDesc*, 1> out_desc = {desc({2})};
    std::array<aclDataBuffer*, 1> out = {on_device({0, 0})};
    const aclError code = compile ? aclopCompileAndExecuteV2(
                                        "ReduceSum", 2, in_desc.data(), in.data(), 1, out_desc.data(),
                                        out.data(), attr_, ACL_ENGINE_SYS, ACL_COMPILE_SYS, nullptr, nullptr)
                                  : aclopExecuteV2("ReduceSum", 2, in_desc.data(), in.data(), 1,
                                                   out_desc.data(), out.data(), attr_, nullptr);
    if (code == ACL_SUCCESS) {
      EXPECT_EQ(aclrtSynchronizeStream(nullptr), ACL_SUCCESS);
      result = read(out[0]);
    }
    return code;
  }

  aclError add(int64_t size, bool compile) {
    const std::vector<float> ones(static_cast<size_t>(size), 1.0F);
    std::array<const aclTensorDesc*, 2> in_desc = {desc({size}), desc({size})};
    std::array<const aclDataBuffer*, 2> in = {on_device(ones), on_device(ones)};
    std::array<const aclTensorDesc*, 1> out_desc = {desc({size})};
    aclDataBuffer* const target = on_device(std::vector<float>(ones.size()));
    std::array<aclDataBuffer*, 1> out = {target};
    const aclError code =
        compile ? aclopCompileAndExecute("Add", 2, in_desc.data(), in.data(), 1, out_desc.data(), out.data(),
                                         nullptr, ACL_ENGINE_SYS, ACL_COMPILE_SYS, nullptr, nullptr)
                : aclopExecute("Add", 2, in_desc.data(), in.data(), 1, out_desc.data(), out.data(), nullptr,
                               nullptr);
    if (code != ACL_SUCCESS) return code;
    EXPECT_EQ(aclrtSynchronizeStream(nullptr), ACL_SUCCESS);
    EXPECT_EQ(read(target), std::vector<float>(ones.size(), 2.0F));
    return code;
  }

  aclopAttr* attr_ = aclopCreateAttr();

 private:
  std::vector<aclTensorDesc*> descs_;
  std::vector<aclDataBuffer*> buffers_;
  std::vector<void*> memory_;
};

TEST_F(OperatorCompile, CompiledOperatorsAreFoundByExecute) {
  EXPECT_EQ(add(1001, false), ACL_ERROR_OP_NOT_FOUND);
  std::array<const aclTensorDesc*, 2> in = {desc({1001}), desc({1001})};
  std::array<const aclTensorDesc*, 1> out = {desc({1001})};
  EXPECT_EQ(
      aclopCompile("Add", 2, in.data(), 1, out.data(), nullptr, ACL_ENGINE_SYS, ACL_COMPILE_SYS, nullptr),
      ACL_SUCCESS);
  EXPECT_EQ(add(1001, false), ACL_SUCCESS);
  EXPECT_EQ(add(1002, false), ACL_ERROR_OP_INPUT_NOT_MATCH);
  EXPECT_EQ(add(1002, true), ACL_SUCCESS);
  EXPECT_EQ(add(1002, false), ACL_SUCCESS);
}

TEST_F(OperatorCompile, WhatCannotBeBuiltIsRefused) {
  std::array<const aclTensorDesc*, 2> in = {desc({3}), desc({4})};
  std::array<const aclTensorDesc*, 1> out = {desc({3})};
  const auto compile = [&](const char* type, int inputs, aclopEngineType engine, aclopCompileType flag) {
    return aclopCompile(type, inputs, in.data(), 1, out.data(), nullptr, engine, flag, nullptr);
  };
  EXPECT_NE(compile("Add", 2, ACL_ENGINE_SYS, ACL_COMPILE_SYS), ACL_SUCCESS);
  EXPECT_NE(compile("Add", 1, ACL_ENGINE_SYS, ACL_COMPILE_SYS), ACL_SUCCESS);
  EXPECT_EQ(compile("NoSuchOperator", 2, ACL_ENGINE_SYS, ACL_COMPILE_SYS), ACL_ERROR_OP_NOT_FOUND);
  EXPECT_EQ(compile(nullptr, 2, ACL_ENGINE_SYS, ACL_COMPILE_SYS), ACL_ERROR_INVALID_PARAM);
  EXPECT_EQ(compile("Relu", -1, ACL_ENGINE_SYS, ACL_COMPILE_SYS), ACL_ERROR_INVALID_PARAM);
  EXPECT_EQ(compile("Relu", 1, static_cast<aclopEngineType>(9), ACL_COMPILE_SYS), ACL_ERROR_INVALID_PARAM);
  EXPECT_EQ(compile("Relu", 1, ACL_ENGINE_SYS, ACL_COMPILE_UNREGISTERED), ACL_ERROR_FEATURE_UNSUPPORTED);
  EXPECT_EQ(compile("Relu", 1, ACL_ENGINE_VECTOR, ACL_COMPILE_SYS), ACL_SUCCESS);
}

TEST_F(OperatorCompile, FuzzyCompilationServesAllSizes) {
  EXPECT_EQ(aclopSetCompileFlag(static_cast<aclOpCompileFlag>(2)), ACL_ERROR_INVALID_PARAM);
  EXPECT_EQ(aclopSetCompileFlag(ACL_OP_COMPILE_FUZZ), ACL_SUCCESS);
  std::array<const aclTensorDesc*, 1> tensor = {desc({3, 5})};
  EXPECT_EQ(aclopCompile("Softplus", 1, tensor.data(), 1, tensor.data(), nullptr, ACL_ENGINE_SYS,
                         ACL_COMPILE_SYS, nullptr),
            ACL_SUCCESS);
  EXPECT_EQ(aclopSetCompileFlag(ACL_OP_COMPILE_DEFAULT), ACL_SUCCESS);
  std::array<const aclTensorDesc*, 1> other = {desc({2, 2})};
  std::array<const aclDataBuffer*, 1> in = {on_device({0, 0, 0, 0})};
  aclDataBuffer* const target = on_device({0, 0, 0, 0});
  std::array<aclDataBuffer*, 1> out = {target};
  ASSERT_EQ(
      aclopExecute("Softplus", 1, other.data(), in.data(), 1, other.data(), out.data(), nullptr, nullptr),
      ACL_SUCCESS);
  EXPECT_EQ(aclrtSynchronizeStream(nullptr), ACL_SUCCESS);
  EXPECT_FLOAT_EQ(read(target)[3], 0.6931472F);
}

// [COM-052]
TEST_F(OperatorCompile, ValuesInHostMemoryAreAPartOfTheOperator) {
  EXPECT_EQ(aclopSetAttrBool(attr_, "keep_dims", 0), ACL_SUCCESS);
  EXPECT_EQ(aclopSetAttrBool(attr_, "apart", 1), ACL_SUCCESS);  // From those of other tests.
  std::vector<float> result;
  int32_t axis = 0;
  ASSERT_EQ(reduce(axis, ACL_MEMTYPE_HOST, true, result), ACL_SUCCESS) << aclGetRecentErrMsg();
  EXPECT_EQ(result, (std::vector<float>{31, 42}));
  axis = 1;
  EXPECT_NE(reduce(axis, ACL_MEMTYPE_HOST, false, result),
            ACL_SUCCESS);  // Another operator, not compiled yet.
  ASSERT_EQ(reduce(axis, ACL_MEMTYPE_HOST, true, result), ACL_SUCCESS);
  EXPECT_EQ(result, (std::vector<float>{3, 70}));
  EXPECT_EQ(reduce(axis, ACL_MEMTYPE_HOST, false, result), ACL_SUCCESS);
}

// [COM-052]
TEST_F(OperatorCompile, ValuesInHostMemoryCanBeDataInstead) {
  EXPECT_EQ(aclopSetAttrBool(attr_, "keep_dims", 0), ACL_SUCCESS);
  std::vector<float> result;
  int32_t axis = 0;
  EXPECT_NE(reduce(axis, ACL_MEMTYPE_HOST_COMPILE_INDEPENDENT, false, result), ACL_SUCCESS);
  ASSERT_EQ(reduce(axis, ACL_MEMTYPE_HOST_COMPILE_INDEPENDENT, true, result), ACL_SUCCESS)
      << aclGetRecentErrMsg();
  EXPECT_EQ(result, (std::vector<float>{31, 42}));
  axis = 1;
  ASSERT_EQ(reduce(axis, ACL_MEMTYPE_HOST_COMPILE_INDEPENDENT, false, result), ACL_SUCCESS)
      << aclGetRecentErrMsg();
  EXPECT_EQ(result, (std::vector<float>{3, 70}));
}

TEST(CompileOptions, AreKeptAndChecked) {
  EXPECT_EQ(aclGetCompileoptSize(ACL_DEBUG_DIR), 1U);
  EXPECT_EQ(aclSetCompileopt(ACL_DEBUG_DIR, "folder"), ACL_SUCCESS);
  ASSERT_EQ(aclGetCompileoptSize(ACL_DEBUG_DIR), 7U);
  std::array<char, 8> text{};
  EXPECT_EQ(aclGetCompileopt(ACL_DEBUG_DIR, text.data(), 6), ACL_ERROR_INVALID_PARAM);
  EXPECT_EQ(aclGetCompileopt(ACL_DEBUG_DIR, nullptr, 8), ACL_ERROR_INVALID_PARAM);
  EXPECT_EQ(aclGetCompileopt(ACL_DEBUG_DIR, text.data(), text.size()), ACL_SUCCESS);
  EXPECT_STREQ(text.data(), "folder");
  EXPECT_EQ(aclSetCompileopt(ACL_OP_JIT_COMPILE, "disable"), ACL_SUCCESS);
  EXPECT_EQ(aclSetCompileopt(ACL_OP_JIT_COMPILE, "perhaps"), ACL_ERROR_INVALID_PARAM);
  EXPECT_EQ(aclSetCompileopt(ACL_OP_JIT_COMPILE, nullptr), ACL_ERROR_INVALID_PARAM);
  EXPECT_EQ(aclSetCompileopt(static_cast<aclCompileOpt>(17), "x"), ACL_ERROR_INVALID_PARAM);
  EXPECT_EQ(aclGetCompileoptSize(static_cast<aclCompileOpt>(-1)), 0U);
}

}  // namespace
