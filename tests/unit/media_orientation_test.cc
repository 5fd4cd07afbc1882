// The Orientation tag in whatever comes as an Exif block.
#include <gtest/gtest.h>

#include <random>
#include <string>

#include "media/codec/exif_orientation.h"

namespace cairn {
namespace {

Orientation read(const std::string& bytes) {
  return read_orientation({reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()});
}

std::string segment(char marker, const std::string& content) {
  const size_t length = content.size() + 2;
  return std::string("\xFF") + marker + static_cast<char>(length >> 8) + static_cast<char>(length) + content;
}

std::string stream_with(const std::string& tiff) {
  return "\xFF\xD8" + segment('\xE0', "JFIF") + segment('\xE1', std::string("Exif\0\0", 6) + tiff) +
         "\xFF\xDA";
}

const std::string kLittle("II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0", 22);
const std::string kBig("MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x08\0\0", 22);

TEST(Orientation, IsReadInBothByteOrders) {
  EXPECT_EQ(read(stream_with(kLittle)), Orientation::kTurnRight);
  EXPECT_EQ(read(stream_with(kBig)), Orientation::kTurnLeft);
}

TEST(Orientation, FillBytesAreSkipped) {
  EXPECT_EQ(read("\xFF\xD8\xFF\xFF" + segment('\xE1', std::string("Exif\0\0", 6) + kBig)),
            Orientation::kTurnLeft);
}

TEST(Orientation, OutOfRangeOrOfAnotherTypeIsUpright) {
  for (const char value : {'\x00', '\x09', '\x7F'}) {
    std::string tiff = kLittle;
    tiff[18] = value;
    EXPECT_EQ(read(stream_with(tiff)), Orientation::kUpright);
  }
  std::string of_longs = kLittle;
  of_longs[12] = 4;
  EXPECT_EQ(read(stream_with(of_longs)), Orientation::kUpright);
}

TEST(Orientation, BlockBehindTheScanIsNotRead) {
  EXPECT_EQ(read("\xFF\xD8" + segment('\xDA', "") + segment('\xE1', std::string("Exif\0\0", 6) + kBig)),
            Orientation::kUpright);
}

TEST(Orientation, CutsAndNoiseAreUpright) {
  const std::string whole = stream_with(kLittle);
  for (size_t length = 0; length + 6 < whole.size(); ++length)
    EXPECT_EQ(read(whole.substr(0, length)), Orientation::kUpright) << length;
  std::mt19937 random(1);
  for (int round = 0; round < 20000; ++round) {
    std::string noise = whole;
    for (int i = 0; i < 4; ++i)
      noise[2 + random() % (noise.size() - 2)] = static_cast<char>(random());
    const auto value = static_cast<int>(read(noise));
    ASSERT_TRUE(value >= 1 && value <= 8);
  }
}

}  // namespace
}  // namespace cairn
