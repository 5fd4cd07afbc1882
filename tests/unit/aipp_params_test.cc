#include "aipp/aipp_params.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>
#include <string>

namespace cairn {
namespace {

struct Given {
  AippParams params;
  AippOutput output;
};

// A legal YUV420SP picture of 64x48 with crop, border, colour conversion: each test breaks one thing.
Given legal() {
  Given given;
  AippParams& p = given.params;
  p.aipp_mode = AippMode::kStatic;
  p.input_format = AippInputFormat::kYuv420spU8;
  p.src_image_size_w = 64;
  p.src_image_size_h = 48;
  p.crop = true;
  p.load_start_pos_w = 4;
  p.load_start_pos_h = 2;
  p.crop_size_w = 32;
  p.crop_size_h = 16;
  p.padding = true;
  p.left_padding_size = 1;
  p.right_padding_size = 2;
  p.top_padding_size = 3;
  p.bottom_padding_size = 4;
  p.csc_switch = true;
  given.output.width = 35;
  given.output.height = 23;
  return given;
}

using Change = std::function<void(Given&)>;

struct RuleCase {
  std::string name;
  std::string rule;
  std::string in_text;  // What the message must name.
  Change broken;
  Change neighbour;  // Legal, next to the broken one.
};

void PrintTo(const RuleCase& rule_case, std::ostream* os) {
  *os << rule_case.name;
}

class AippRule : public testing::TestWithParam<RuleCase> {};

TEST_P(AippRule, FiresOnTheBrokenCaseOnly) {
  const RuleCase& c = GetParam();
  Given broken = legal();
  c.broken(broken);
  const auto refused = resolve(broken.params, broken.output);
  ASSERT_FALSE(refused.is_ok());
  const std::string text(refused.status().text());
  EXPECT_EQ(text.find("[" + c.rule + "] "), 0U) << text;
  EXPECT_NE(text.find(c.in_text), std::string::npos) << text;

  Given neighbour = legal();
  c.neighbour(neighbour);
  const auto accepted = resolve(neighbour.params, neighbour.output);
  EXPECT_TRUE(accepted.is_ok()) << accepted.status().text();
}

void uncropped(Given& g, int width, int height) {
  g.params.crop = g.params.padding = false;
  g.params.src_image_size_w = width;
  g.params.src_image_size_h = height;
  g.output.width = width;
  g.output.height = height;
}

void gray(Given& g, int width, int height) {
  uncropped(g, width, height);
  g.params.input_format = AippInputFormat::kYuv400U8;
  g.params.csc_switch = false;
  g.output.channels = 1;
}

void rgb(Given& g) {
  g.params.input_format = AippInputFormat::kRgb888U8;
}

void matrix(Given& g, int value) {
  g.params.csc_given = true;
  g.params.matrix[1][2] = value;
}

const RuleCase kRules[] = {
    {"FormatMissing", "AIPP-018", "input_format",
     [](Given& g) { g.params.input_format = AippInputFormat::kUndefined; }, [](Given&) {}},
    {"FormatRaw", "AIPP-066", "RAW10", [](Given& g) { g.params.input_format = AippInputFormat::kRaw10; },
     [](Given& g) { g.params.input_format = AippInputFormat::kYuyvU8; }},
    {"YuyvCropStartOdd", "AIPP-040", "YUYV_U8",
     [](Given& g) {
       g.params.input_format = AippInputFormat::kYuyvU8;
       g.params.load_start_pos_w = 5;
     },
     [](Given& g) {
       g.params.input_format = AippInputFormat::kYuyvU8;
       g.params.load_start_pos_h = 3;
     }},
    {"FormatOutsideTheEnum", "AIPP-066", "YUV420SP_U8",
     [](Given& g) { g.params.input_format = static_cast<AippInputFormat>(200); }, rgb},
    {"Resize", "AIPP-059", "resize", [](Given& g) { g.params.resize = true; },
     [](Given& g) { g.params.resize_output_w = 7; }},
    {"CscOfGray", "AIPP-030", "YUV400_U8",
     [](Given& g) {
       gray(g, 8, 8);
       g.params.csc_switch = true;
     },
     [](Given& g) { gray(g, 8, 8); }},
    {"SourceWidthNegative", "AIPP-037", "src_image_size_w is -2",
     [](Given& g) { g.params.src_image_size_w = -2; }, [](Given& g) { g.params.src_image_size_w = 4096; }},
    {"SourceWidthOne", "AIPP-037", "src_image_size_w is 1", [](Given& g) { gray(g, 1, 5); },
     [](Given& g) { gray(g, 2, 5); }},
    {"SourceWidthOneFromTheModel", "AIPP-037", "src_image_size_w is 1",
     [](Given& g) {
       gray(g, 0, 0);
       g.output.width = 1;
       g.output.height = 5;
     },
     [](Given& g) {
       gray(g, 0, 0);
       g.output.width = 2;
       g.output.height = 5;
     }},
    {"SourceWidthLarge", "AIPP-037", "4098", [](Given& g) { g.params.src_image_size_w = 4098; },
     [](Given& g) { g.params.src_image_size_w = 4096; }},
    {"SourceWidthOdd", "AIPP-037", "even", [](Given& g) { g.params.src_image_size_w = 65; },
     [](Given& g) {
       rgb(g);
       g.params.src_image_size_w = 65;
     }},
    {"SourceHeightLarge", "AIPP-038", "4097", [](Given& g) { g.params.src_image_size_h = 4097; },
     [](Given& g) { g.params.src_image_size_h = 4096; }},
    {"SourceHeightOdd", "AIPP-038", "even", [](Given& g) { g.params.src_image_size_h = 49; },
     [](Given& g) {
       rgb(g);
       g.params.src_image_size_h = 49;
     }},
    {"SourceSizeMissing", "E10052", "src_image_size_h is 0", [](Given& g) { g.params.src_image_size_h = 0; },
     [](Given& g) {
       uncropped(g, 34, 22);
       g.params.src_image_size_h = 0;
     }},
    {"CropStartNegative", "AIPP-040", "load_start_pos_w is -2",
     [](Given& g) { g.params.load_start_pos_w = -2; }, [](Given& g) { g.params.load_start_pos_w = 0; }},
    {"CropStartOdd", "AIPP-040", "even", [](Given& g) { g.params.load_start_pos_w = 3; },
     [](Given& g) {
       rgb(g);
       g.params.load_start_pos_w = 3;
     }},
    {"CropTopOdd", "AIPP-041", "even", [](Given& g) { g.params.load_start_pos_h = 3; },
     [](Given& g) {
       rgb(g);
       g.params.load_start_pos_h = 3;
     }},
    {"CropTopLarge", "AIPP-041", "4097", [](Given& g) { g.params.load_start_pos_h = 4097; },
     [](Given& g) { g.params.load_start_pos_h = 32; }},
    {"CropWidthOdd", "AIPP-042", "even",
     [](Given& g) {
       g.params.crop_size_w = 31;
       g.output.width = 34;
     },
     [](Given& g) {
       g.params.crop_size_w = 30;
       g.output.width = 33;
     }},
    {"CropWidthNegative", "AIPP-042", "crop_size_w is -1", [](Given& g) { g.params.crop_size_w = -1; },
     [](Given&) {}},
    {"CropHeightOdd", "AIPP-043", "even",
     [](Given& g) {
       g.params.crop_size_h = 17;
       g.output.height = 24;
     },
     [](Given& g) {
       g.params.crop_size_h = 18;
       g.output.height = 25;
     }},
    {"CropWindowRight", "AIPP-046", "src_image_size_w 64", [](Given& g) { g.params.load_start_pos_w = 34; },
     [](Given& g) { g.params.load_start_pos_w = 32; }},
    {"CropWindowBottom", "AIPP-046", "src_image_size_h 48", [](Given& g) { g.params.load_start_pos_h = 34; },
     [](Given& g) { g.params.load_start_pos_h = 32; }},
    {"PaddingLarge", "AIPP-048", "left_padding_size is 33",
     [](Given& g) {
       g.params.left_padding_size = 33;
       g.output.width += 32;
     },
     [](Given& g) {
       g.params.left_padding_size = 32;
       g.output.width += 31;
     }},
    {"PaddingNegative", "AIPP-048", "bottom_padding_size is -1",
     [](Given& g) { g.params.bottom_padding_size = -1; },
     [](Given& g) {
       g.params.bottom_padding_size = 0;
       g.output.height -= 4;
     }},
    {"PaddedWidth", "AIPP-049", "1081",
     [](Given& g) {
       g.params.src_image_size_w = 1200;
       g.params.crop_size_w = 1078;
       g.output.width = 1081;
     },
     [](Given& g) {
       g.params.src_image_size_w = 1200;
       g.params.crop_size_w = 1078;
       g.params.left_padding_size = 0;
       g.output.width = 1080;
     }},
    {"PaddingValueNan", "E10052", "padding_value is nan",
     [](Given& g) { g.params.padding_value = std::numeric_limits<float>::quiet_NaN(); },
     [](Given& g) { g.params.padding_value = -65504.0F; }},
    {"PaddingValueOfBytes", "E10052", "padding_value is 256",
     [](Given& g) {
       g.output.type = AippDataType::kUint8;
       g.params.padding_value = 256.0F;
     },
     [](Given& g) {
       g.output.type = AippDataType::kUint8;
       g.params.padding_value = 255.0F;
     }},
    {"PaddingValueOfSignedBytes", "E10052", "padding_value is -129",
     [](Given& g) {
       g.output.type = AippDataType::kInt8;
       g.params.padding_value = -129.0F;
     },
     [](Given& g) {
       g.output.type = AippDataType::kInt8;
       g.params.padding_value = -128.0F;
     }},
    {"MatrixLarge", "AIPP-026", "matrix_r1c2 is 32768", [](Given& g) { matrix(g, 32768); },
     [](Given& g) { matrix(g, 32767); }},
    {"MatrixSmall", "AIPP-026", "matrix_r1c2 is -32769", [](Given& g) { matrix(g, -32769); },
     [](Given& g) { matrix(g, -32768); }},
    {"OutputBias", "AIPP-028", "output_bias_1 is 256", [](Given& g) { g.params.output_bias[1] = 256; },
     [](Given& g) { g.params.output_bias[1] = 255; }},
    {"InputBias", "AIPP-029", "input_bias_2 is -1", [](Given& g) { g.params.input_bias[2] = -1; },
     [](Given& g) { g.params.input_bias[2] = 0; }},
    {"Mean", "AIPP-050", "mean_chn_3 is 256", [](Given& g) { g.params.mean_chn[3] = 256; },
     [](Given& g) { g.params.mean_chn[3] = 255; }},
    {"Min", "AIPP-051", "min_chn_0 is -0.5", [](Given& g) { g.params.min_chn[0] = -0.5F; },
     [](Given& g) { g.params.min_chn[0] = 255.0F; }},
    {"Reciprocal", "AIPP-053", "var_reci_chn_2 is inf",
     [](Given& g) { g.params.var_reci_chn[2] = std::numeric_limits<float>::infinity(); },
     [](Given& g) { g.params.var_reci_chn[2] = -65504.0F; }},
    {"OutputWidth", "AIPP-005", "width after AIPP is 35", [](Given& g) { g.output.width = 36; },
     [](Given&) {}},
    {"OutputHeight", "AIPP-005", "height after AIPP is 23", [](Given& g) { g.output.height = 22; },
     [](Given&) {}},
    {"ModelWithTwoChannels", "E10052", "2 channels", [](Given& g) { g.output.channels = 2; }, [](Given&) {}},
    {"ModelWithFourChannels", "E10052", "gives 3 channel", [](Given& g) { g.output.channels = 4; },
     [](Given& g) {
       g.params.input_format = AippInputFormat::kXrgb8888U8;
       g.output.channels = 4;
     }},
    {"ModelWithOneChannel", "E10052", "gives 3 channel",
     [](Given& g) {
       g.output.channels = 1;
       g.params.csc_switch = false;
     },
     [](Given& g) { g.output.channels = 1; }},
    {"ModelOfUnknownHeight", "E10052", "35x-1", [](Given& g) { g.output.height = -1; }, [](Given&) {}},
    {"ModelOfUnknownBatch", "E10052", "batch -1", [](Given& g) { g.output.batch = -1; },
     [](Given& g) { g.output.batch = 8; }},
};

INSTANTIATE_TEST_SUITE_P(AllRules, AippRule, testing::ValuesIn(kRules),
                         [](const auto& test) { return test.param.name; });

TEST(AippParams, SizesOfZeroBecomeTheModels) {
  AippParams params;
  params.input_format = AippInputFormat::kRgb888U8;
  AippOutput output;
  output.width = 20;
  output.height = 10;
  const auto resolved = resolve(params, output);
  ASSERT_TRUE(resolved.is_ok()) << resolved.status().text();
  EXPECT_EQ(resolved->src_image_size_w, 20);
  EXPECT_EQ(resolved->src_image_size_h, 10);

  params.crop = true;
  params.src_image_size_w = 100;
  params.src_image_size_h = 90;
  const auto cropped = resolve(params, output);
  ASSERT_TRUE(cropped.is_ok()) << cropped.status().text();
  EXPECT_EQ(cropped->crop_size_w, 20);
  EXPECT_EQ(cropped->crop_size_h, 10);
}

TEST(AippParams, ParametersOfDisabledStepsAreIgnored) {
  Given given = legal();
  given.params.crop = given.params.padding = given.params.csc_switch = false;
  given.params.crop_size_w = -5;
  given.params.left_padding_size = 99;
  given.params.padding_value = std::nanf("");
  given.params.matrix[0][0] = 1 << 30;
  given.output.width = 64;
  given.output.height = 48;
  const auto resolved = resolve(given.params, given.output);
  ASSERT_TRUE(resolved.is_ok()) << resolved.status().text();
  EXPECT_EQ(resolved->crop_size_w, 0);
  EXPECT_EQ(resolved->left_padding_size, 0);
  EXPECT_EQ(resolved->padding_value, 0.0F);
  EXPECT_EQ(resolved->matrix[0][0], 0);
}

TEST(AippParams, DefaultColourConversionDependsOnTheFormat) {
  Given given = legal();
  const auto to_bgr = resolve(given.params, given.output);
  ASSERT_TRUE(to_bgr.is_ok());
  EXPECT_EQ(to_bgr->matrix[0], (std::array<int32_t, 3>{298, 516, 0}));
  EXPECT_EQ(to_bgr->input_bias, (std::array<int32_t, 3>{16, 128, 128}));
  EXPECT_EQ(to_bgr->output_bias, (std::array<int32_t, 3>{0, 0, 0}));

  rgb(given);
  const auto to_yuv = resolve(given.params, given.output);
  ASSERT_TRUE(to_yuv.is_ok());
  EXPECT_EQ(to_yuv->matrix[0], (std::array<int32_t, 3>{66, 129, 25}));
  EXPECT_EQ(to_yuv->output_bias, (std::array<int32_t, 3>{16, 128, 128}));

  matrix(given, 5);
  const auto own = resolve(given.params, given.output);
  ASSERT_TRUE(own.is_ok());
  EXPECT_EQ(own->matrix[0], (std::array<int32_t, 3>{0, 0, 0})) << "one given value replaces all defaults";
  EXPECT_EQ(own->matrix[1][2], 5);
}

TEST(AippParams, ResolvingTwiceChangesNothing) {
  const Given given = legal();
  const auto once = resolve(given.params, given.output);
  ASSERT_TRUE(once.is_ok());
  const auto twice = resolve(*once, given.output);
  ASSERT_TRUE(twice.is_ok());
  EXPECT_EQ(once->matrix, twice->matrix);
  EXPECT_EQ(once->crop_size_w, twice->crop_size_w);
  EXPECT_EQ(once->src_image_size_w, twice->src_image_size_w);
}

TEST(AippParams, BytesOfAnImage) {
  EXPECT_EQ(aipp_image_bytes(AippInputFormat::kYuv420spU8, 4, 2), 12U);
  EXPECT_EQ(aipp_image_bytes(AippInputFormat::kXrgb8888U8, 4, 2), 32U);
  EXPECT_EQ(aipp_image_bytes(AippInputFormat::kRgb888U8, 4, 2), 24U);
  EXPECT_EQ(aipp_image_bytes(AippInputFormat::kYuv400U8, 4, 2), 8U);
  EXPECT_EQ(aipp_image_bytes(AippInputFormat::kYuyvU8, 4, 2), 16U);
  EXPECT_EQ(aipp_image_bytes(AippInputFormat::kRaw24, 4, 2), 32U);
  EXPECT_EQ(aipp_image_bytes(AippInputFormat::kUndefined, 4, 2), 0U);
}

// MDL-096 to MDL-111.
TEST(AippParams, DimsOfTheImageInput) {
  using Dims = std::vector<int64_t>;
  struct Case {
    AippInputFormat format;
    Dims tensor;
    Dims user;
  };
  for (const Case& c : {Case{AippInputFormat::kYuv420spU8, {2, 8, 4, 3}, {2, 12, 4, 1}},
                        Case{AippInputFormat::kXrgb8888U8, {2, 8, 4, 4}, {2, 8, 4, 4}},
                        Case{AippInputFormat::kRgb888U8, {2, 8, 4, 3}, {2, 8, 4, 3}},
                        Case{AippInputFormat::kYuv400U8, {2, 8, 4, 1}, {2, 8, 4, 1}},
                        Case{AippInputFormat::kArgb8888U8, {2, 8, 4, 4}, {2, 8, 4, 4}},
                        Case{AippInputFormat::kYuyvU8, {2, 8, 4, 3}, {2, 8, 4, 2}},
                        Case{AippInputFormat::kYuv422spU8, {2, 8, 4, 3}, {2, 16, 4, 1}},
                        Case{AippInputFormat::kAyuv444U8, {2, 8, 4, 4}, {2, 8, 4, 4}}}) {
    AippParams params;
    params.input_format = c.format;
    params.src_image_size_w = 4;
    params.src_image_size_h = 8;
    const AippInputDims dims = aipp_input_dims(params, 2);
    EXPECT_EQ(dims.tensor, c.tensor) << to_string(c.format);
    EXPECT_EQ(dims.user, c.user) << to_string(c.format);
    const int64_t product = dims.user[0] * dims.user[1] * dims.user[2] * dims.user[3];
    EXPECT_EQ(static_cast<size_t>(product), 2 * aipp_image_bytes(c.format, 4, 8))
        << to_string(c.format);  // MDL-095
  }
}

}  // namespace
}  // namespace cairn
