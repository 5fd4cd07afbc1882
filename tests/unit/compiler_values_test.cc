// Values of atc options, the mapping of operators, and the output file.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "compiler/atc_options.h"
#include "compiler/atc_values.h"
#include "compiler/gear_option.h"
#include "compiler/onnx_operators.h"
#include "compiler/output_file.h"
#include "engine/ir_constants.h"

namespace cairn {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

std::string text_of(const Status& status) {
  return std::string(status.text());
}

TEST(InputShape, IsReadPerInput) {
  const auto shapes = parse_input_shape("x:1,3,224,224; a:b:0:7 ;s:;");
  ASSERT_TRUE(shapes.is_ok()) << shapes.status().text();
  ASSERT_EQ(shapes->size(), 3U);
  EXPECT_EQ((*shapes)[0].name, "x");
  const auto fixed = DimRange::fixed;
  EXPECT_THAT((*shapes)[0].dims, ElementsAre(fixed(1), fixed(3), fixed(224), fixed(224)));
  EXPECT_EQ((*shapes)[1].name, "a:b:0");
  EXPECT_TRUE((*shapes)[2].dims.empty()) << "a scalar has no dims";
}

TEST(InputShape, MayLeaveDimsOpen) {
  const auto shapes = parse_input_shape("x:-1, 2~8,0~-1");
  ASSERT_TRUE(shapes.is_ok()) << shapes.status().text();
  EXPECT_THAT((*shapes)[0].dims, ElementsAre(DimRange{0, -1}, DimRange{2, 8}, DimRange{0, -1}));
  EXPECT_THAT(text_of(parse_input_shape("x:8~2").status()), StartsWith("E10050: "));
}

TEST(InputShape, WithWrongSyntaxIsE10002) {
  for (const std::string text : {"", "1,3", ":1", "x:1,a", "x:1;x:2", "x:1,99999999999999999999"})
    EXPECT_THAT(text_of(parse_input_shape(text).status()), StartsWith("E10002: ")) << text;
}

TEST(InputShape, WithSizesBelowOneIsE10011) {
  for (const std::string text : {"x:0", "x:1,-2", "x:0~3", "x:-1~3"})
    EXPECT_THAT(text_of(parse_input_shape(text).status()), StartsWith("E10011: ")) << text;
}

TEST(Gears, AreNumbersOfOneLength) {
  const auto dims = parse_gears(OmGearKind::kDims, "20,20,1,1; 40,40,2,2; 80,60,4,4;");
  ASSERT_TRUE(dims.is_ok()) << dims.status().text();
  EXPECT_THAT(dims->list,
              ElementsAre(ElementsAre(20, 20, 1, 1), ElementsAre(40, 40, 2, 2), ElementsAre(80, 60, 4, 4)));
  EXPECT_THAT(parse_gears(OmGearKind::kBatch, "4,1,")->list, ElementsAre(ElementsAre(4), ElementsAre(1)));
}

TEST(Gears, WithWrongNumbersAreRefused) {
  std::string many = "1";
  for (int i = 2; i <= 101; ++i)
    many += fmt::format(",{}", i);
  struct Case {
    OmGearKind kind;
    std::string text;
    std::string code;
  };
  for (const Case& each :
       {Case{OmGearKind::kBatch, "1", "E10035"}, Case{OmGearKind::kBatch, many, "E10036"},
        Case{OmGearKind::kDims, "1,2;3", "E10037"}, Case{OmGearKind::kBatch, "1,0", "E10038"},
        Case{OmGearKind::kBatch, "1,-4", "E10038"}, Case{OmGearKind::kDims, "1,2;3,4;1,2", "E10039"},
        Case{OmGearKind::kBatch, "1,x", "E10003"}, Case{OmGearKind::kImage, "8,8;9", "E10020"},
        Case{OmGearKind::kImage, "8,y;9,9", "E10020"}, Case{OmGearKind::kDims, "1,,2;3,4,5", "E10003"}})
    EXPECT_THAT(text_of(parse_gears(each.kind, each.text).status()), StartsWith(each.code)) << each.text;
  EXPECT_TRUE(parse_gears(OmGearKind::kBatch, many.substr(0, many.rfind(','))).is_ok()) << "100 are allowed";
}

TEST(Gears, FillTheDimsThatInputShapeLeavesOpen) {
  struct Case {
    OmGearKind kind;
    std::string gears;
    std::string shape;
    std::optional<aclFormat> format;
    std::string code;  // Empty: accepted.
  };
  for (const Case& each : {
           Case{OmGearKind::kBatch, "1,2", "x:-1,3,8,8;y:4", {}, ""},
           Case{OmGearKind::kBatch, "1,2", "x:1,3,8,8", {}, "E10040"},
           Case{OmGearKind::kBatch, "1,2", "x:-1,3,-1,8", {}, "E10018"},
           Case{OmGearKind::kBatch, "1,2", "x:-1,3;s:", {}, "E10012"},
           Case{OmGearKind::kBatch, "1,2", "x:1~2,3", {}, "E10001"},
           Case{OmGearKind::kImage, "8,8;9,9", "x:1,3,-1,-1", ACL_FORMAT_NCHW, ""},
           Case{OmGearKind::kImage, "8,8;9,9", "x:1,-1,-1,3", ACL_FORMAT_NCHW, "E10019"},
           Case{OmGearKind::kImage, "8,8;9,9", "x:1,-1,-1,3", ACL_FORMAT_NHWC, ""},
           Case{OmGearKind::kImage, "8,8;9,9", "x:1,3,-1,8", {}, "E10019"},
           Case{OmGearKind::kDims, "1,2;3,4", "x:1,-1,-1", ACL_FORMAT_ND, ""},
           Case{OmGearKind::kDims, "1,2;3,4", "x:1,-1;y:-1", ACL_FORMAT_ND, ""},
           Case{OmGearKind::kDims, "1,2;3,4", "x:-1,-1;y:-1,-1", ACL_FORMAT_ND, ""},
           Case{OmGearKind::kDims, "1,2;3,4", "x:-1,-1;y:-1", ACL_FORMAT_ND, "E10045"},
           Case{OmGearKind::kDims, "1,2;3,4", "x:1,-1,-1", ACL_FORMAT_NCHW, "E10003"},
           Case{OmGearKind::kDims, "1,2;3,4", "x:1,-1,-1", {}, "E10003"},
       }) {
    const auto gears = parse_gears(each.kind, each.gears);
    const auto shapes = parse_input_shape(each.shape);
    ASSERT_TRUE(gears.is_ok() && shapes.is_ok()) << each.shape;
    const std::string text = text_of(check_gear_shapes(*gears, *shapes, each.format));
    EXPECT_THAT(text, StartsWith(each.code)) << each.shape;
    EXPECT_EQ(text.empty(), each.code.empty()) << each.shape;
  }
  const auto gears = parse_gears(OmGearKind::kBatch, "1,2");
  EXPECT_THAT(text_of(check_gear_shapes(*gears, {}, {})), StartsWith("E10004: "));
  EXPECT_THAT(text_of(check_gear_shapes(*gears, *parse_input_shape("x:4,-1"), {})), StartsWith("E10018: "));
}

TEST(OutNodes, AreNodesWithIndexOrTensors) {
  const auto nodes = parse_out_nodes("a/b:0;c:d:1;");
  ASSERT_TRUE(nodes.is_ok());
  EXPECT_EQ((*nodes)[1].name, "c:d");
  EXPECT_EQ((*nodes)[1].index, 1);
  EXPECT_FALSE(parse_out_nodes("out").status().code());
  EXPECT_THAT(text_of(parse_out_nodes("out;c:0").status()), HasSubstr("either all"));
}

TEST(OutputType, IsOneForAllOrOnePerNode) {
  EXPECT_EQ(parse_output_type("FP16")->all, ACL_FLOAT16);
  const auto some = parse_output_type("a:b:0:FP16;c:1:UINT8");
  ASSERT_TRUE(some.is_ok());
  EXPECT_EQ(some->some[0].node, "a:b");
  EXPECT_EQ(some->some[1].index, 1);
  EXPECT_EQ(some->some[1].type, ACL_UINT8);
  for (const std::string text : {"FP64", "a:FP16", "a:x:FP16", "a:0:FP9"})
    EXPECT_THAT(text_of(parse_output_type(text).status()), StartsWith("E10001: ")) << text;
}

Result<AtcArguments> arguments(const std::vector<std::string>& words) {
  return AtcArguments::parse(words);
}

TEST(AtcArgumentsTest, TakeValuesAfterEqualsOrAsTheNextWord) {
  const auto parsed = arguments({"--model=a.onnx", "--framework", "5", "-output", "o", "--model=b.onnx"});
  ASSERT_TRUE(parsed.is_ok()) << parsed.status().text();
  EXPECT_EQ(parsed->get("model"), "b.onnx");
  EXPECT_EQ(parsed->get("framework"), "5");
  EXPECT_EQ(parsed->get("output"), "o");
  EXPECT_EQ(parsed->get("mode"), "0") << "the default";
}

TEST(AtcArgumentsTest, SuggestTheNearestName) {
  EXPECT_THAT(text_of(arguments({"--framwork=5"}).status()), HasSubstr("did you mean --framework?"));
  EXPECT_THAT(text_of(arguments({"--" + std::string(5000, 'z')}).status()), StartsWith("E10053: "));
}

TEST(AtcArgumentsTest, ExcludeOneAnother) {
  EXPECT_THAT(text_of(arguments({"--dynamic_dims=1", "--dynamic_batch_size=1"}).status()),
              StartsWith("E10009: "));
  EXPECT_THAT(text_of(arguments({"--precision_mode=force_fp16", "--precision_mode_v2=fp16"}).status()),
              StartsWith("E10056: "));
}

TEST(AtcArgumentsTest, EveryOptionIsInTheHelp) {
  const std::string help = atc_help();
  for (const AtcOption& option : atc_options())
    EXPECT_THAT(help, HasSubstr("--" + std::string(option.name)));
}

OnnxNode make(std::string_view type, std::vector<OnnxAttribute> attributes) {
  OnnxNode node;
  node.name = "n";
  node.type = type;
  node.inputs = {"x", "w", "v"};
  node.attributes = std::move(attributes);
  return node;
}

CannOperator cann(const OnnxNode& node, const std::vector<int64_t>& filter = {}, float low = 0,
                  float high = 6) {
  return cann_operator(node,
                       {[&](std::string_view) { return filter; },
                        [&](std::string_view name) { return std::optional(name == "w" ? low : high); }});
}

const OmAttributeValue* attribute(const CannOperator& op, std::string_view name) {
  for (const OmAttribute& candidate : op.attributes)
    if (candidate.name == name) return &candidate.value;
  return nullptr;
}

TEST(CannOperators, ConvolutionHasPadsInTheOrderOfCann) {
  const auto op = cann(
      make("Conv", {{"pads", std::vector<int64_t>{1, 2, 3, 4}}, {"strides", std::vector<int64_t>{2, 3}}}),
      {8, 3, 3, 3});
  EXPECT_EQ(op.type, "Conv2D");
  EXPECT_EQ(*attribute(op, "pads"), OmAttributeValue(std::vector<int64_t>{1, 3, 2, 4}));
  EXPECT_EQ(*attribute(op, "strides"), OmAttributeValue(std::vector<int64_t>{1, 1, 2, 3}));
}

TEST(CannOperators, ConvolutionOfEachChannelIsDepthwise) {
  EXPECT_EQ(cann(make("Conv", {{"group", int64_t{8}}}), {8, 1, 3, 3}).type, "DepthwiseConv2D");
  EXPECT_EQ(cann(make("Conv", {{"group", int64_t{2}}}), {8, 4, 3, 3}).type, "Conv2D");
  EXPECT_EQ(cann(make("Conv", {}), {8, 4, 3, 3, 3}).type, "Conv3D");
}

TEST(CannOperators, ClipFrom0To6IsRelu6) {
  EXPECT_EQ(cann(make("Clip", {}), {}, 0, 6).type, "Relu6");
  EXPECT_EQ(cann(make("Clip", {}), {}, 0, 5).type, "ClipByValue");
  EXPECT_EQ(cann(make("Clip", {{"min", 0.0F}, {"max", 6.0F}}), {}, 1, 1).type, "Relu6");
}

TEST(CannOperators, TypesWithoutCounterpartStay) {
  EXPECT_EQ(cann(make("Softmax", {})).type, "SoftmaxV2");
  EXPECT_EQ(cann(make("Relu", {})).type, "Relu");
  EXPECT_EQ(cann(make("SomethingNew", {})).type, "SomethingNew");
}

TEST(IrConstants, AreFoundByTheNamesOfTheirPorts) {
  const auto places = find_ir_constants(
      R"(<layers><layer id="0" name="offset=&quot;9&quot;" type="Const" version="opset1"><data element_type="f32" shape="2" )"
      R"(offset="16" size="8" /><output><port id="0" names="a&amp;b,c\,d"/></output></layer>)"
      R"(<layer id="1" name="p" type="Parameter"><output><port id="0" names="p"/></output></layer>)"
      R"(<layer id="2" name="q" type="Const"><data offset="24" size="4"/><output><port id="0"/></output></layer></layers>)");
  ASSERT_EQ(places.size(), 2U);
  EXPECT_EQ(places.at("a&b").offset, 16U);
  EXPECT_EQ(places.at("c,d").bytes, 8U);
}

TEST(IrConstants, OfTextThatIsCutOffAreNone) {
  const std::string text =
      R"(<layer id="0" type="Const"><data offset="1" size="8"/><output><port names="a"/></output></layer>)";
  for (size_t size = 0; size + 1 < text.size(); ++size)
    static_cast<void>(find_ir_constants(text.substr(0, size)));
  EXPECT_EQ(find_ir_constants(text).size(), 1U);
}

class OutputFileTest : public testing::Test {
 protected:
  OutputFileTest() {
    char pattern[] = "/tmp/cairn_output_XXXXXX";
    folder_ = mkdtemp(pattern);
  }
  ~OutputFileTest() override { std::filesystem::remove_all(folder_); }
  size_t files() const {
    return static_cast<size_t>(std::distance(std::filesystem::directory_iterator(folder_), {}));
  }
  std::filesystem::path folder_;
};

TEST_F(OutputFileTest, AppearsWhenItIsComplete) {
  OutputFile file;
  ASSERT_TRUE(file.open(folder_ / "net.om").is_ok());
  ASSERT_TRUE(file.write(std::as_bytes(std::span("abc", 3))).is_ok());
  EXPECT_FALSE(std::filesystem::exists(folder_ / "net.om"));
  ASSERT_TRUE(file.commit().is_ok());
  EXPECT_EQ(std::filesystem::file_size(folder_ / "net.om"), 3U);
  EXPECT_EQ(files(), 1U);
}

TEST_F(OutputFileTest, LeavesTheOldOneWhenNotCommitted) {
  std::ofstream(folder_ / "net.om") << "old";
  {
    OutputFile file;
    ASSERT_TRUE(file.open(folder_ / "net.om").is_ok());
    ASSERT_TRUE(file.write(std::as_bytes(std::span("newer", 5))).is_ok());
  }
  EXPECT_EQ(std::filesystem::file_size(folder_ / "net.om"), 3U);
  EXPECT_EQ(files(), 1U);
}

TEST_F(OutputFileTest, InAMissingFolderIsE19001) {
  OutputFile file;
  EXPECT_THAT(text_of(file.open(folder_ / "none" / "net.om")), StartsWith("E19001: "));
}

}  // namespace
}  // namespace cairn
