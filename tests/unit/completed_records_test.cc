#include "device/completed_records.h"

#include <gtest/gtest.h>

namespace cairn {
namespace {

TEST(CompletedRecordsTest, KnowsNumbersThatComeInOrder) {
  CompletedRecords completed;
  EXPECT_FALSE(completed.contains(1));
  completed.add(1);
  completed.add(2);
  EXPECT_TRUE(completed.contains(1));
  EXPECT_TRUE(completed.contains(2));
  EXPECT_FALSE(completed.contains(3));
  EXPECT_TRUE(completed.contains_all_until(2));
}

TEST(CompletedRecordsTest, ALaterNumberSaysNothingOfAnEarlierOne) {
  CompletedRecords completed;
  completed.make_room(5);
  for (const uint64_t record : {5, 2, 4})
    completed.add(record);
  for (const uint64_t record : {2, 4, 5})
    EXPECT_TRUE(completed.contains(record));
  for (const uint64_t record : {1, 3, 6})
    EXPECT_FALSE(completed.contains(record));
  completed.add(1);
  EXPECT_TRUE(completed.contains_all_until(2));
  EXPECT_FALSE(completed.contains(3));
  completed.add(3);
  EXPECT_TRUE(completed.contains_all_until(5));
}

}  // namespace
}  // namespace cairn
