#include "aipp/aipp_block.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

#include "engine/dynamic_aipp.h"

namespace cairn {
namespace {

AippParams image(int32_t left) {
  AippParams p;
  p.aipp_mode = AippMode::kDynamic;
  p.input_format = AippInputFormat::kYuv420spU8;
  p.src_image_size_w = 256;
  p.src_image_size_h = 224;
  p.csc_switch = p.csc_given = true;
  p.matrix = {{{256, 443, 0}, {256, -86, -178}, {256, 0, 350}}};
  p.output_bias = {1, 2, 255};
  p.input_bias = {3, 128, 129};
  p.rbuv_swap_switch = true;
  p.crop = true;
  p.load_start_pos_w = left;
  p.load_start_pos_h = 2;
  p.crop_size_w = 10;
  p.crop_size_h = 8;
  p.padding = true;
  p.top_padding_size = 1;
  p.bottom_padding_size = 2;
  p.left_padding_size = 3;
  p.right_padding_size = 4;
  p.mean_chn = {104, 117, 123, 7};
  p.min_chn = {0.5F, 1.5F, 2.5F, 3.5F};
  p.var_reci_chn = {0.25F, -2.0F, 65504.0F, 1.0F};
  return p;
}

std::vector<std::byte> block_of(const std::vector<AippParams>& images) {
  std::vector<std::byte> block(aipp_block_bytes(images.size()));
  write_aipp_block(images, block);
  return block;
}

template <class T>
T at(const std::vector<std::byte>& block, size_t offset) {
  T value;
  std::memcpy(&value, block.data() + offset, sizeof value);
  return value;
}

TEST(AippBlock, HasTheFieldsAtTheirPlaces) {
  const std::vector<std::byte> block = block_of({image(4), image(6)});
  ASSERT_EQ(block.size(), 64U + 2 * 96U);
  EXPECT_EQ(at<uint8_t>(block, 0), 1);
  EXPECT_EQ(at<int8_t>(block, 1), 1);
  EXPECT_EQ(at<int8_t>(block, 2), 1);
  EXPECT_EQ(at<int8_t>(block, 3), 0);
  EXPECT_EQ(at<int8_t>(block, 4), 2);
  EXPECT_EQ(at<int32_t>(block, 8), 256);
  EXPECT_EQ(at<int32_t>(block, 12), 224);
  EXPECT_EQ(at<int16_t>(block, 16), 256);
  EXPECT_EQ(at<int16_t>(block, 32), 350);
  EXPECT_EQ(at<uint8_t>(block, 42), 255);
  EXPECT_EQ(at<uint8_t>(block, 43), 3);
  for (const size_t start : {size_t{64}, size_t{160}}) {
    EXPECT_EQ(at<int8_t>(block, start), 1);
    EXPECT_EQ(at<int8_t>(block, start + 2), 1);
    EXPECT_EQ(at<int32_t>(block, start + 8), start == 64 ? 4 : 6);
    EXPECT_EQ(at<int32_t>(block, start + 20), 8);
    EXPECT_EQ(at<int32_t>(block, start + 40), 1);
    EXPECT_EQ(at<int32_t>(block, start + 52), 4);
    EXPECT_EQ(at<int16_t>(block, start + 58), 117);
    EXPECT_EQ(at<uint16_t>(block, start + 64), 0x3800);  // 0.5
    EXPECT_EQ(at<uint16_t>(block, start + 76), 0x7BFF);  // 65504
  }
}

TEST(AippBlock, ReadsWhatWasWritten) {
  const std::vector<AippParams> given = {image(4), image(6), image(8)};
  const std::vector<std::byte> block = block_of(given);
  for (size_t i = 0; i < given.size(); ++i) {
    const auto read = read_aipp_block(block, given.size(), i);
    ASSERT_TRUE(read.is_ok()) << read.status().text();
    EXPECT_EQ(read->load_start_pos_w, given[i].load_start_pos_w);
    EXPECT_EQ(read->matrix, given[i].matrix);
    EXPECT_EQ(read->output_bias, given[i].output_bias);
    EXPECT_EQ(read->input_bias, given[i].input_bias);
    EXPECT_EQ(read->mean_chn, given[i].mean_chn);
    EXPECT_EQ(read->min_chn, given[i].min_chn);
    EXPECT_EQ(read->var_reci_chn, given[i].var_reci_chn);
    EXPECT_EQ(read->right_padding_size, 4);
    EXPECT_TRUE(read->csc_switch && read->rbuv_swap_switch && !read->ax_swap_switch);
  }
}

TEST(AippBlock, CountsTheImagesOfALargeBatchUpTo127) {
  const std::vector<AippParams> given(300, image(4));
  const std::vector<std::byte> block = block_of(given);
  EXPECT_EQ(at<int8_t>(block, 4), 127);
  EXPECT_TRUE(read_aipp_block(block, 300, 299).is_ok());
  EXPECT_FALSE(read_aipp_block(block, 3, 0).is_ok());
}

struct Scribble {
  const char* what;
  size_t offset;
  uint8_t value;
};

TEST(AippBlock, RefusesWhatNoSetterWrites) {
  for (const Scribble& scribble :
       {Scribble{"format", 0, 0}, Scribble{"format of static AIPP only", 0, 8}, Scribble{"format", 0, 200},
        Scribble{"csc", 1, 2}, Scribble{"swap", 2, 255}, Scribble{"ax", 3, 77}, Scribble{"images", 4, 3},
        Scribble{"crop", 64, 2}, Scribble{"resize", 65, 1}, Scribble{"padding mode", 66, 2},
        Scribble{"rotation", 67, 1}}) {
    std::vector<std::byte> block = block_of({image(4), image(6)});
    block[scribble.offset] = static_cast<std::byte>(scribble.value);
    const auto read = read_aipp_block(block, 2, 0);
    ASSERT_FALSE(read.is_ok()) << scribble.what;
    EXPECT_EQ(read.status().text().find("[GDM-061]"), 0U) << scribble.what;
  }
}

class DynamicAippTest : public testing::Test {
 protected:
  static constexpr size_t kBytes = 2 * 256 * 224 * 3 / 2;
  DynamicAippTest() {
    output_.batch = 2;
    output_.width = 17;
    output_.height = 11;
    for (size_t i = 0; i < images_.size(); ++i)
      images_[i] = static_cast<uint8_t>(i * 7 + i / 251);
  }
  Status run(DynamicAipp& aipp, const std::vector<std::byte>& block) {
    return aipp.run(block.data(), images_.data(), result_.data());
  }

  AippOutput output_;
  std::vector<uint8_t> images_ = std::vector<uint8_t>(kBytes);
  std::vector<float> result_ = std::vector<float>(2 * 3 * 11 * 17);
};

TEST_F(DynamicAippTest, RunsEachImageWithItsOwnKernel) {
  DynamicAipp aipp({output_, 1, 2, kBytes});
  ASSERT_TRUE(run(aipp, block_of({image(4), image(6)})).is_ok());
  AippOutput one = output_;
  one.batch = 1;
  for (size_t i = 0; i < 2; ++i) {
    const auto kernel = AippKernel::create(image(i == 0 ? 4 : 6), one);
    ASSERT_TRUE(kernel.is_ok()) << kernel.status().text();
    std::vector<float> expected(result_.size() / 2);
    // The border of dynamic AIPP is 0, and so is that of these parameters.
    kernel->run(images_.data() + i * kernel->image_bytes(), expected.data());
    EXPECT_TRUE(std::equal(expected.begin(), expected.end(),
                           result_.begin() + static_cast<std::ptrdiff_t>(i * expected.size())));
  }
}

TEST_F(DynamicAippTest, TakesNewParametersAndForgetsBadOnes) {
  DynamicAipp aipp({output_, 1, 2, kBytes});
  const auto good = block_of({image(4), image(6)});
  auto bad = good;
  bad[0] = std::byte{0};
  ASSERT_TRUE(run(aipp, good).is_ok());
  const std::vector<float> first = result_;
  EXPECT_FALSE(run(aipp, bad).is_ok());
  EXPECT_FALSE(run(aipp, bad).is_ok());
  ASSERT_TRUE(run(aipp, block_of({image(8), image(6)})).is_ok());
  EXPECT_NE(result_, first);
  ASSERT_TRUE(run(aipp, good).is_ok());
  EXPECT_EQ(result_, first);
}

TEST_F(DynamicAippTest, OfAnOpenBatchTakesParametersForMoreImagesThanItRuns) {
  constexpr size_t kRoom = 5;
  const auto run_open = [&](const std::vector<AippParams>& images) {
    auto block = block_of(images);
    block.resize(aipp_block_bytes(kRoom));
    DynamicAipp aipp({output_, 1, kRoom, kBytes, true});
    return run(aipp, block);
  };
  DynamicAipp fixed({output_, 1, 2, kBytes});
  ASSERT_TRUE(run(fixed, block_of({image(4), image(6)})).is_ok());
  const std::vector<float> expected = result_;
  for (const auto& images : {std::vector{image(4), image(6)}, std::vector{image(4), image(6), image(8)}}) {
    std::ranges::fill(result_, 0.0F);
    EXPECT_TRUE(run_open(images).is_ok());
    EXPECT_EQ(result_, expected);
  }
  const Status status = run_open({image(4)});
  EXPECT_EQ(status.text().find("[GDM-061]"), 0U) << status.text();
}

TEST_F(DynamicAippTest, ImagesBeyondTheBufferAreRefused) {
  DynamicAipp small({output_, 1, 2, kBytes - 1});
  const Status status = run(small, block_of({image(4), image(6)}));
  ASSERT_FALSE(status.is_ok());
  EXPECT_EQ(status.text().find("[GDM-048]"), 0U) << status.text();
}

}  // namespace
}  // namespace cairn
