#include "base/status.h"

#include <gtest/gtest.h>

#include "acl/acl_base.h"

namespace cairn {
namespace {

Status fail() {
  return error(ACL_ERROR_INVALID_PARAM, "RT-171", "count {} is larger than {}", 5, 4);
}

TEST(StatusTest, IsSuccessByDefault) {
  const Status status;
  EXPECT_TRUE(status.is_ok());
  EXPECT_EQ(status.code(), 0);
  EXPECT_EQ(status.text(), "");
}

TEST(StatusTest, CarriesCodeAndTextWithTheRuleInFront) {
  const Status status = fail();
  EXPECT_FALSE(status.is_ok());
  EXPECT_EQ(status.code(), 100000);
  EXPECT_EQ(status.text(), "[RT-171] count 5 is larger than 4");
}

TEST(StatusTest, IsOnePointerLarge) {
  EXPECT_EQ(sizeof(Status), sizeof(void*));
}

TEST(StatusTest, CopiesAreIndependent) {
  Status first = fail();
  const Status second = first;
  first = Status();
  EXPECT_TRUE(first.is_ok());
  EXPECT_EQ(second.code(), 100000);
}

TEST(StatusTest, CopyAssignmentToItselfKeepsTheError) {
  Status status = fail();
  const Status& same = status;
  status = same;
  EXPECT_EQ(status.text(), "[RT-171] count 5 is larger than 4");
}

TEST(ResultTest, HoldsAValue) {
  const Result<int> result = 7;
  EXPECT_TRUE(result.is_ok());
  EXPECT_EQ(*result, 7);
  EXPECT_EQ(result.code(), 0);
}

TEST(ResultTest, HoldsAnError) {
  const Result<int> result = fail();
  EXPECT_FALSE(result.is_ok());
  EXPECT_EQ(result.code(), 100000);
}

TEST(ResultTest, HoldsMoveOnlyValues) {
  Result<std::unique_ptr<int>> result = std::make_unique<int>(3);
  EXPECT_EQ(**result, 3);
}

Result<int> half_of(int value) {
  if (value % 2 != 0) return error(1, "X-1", "odd");
  return value / 2;
}

Result<int> quarter_of(int value) {
  CAIRN_ASSIGN(const int half, half_of(value));
  CAIRN_ASSIGN(const int quarter, half_of(half));
  return quarter;
}

Status check_even(int value) {
  CAIRN_RETURN_IF_ERROR(half_of(value).status());
  return {};
}

TEST(StatusTest, ErrorWithoutMemoryForItsTextKeepsItsCode) {
  const Status bare(207001);
  EXPECT_FALSE(bare.is_ok());
  EXPECT_EQ(bare.code(), 207001);
  EXPECT_EQ(bare.text().substr(0, 9), "[RT-193] ");
  // NOLINTNEXTLINE(performance-unnecessary-copy-initialization): the copy is what is tested
  const Status copy = bare;
  EXPECT_EQ(copy.code(), 207001);
  EXPECT_EQ(copy.text(), bare.text());
}

TEST(StatusTest, MovedFromIsSuccess) {
  Status from = error(1, "X-1", "text");
  const Status to = std::move(from);
  EXPECT_EQ(to.code(), 1);
  EXPECT_TRUE(from.is_ok());  // NOLINT(bugprone-use-after-move): it is what is tested.
  EXPECT_TRUE(from.text().empty());
}

TEST(ResultTest, AssignMacroHandsValuesAndErrorsOn) {
  EXPECT_EQ(*quarter_of(12), 3);
  EXPECT_EQ(quarter_of(6).status().text(), "[X-1] odd");
  EXPECT_FALSE(quarter_of(5).is_ok());
}

TEST(ResultTest, ReturnMacroHandsErrorsOn) {
  EXPECT_TRUE(check_even(2).is_ok());
  EXPECT_EQ(check_even(3).code(), 1);
}

}  // namespace
}  // namespace cairn
