// Weights that are read, and checked, when somebody needs them.
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "om/om_model.h"
#include "om/unread_weights.h"

namespace cairn {
namespace {

class UnreadWeightsTest : public testing::Test {
 protected:
  static constexpr uint64_t kOffset = 5;
  UnreadWeightsTest() {
    std::ofstream(path_, std::ios::binary) << "head:" << kText;
    struct stat state {};
    EXPECT_EQ(::stat(path_.c_str(), &state), 0);
    weights_ = std::make_unique<UnreadWeights>(FileDescriptor(path_), FileIdentity(state), kOffset, place_);
  }
  ~UnreadWeightsTest() override { std::filesystem::remove(path_); }
  std::string_view read() const { return {reinterpret_cast<const char*>(place_.data()), place_.size()}; }

  static constexpr std::string_view kText = "these are the weights";
  const uint64_t good_ = om_checksum(std::as_bytes(std::span(kText)));
  const std::filesystem::path path_ =
      std::filesystem::temp_directory_path() / ("unread_weights." + std::to_string(::getpid()));
  std::vector<std::byte> place_ = std::vector<std::byte>(kText.size());
  std::unique_ptr<UnreadWeights> weights_;
};

TEST_F(UnreadWeightsTest, AreReadFromTheirPlace) {
  ASSERT_TRUE(weights_->read().is_ok());
  EXPECT_EQ(read(), kText);
}

TEST_F(UnreadWeightsTest, AreReadAndCheckedOnce) {
  ASSERT_TRUE(weights_->read_checked(good_).is_ok());
  EXPECT_EQ(read(), kText);
  place_[0] = std::byte{'T'};
  EXPECT_TRUE(weights_->read_checked(good_).is_ok()) << "neither is done again";
  EXPECT_EQ(place_[0], std::byte{'T'});
}

TEST_F(UnreadWeightsTest, AreRefusedAsOftenAsTheyAreNeededIfTheyChanged) {
  std::ofstream(path_, std::ios::binary) << "head:"
                                         << "those were weights :(";
  EXPECT_FALSE(weights_->read_checked(good_).is_ok());
  EXPECT_FALSE(weights_->read_checked(good_).is_ok());
  EXPECT_EQ(read(), "those were weights :(");
}

TEST_F(UnreadWeightsTest, OfAFileThatBecameShorterAreRefused) {
  std::filesystem::resize_file(path_, kOffset + 3);
  EXPECT_FALSE(weights_->read_checked(good_).is_ok());
}

}  // namespace
}  // namespace cairn
