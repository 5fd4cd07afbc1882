// Names and bytes of dump files, and the figures of their tensors.
#include "dump/dump_file.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <limits>
#include <sstream>
#include <string>

#include "dump/dump_config.h"
#include "dump/tensor_statistics.h"
#include "model/operator_overflow.h"

namespace cairn {
namespace {

namespace fs = std::filesystem;

template <class T, size_t N>
DumpTensor tensor(aclDataType type, const std::array<T, N>& elements) {
  return {type, ACL_FORMAT_ND, {static_cast<int64_t>(N)}, std::as_bytes(std::span(elements))};
}

class DumpFile : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() / ("cairn_dump_" + std::to_string(next_dump_time()));
  }
  void TearDown() override { fs::remove_all(folder_); }
  static std::string read(const fs::path& path) {
    std::stringstream text;
    text << std::ifstream(path, std::ios::binary).rdbuf();
    return text.str();
  }
  fs::path folder_;
};

TEST_F(DumpFile, TimesGrow) {
  uint64_t last = 0;
  for (int i = 0; i < 1000; ++i) {
    const uint64_t time = next_dump_time();
    EXPECT_GT(time, last);
    last = time;
  }
  EXPECT_EQ(std::to_string(last).size(), 16U);
}

TEST_F(DumpFile, NamesHoldOnlyWhatFilesCan) {
  EXPECT_EQ(dump_name("block.1/relu x\\2"), "block_1_relu_x_2");
  EXPECT_EQ(dump_directory_name("ResNet-50 v1.5"), "ResNet_50_v1_5");
  EXPECT_EQ(dump_directory_name(""), "_");
  EXPECT_EQ(dump_name(std::string("a\0b\nc", 5)), "a_b_c");
}

TEST_F(DumpFile, InputsComeBeforeOutputs) {
  constexpr std::array<float, 2> kInput = {1, 2};
  constexpr std::array<int8_t, 3> kOutput = {7, 8, 9};
  const DumpOperator one{
      "Cast", "to_int", {}, 4, 2, {tensor(ACL_FLOAT, kInput)}, {tensor(ACL_INT8, kOutput)}};
  ASSERT_TRUE(write_dump_file(folder_, one, 1234567890123456).is_ok());
  const std::string bytes = read(folder_ / "Cast.to_int.4.2.1234567890123456");
  uint64_t head = 0;
  std::memcpy(&head, bytes.data(), sizeof head);
  ASSERT_EQ(bytes.size(), sizeof head + head + sizeof kInput + sizeof kOutput);
  EXPECT_EQ(bytes.substr(sizeof head + head, sizeof kInput),
            std::string(reinterpret_cast<const char*>(kInput.data()), sizeof kInput));
  EXPECT_EQ(bytes.substr(bytes.size() - 3), "\7\10\11");
}

TEST_F(DumpFile, NamesThatAreTooLongAreMapped) {
  const DumpOperator one{"Relu", std::string(300, 'x'), {}, 1, 0, {}, {}};
  ASSERT_TRUE(write_dump_file(folder_, one, 5).is_ok());
  EXPECT_TRUE(fs::exists(folder_ / "5"));
  EXPECT_EQ(read(folder_ / "mapping.csv"), "5,Relu." + std::string(300, 'x') + ".1.0.5\n");
}

TEST_F(DumpFile, WhatCannotBeWrittenIsAnError) {
  EXPECT_FALSE(write_dump_file("/proc/nowhere", {"Relu", "r", {}, 0, 0, {}, {}}, 1).is_ok());
  constexpr std::array<float, 2> kInput = {1, 2};
  fs::create_directories(folder_);
  // A device that is always full.
  fs::create_symlink("/dev/full", folder_ / "Relu.r.0.0.1");
  EXPECT_EQ(write_dump_file(folder_, {"Relu", "r", {}, 0, 0, {tensor(ACL_FLOAT, kInput)}, {}}, 1).code(),
            ACL_ERROR_WRITE_FILE);
}

TEST(TensorStatistics, CountWhatIsNotFinite) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  const std::array<float, 6> elements = {1, -3, kInfinity, -kInfinity, std::nanf(""), 4};
  const TensorStatistics found = statistics_of(tensor(ACL_FLOAT, elements));
  EXPECT_EQ(found.count, 6U);
  EXPECT_EQ(found.nan, 1U);
  EXPECT_EQ(found.positive_infinity, 1U);
  EXPECT_EQ(found.negative_infinity, 1U);
  EXPECT_EQ(found.max, 4);
  EXPECT_EQ(found.min, -3);
  EXPECT_NEAR(found.average, 2.0 / 3, 1e-9);
  EXPECT_NEAR(found.norm, std::sqrt(26.0), 1e-9);
  EXPECT_FALSE(all_finite(tensor(ACL_FLOAT, elements)));
}

TEST(TensorStatistics, HalvesAndEmptyTensors) {
  constexpr std::array<uint16_t, 2> kHalves = {0x3C00, 0x7C00};  // 1 and infinity
  EXPECT_FALSE(all_finite(tensor(ACL_FLOAT16, kHalves)));
  EXPECT_TRUE(all_finite(tensor(ACL_UINT16, kHalves)));
  EXPECT_EQ(statistics_of(tensor(ACL_FLOAT16, kHalves)).max, 1);
  EXPECT_TRUE(all_finite({}));
  EXPECT_EQ(statistics_of({}).count, 0U);
}

TEST(OperatorOverflow, BroadcastIntegers) {
  constexpr std::array<int32_t, 2> kColumn = {1, 2147483647};
  constexpr std::array<int32_t, 3> kRow = {0, 0, 1};
  constexpr std::array<int32_t, 6> kSum = {};
  DumpTensor column = tensor(ACL_INT32, kColumn);
  column.dims = {2, 1};
  DumpTensor sum = tensor(ACL_INT32, kSum);
  sum.dims = {2, 3};
  DumpOperator add{"Add", "a", {}, 0, 0, {column, tensor(ACL_INT32, kRow)}, {sum}};
  EXPECT_EQ(overflow_status(add), kIntegerArithmetic);
  constexpr std::array<int32_t, 3> kSmall = {0, 0, 0};
  add.inputs[1] = tensor(ACL_INT32, kSmall);
  EXPECT_EQ(overflow_status(add), 0U);
}

TEST(OperatorOverflow, ShapesThatDoNotFitAreNoFault) {
  constexpr std::array<int32_t, 2> kTwo = {2147483647, 2147483647};
  constexpr std::array<int32_t, 6> kSix = {};
  DumpTensor sum = tensor(ACL_INT32, kSix);
  sum.dims = {3, 2};
  DumpTensor wrong = tensor(ACL_INT32, kTwo);
  wrong.dims = {9, 9, 9};
  const DumpOperator add{"Add", "a", {}, 0, 0, {wrong, wrong}, {sum}};
  EXPECT_NO_FATAL_FAILURE(overflow_status(add));
}

}  // namespace
}  // namespace cairn
