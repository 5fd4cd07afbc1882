#include "aipp/aipp_config.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace cairn {
namespace {

constexpr const char* kTypical = R"(# Photos of the camera, 图片
aipp_op {
  aipp_mode: static
  related_input_rank: 1
  input_edge_idx: 2
  input_format: YUV420SP_U8
  src_image_size_w: 416
  src_image_size_h: 300
  crop: true
  load_start_pos_w: 16
  load_start_pos_h: 8
  crop_size_w: 224
  crop_size_h: 226
  padding: true
  left_padding_size: 1 right_padding_size: 2
  top_padding_size: 3; bottom_padding_size: 4,
  padding_value: -1.5
  csc_switch: true
  rbuv_swap_switch: true
  matrix_r0c0: 256  matrix_r0c1: 1    matrix_r0c2: 359
  matrix_r1c0: 257  matrix_r1c1: -88  matrix_r1c2: -183
  matrix_r2c0: 258  matrix_r2c1: 454  matrix_r2c2: 2
  input_bias_0: 3 input_bias_1: 128 input_bias_2: 129
  output_bias_0: 4 output_bias_1: 5 output_bias_2: 6
  mean_chn_0: 104 mean_chn_1: 117 mean_chn_2: 123 mean_chn_3: 7
  min_chn_0: 0.25 min_chn_1: 1e1 min_chn_2: 2 min_chn_3: 3.5
  var_reci_chn_0: 0.0171247538316637
  var_reci_chn_2: 0.5
}
)";

TEST(AippConfig, ReadsEveryStaticParameter) {
  const auto ops = parse_aipp_config(kTypical);
  ASSERT_TRUE(ops.is_ok()) << ops.status().text();
  ASSERT_EQ(ops->size(), 1U);
  const AippConfigOp& op = ops->front();
  EXPECT_EQ(op.line, 2);
  EXPECT_EQ(op.related_input_rank, 1U);
  EXPECT_TRUE(op.related_input_name.empty());
  EXPECT_EQ(op.input_edge_idx, 2U);
  const AippParams& p = op.params;
  EXPECT_EQ(p.aipp_mode, AippMode::kStatic);
  EXPECT_EQ(p.input_format, AippInputFormat::kYuv420spU8);
  EXPECT_EQ(p.src_image_size_w, 416);
  EXPECT_EQ(p.src_image_size_h, 300);
  EXPECT_TRUE(p.crop);
  EXPECT_EQ(p.load_start_pos_w, 16);
  EXPECT_EQ(p.load_start_pos_h, 8);
  EXPECT_EQ(p.crop_size_w, 224);
  EXPECT_EQ(p.crop_size_h, 226);
  EXPECT_TRUE(p.padding);
  EXPECT_EQ(p.left_padding_size, 1);
  EXPECT_EQ(p.right_padding_size, 2);
  EXPECT_EQ(p.top_padding_size, 3);
  EXPECT_EQ(p.bottom_padding_size, 4);
  EXPECT_EQ(p.padding_value, -1.5F);
  EXPECT_TRUE(p.csc_switch);
  EXPECT_TRUE(p.csc_given);
  EXPECT_TRUE(p.rbuv_swap_switch);
  EXPECT_FALSE(p.ax_swap_switch);
  EXPECT_EQ(p.matrix,
            (std::array<std::array<int32_t, 3>, 3>{{{256, 1, 359}, {257, -88, -183}, {258, 454, 2}}}));
  EXPECT_EQ(p.input_bias, (std::array<int32_t, 3>{3, 128, 129}));
  EXPECT_EQ(p.output_bias, (std::array<int32_t, 3>{4, 5, 6}));
  EXPECT_EQ(p.mean_chn, (std::array<int32_t, 4>{104, 117, 123, 7}));
  EXPECT_EQ(p.min_chn, (std::array<float, 4>{0.25F, 10.0F, 2.0F, 3.5F}));
  EXPECT_EQ(p.var_reci_chn, (std::array<float, 4>{0.0171247538316637F, 1.0F, 0.5F, 1.0F}));
}

TEST(AippConfig, ReadsDynamicModeAndInputsByName) {
  const auto ops = parse_aipp_config(
      "aipp_op { aipp_mode: dynamic related_input_name: \"left\" max_src_image_size: 752640 }\n"
      "aipp_op { aipp_mode: dynamic related_input_name: \"right\" max_src_image_size: 1 }\n");
  ASSERT_TRUE(ops.is_ok()) << ops.status().text();
  ASSERT_EQ(ops->size(), 2U);
  EXPECT_EQ((*ops)[0].related_input_name, "left");
  EXPECT_EQ((*ops)[0].params.aipp_mode, AippMode::kDynamic);
  EXPECT_EQ((*ops)[0].params.max_src_image_size, 752640U);
  EXPECT_EQ((*ops)[1].line, 2);
}

TEST(AippConfig, BlocksForDifferentEdgesOfOneInputAreAllowed) {
  const auto ops = parse_aipp_config(
      "aipp_op { aipp_mode: static input_format: RGB888_U8 input_edge_idx: 0 }"
      "aipp_op { aipp_mode: static input_format: YUV400_U8 input_edge_idx: 1 }");
  EXPECT_TRUE(ops.is_ok()) << ops.status().text();
}

TEST(AippConfig, ParametersOfDisabledStepsAreNotChecked) {
  const auto ops = parse_aipp_config(
      "aipp_op { aipp_mode: static input_format: RGB888_U8 crop: false crop_size_w: -3 left_padding_size: 99 "
      "cpadding_value: 0 }");
  ASSERT_TRUE(ops.is_ok()) << ops.status().text();
  EXPECT_EQ(ops->front().params.crop_size_w, 0);
}

struct BadCase {
  std::string name;
  std::string text;
  std::vector<std::string> expected;  // All of these are in the message.
};

void PrintTo(const BadCase& bad, std::ostream* os) {
  *os << bad.name;
}

class AippConfigError : public testing::TestWithParam<BadCase> {};

TEST_P(AippConfigError, NamesThePlaceAndWhatIsAllowed) {
  const auto ops = parse_aipp_config(GetParam().text);
  ASSERT_FALSE(ops.is_ok());
  EXPECT_NE(ops.code(), 0);
  const std::string text(ops.status().text());
  EXPECT_LT(text.size(), 3000U);
  for (const std::string& part : GetParam().expected)
    EXPECT_NE(text.find(part), std::string::npos) << part << "\nin: " << text;
}

std::string static_op(const std::string& keys) {
  return "aipp_op {\naipp_mode: static\ninput_format: RGB888_U8\n" + keys + "\n}\n";
}

const BadCase kBad[] = {
    {"Empty", "", {"[E10052]", "no block aipp_op"}},
    {"OnlyAComment", "# nothing\n", {"no block aipp_op"}},
    {"Brace", "aipp_op { aipp_mode: static", {"line 1"}},
    {"NotText",
     "\x7F"
     "ELF\x02\x01\x01",
     {"[E10052] line 1"}},
    {"UnknownKey",
     static_op("src_image_with: 3"),
     {"line 4", "src_image_with", "src_image_size_w, src_image_size_h, crop"}},
    {"UnknownBlock", "aipp { }", {"line 1", "aipp"}},
    {"UnknownFormat",
     "aipp_op {\naipp_mode: static\ninput_format: YUV420\n}",
     {"line 3", "YUV420", "YUV420SP_U8, XRGB8888_U8, RGB888_U8, YUV400_U8"}},
    {"UnknownMode", "aipp_op {\naipp_mode: fixed\n}", {"line 2", "fixed", "one of static, dynamic"}},
    {"NotABool", static_op("crop: yes"), {"line 4", "yes", "true or false"}},
    {"NotAnInteger",
     static_op("crop: true\nsrc_image_size_w: 12.5"),
     {"line 5", "12.5", "src_image_size_w is an integer"}},
    {"TooLargeInteger", static_op("src_image_size_w: 99999999999"), {"line 4", "out of range"}},
    {"NegativeRank",
     static_op("related_input_rank: -1"),
     {"line 4", "related_input_rank is an integer of 0 or more"}},
    {"NotAText", static_op("related_input_name: data"), {"line 4", "a text in quotes"}},
    {"NotANumber", static_op("var_reci_chn_0: abc"), {"line 4", "abc", "a number"}},
    {"Nested", static_op("crop { }"), {"line 4"}},
    {"GivenTwice", static_op("crop: true\ncrop: false"), {"line 5", "crop"}},
    {"RepeatedTwice",
     static_op("matrix_r0c0: 1\nmatrix_r0c0: 2"),
     {"line 4", "matrix_r0c0 has 2 values", "once"}},
    {"ListOfTwo", static_op("var_reci_chn_1: [1, 2]"), {"line 4", "var_reci_chn_1 has 2 values"}},
    {"ModeMissing",
     "# a\naipp_op { input_format: RGB888_U8 }",
     {"line 2", "aipp_mode is required", "static or dynamic"}},
    {"ModeUndefined", "aipp_op {\naipp_mode: undefined }", {"line 2", "aipp_mode is required"}},
    {"FormatMissing",
     "\n\naipp_op { aipp_mode: static }",
     {"line 3", "input_format is required", "RGB888_U8"}},
    {"MaxSizeMissing", "aipp_op { aipp_mode: dynamic }", {"line 1", "max_src_image_size"}},
    {"MaxSizeZero",
     "aipp_op { aipp_mode: dynamic\nmax_src_image_size: 0 }",
     {"line 2", "max_src_image_size", "larger than 0"}},
    {"OutOfRange", static_op("src_image_size_h: 4097"), {"[AIPP-038]", "line 4", "4097", "[1, 4096]"}},
    {"RangeOfARepeatedKey",
     static_op("csc_switch: true\nmatrix_r2c1: 40000"),
     {"[AIPP-026]", "line 5", "40000"}},
    {"Infinity", static_op("var_reci_chn_0: inf"), {"[AIPP-053]", "line 4", "inf"}},
    {"Nan", static_op("min_chn_1: nan"), {"[AIPP-051]", "line 4", "nan"}},
    {"ChannelPadding",
     static_op("cpadding_value: 1"),
     {"line 4", "cpadding_value is not supported", "padding_value"}},
    {"RankAndName", static_op("related_input_rank: 0\nrelated_input_name: \"a\""), {"line 5", "not both"}},
    {"RankThenName",
     static_op("related_input_rank: 0") + static_op("related_input_name: \"a\""),
     {"line 6", "line 1", "all blocks"}},
    {"SameInputTwice",
     static_op("") + static_op("related_input_rank: 0"),
     {"line 6", "line 1", "same model input"}},
    {"SameNameTwice",
     static_op("related_input_name: \"a\"") + static_op("related_input_name: \"a\""),
     {"same model input"}},
    {"SameEdgeTwice", static_op("input_edge_idx: 1") + static_op("input_edge_idx: 1"), {"same model input"}},
    {"AllEdgesAndOne", static_op("") + static_op("input_edge_idx: 1"), {"same model input"}},
    {"StaticAndDynamic",
     static_op("") + "aipp_op { aipp_mode: dynamic related_input_rank: 1 max_src_image_size: 9 }",
     {"[GM1-002]", "line 6", "together"}},
};

INSTANTIATE_TEST_SUITE_P(AllErrors, AippConfigError, testing::ValuesIn(kBad),
                         [](const auto& test) { return test.param.name; });

TEST(AippConfig, RefusesFilesAndListsWithoutEnd) {
  const auto large = parse_aipp_config(std::string((1 << 20) + 1, '#'));
  ASSERT_FALSE(large.is_ok());
  EXPECT_NE(large.status().text().find("1048577 bytes"), std::string::npos);

  std::string many;
  for (int i = 0; i < 65; ++i)
    many += static_op("related_input_rank: " + std::to_string(i));
  const auto blocks = parse_aipp_config(many);
  ASSERT_FALSE(blocks.is_ok());
  EXPECT_NE(blocks.status().text().find("65 blocks"), std::string::npos);
}

TEST(AippConfig, DeepNestingIsAnErrorNotAnOverflow) {
  std::string deep;
  for (int i = 0; i < 100000; ++i)
    deep += "aipp_op {";
  EXPECT_FALSE(parse_aipp_config(deep).is_ok());
  std::string unknown = "aipp_op { ";
  for (int i = 0; i < 100000; ++i)
    unknown += "x < ";
  EXPECT_FALSE(parse_aipp_config(unknown).is_ok());
}

TEST(AippConfig, ErrorTextsStayPrintable) {
  const auto ops = parse_aipp_config("aipp_op { \x01\xFF\x80\n }");
  ASSERT_FALSE(ops.is_ok());
  for (const char c : ops.status().text())
    EXPECT_TRUE(c >= 0x20 && c <= 0x7E);
}

}  // namespace
}  // namespace cairn
