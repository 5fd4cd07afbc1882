#include "device/soc_profile.h"
#include "device/missing_functions.h"

#include <gtest/gtest.h>

namespace cairn {
namespace {

TEST(SocProfileTest, KnowsTheChipsByTheirFullAndShortNames) {
  for (const char* name : {"Ascend310", "Ascend310P3", "Ascend310B4", "Ascend910A", "Ascend910B1"}) {
    const SocProfile* profile = find_soc_profile(name);
    ASSERT_NE(profile, nullptr) << name;
    EXPECT_EQ(profile->name, name);
    EXPECT_EQ(find_soc_profile(std::string_view(name).substr(6)), profile);
  }
}

TEST(SocProfileTest, DoesNotKnowOtherNames) {
  for (const char* name : {"", "Ascend", "Ascend9999", "310B4x", "ascend 310", "Ascend310B4\n"})
    EXPECT_EQ(find_soc_profile(name), nullptr) << name;
}

TEST(SocProfileTest, TheBoardHasTheLimitsOfTheManual) {
  const SocProfile* board = find_soc_profile("Ascend310B4");
  ASSERT_NE(board, nullptr);
  EXPECT_EQ(board->run_mode, ACL_DEVICE);
  EXPECT_EQ(board->most_streams, 512U);
  EXPECT_EQ(board->internal_streams, 1U);
  EXPECT_EQ(board->most_sync_events, 1023U);
  EXPECT_EQ(board->most_recorded_events, 65535U);
  EXPECT_FALSE(board->has_hbm);
}

TEST(SocProfileTest, CardsRunTheirProgramsOnTheHost) {
  for (const char* name : {"Ascend310", "Ascend310P3", "Ascend910A", "Ascend910B1"})
    EXPECT_EQ(find_soc_profile(name)->run_mode, ACL_HOST) << name;
}

TEST(SocProfileTest, OnlyTheBoardLacksFunctions) {
  const SocProfile& board = *find_soc_profile("Ascend310B4");
  const SocProfile& card = *find_soc_profile("Ascend310P3");
  for (const char* name : {"aclrtSetDeviceSatMode", "aclrtMemcpy2d", "aclrtGetGroupInfoDetail",
                           "aclTransTensorDescFormat", "aclfvInit"}) {
    EXPECT_NE(find_missing_function(board, name), nullptr) << name;
    EXPECT_EQ(find_missing_function(card, name), nullptr) << name;
  }
  EXPECT_EQ(find_missing_function(board, "aclrtMemcpy"), nullptr);
  EXPECT_EQ(find_missing_function(board, ""), nullptr);
  SocProfile lenient = board;
  lenient.lenient = true;
  EXPECT_EQ(find_missing_function(lenient, "aclrtMemcpy2d"), nullptr);
}

TEST(SocProfileTest, AllNamesStandInTheList) {
  const std::string names = known_soc_names();
  EXPECT_NE(names.find("Ascend310P3"), std::string::npos);
  EXPECT_NE(names.find("Ascend910B1"), std::string::npos);
}

TEST(SocProfileTest, WithoutSettingsTheProfileIsLenient) {
  if (getenv("CAIRN_SOC") != nullptr) unsetenv("CAIRN_SOC");
  EXPECT_EQ(current_soc().name, "Ascend310P3");
  EXPECT_TRUE(current_soc().lenient);
}

}  // namespace
}  // namespace cairn
