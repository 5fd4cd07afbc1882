// Names, dims and AIPP information of models.
#include <cstring>

#include "acl/acl_mdl.h"
#include "model/model_desc.h"
#include "model_om.h"

namespace cairn::test {
namespace {

OmInput make_input(const std::string& name) {
  OmInput input;
  input.name = name;
  input.dims = {1, 2};
  input.dims_v2 = {1, 2};
  input.bytes = 8;
  return input;
}

ModelInfo make_info(const std::vector<std::string>& inputs, const std::vector<std::string>& outputs) {
  ModelInfo info;
  for (const std::string& name : inputs)
    info.inputs.push_back(make_input(name));
  for (const std::string& name : outputs)
    info.outputs.push_back(make_input(name));
  return info;
}

TEST(ModelDescription, ShowsNamesOf127CharactersAsTheyAre) {  // MDL-089
  const std::string longest(127, 'a');
  const ModelDescription description(7, make_info({longest}, {"y"}));
  EXPECT_EQ(description.shown_input_name(0), longest);
  EXPECT_EQ(*description.real_name(longest), longest);
}

TEST(ModelDescription, ConvertsLongerNames) {  // MDL-090
  const std::string too_long(128, 'a');
  const std::string output(300, 'b');
  const ModelDescription description(7, make_info({"x", too_long}, {output}));
  EXPECT_EQ(description.shown_input_name(1), "acl_modelId_7_input_1");
  EXPECT_EQ(description.shown_output_name(0), "acl_modelId_7_output_0");
  EXPECT_EQ(*description.real_name("acl_modelId_7_input_1"), too_long);
  EXPECT_EQ(*description.real_name(too_long), too_long);
  EXPECT_EQ(*description.real_name("acl_modelId_7_output_0"), output);
  EXPECT_EQ(description.real_name("acl_modelId_7_input_0"), nullptr);
}

TEST(ModelDescription, AvoidsNamesThatOtherTensorsHave) {  // MDL-091
  const std::string too_long(128, 'a');
  const ModelDescription description(7, make_info({too_long, "acl_modelId_7_input_0"}, {"y"}));
  const std::string& shown = description.shown_input_name(0);
  EXPECT_EQ(shown.substr(0, 22), "acl_modelId_7_input_0_");
  EXPECT_GT(shown.size(), 22U);
  EXPECT_EQ(*description.real_name(shown), too_long);
  EXPECT_EQ(*description.real_name("acl_modelId_7_input_0"), "acl_modelId_7_input_0");
}

TEST(ModelDescription, FindsTensorsByName) {  // MDL-125, MDL-126
  const ModelDescription description(1, make_info({"a", "b"}, {"c:0:c", "a"}));
  EXPECT_EQ(*input_index(description, "b"), 1U);
  EXPECT_EQ(*output_index(description, "a"), 1U);
  EXPECT_EQ(*output_index(description, "c:0:c"), 0U);
  EXPECT_EQ(input_index(description, "c:0:c").code(), ACL_ERROR_INVALID_PARAM);
  EXPECT_EQ(output_index(description, "").code(), ACL_ERROR_INVALID_PARAM);
}

TEST(ModelDescription, JoinsOriginalNamesWithTheirLengths) {  // MDL-150
  ModelInfo info = make_info({"x"}, {"y"});
  info.original_op_names["fused"] = {"scale2c_branch2c", "bn2c_branch2c", "res2c"};
  const ModelDescription description(1, info);
  EXPECT_STREQ(description.op_attribute("fused", ACL_ATTR_NAME_DATA_DUMP_ORIGIN_OP_NAMES),
               "[16]scale2c_branch2c[13]bn2c_branch2c[5]res2c");
  EXPECT_STREQ(description.op_attribute("other", ACL_ATTR_NAME_DATA_DUMP_ORIGIN_OP_NAMES), "");  // MDL-147
  EXPECT_STREQ(description.op_attribute("fused", "no_such_attribute"), "");
}

TEST(ModelDescription, RefusesMoreDimsThanTheStructHolds) {
  aclmdlIODims dims{};
  EXPECT_TRUE(copy_dims("x", std::vector<int64_t>(ACL_MAX_DIM_CNT, 1), dims).is_ok());
  EXPECT_EQ(dims.dimCount, static_cast<size_t>(ACL_MAX_DIM_CNT));
  EXPECT_FALSE(copy_dims("x", std::vector<int64_t>(ACL_MAX_DIM_CNT + 1, 1), dims).is_ok());
}

TEST(ModelDescription, GivesTheParametersOfStaticAipp) {
  ModelInfo model;
  model.inputs.push_back(make_input("image"));
  model.gears.emplace_back();
  OmInput& input = model.inputs[0];
  aclAippInfo info{};
  EXPECT_EQ(fill_aipp_info(model, 0, info).code(), ACL_ERROR_GE_AIPP_NOT_EXIST);
  input.aipp.emplace();
  AippParams& p = input.aipp->params;
  p.input_format = AippInputFormat::kRgb888U8;
  p.src_image_size_w = 320;
  p.src_image_size_h = 240;
  p.crop = true;
  p.load_start_pos_w = 2;
  p.load_start_pos_h = 4;
  p.crop_size_w = 224;
  p.crop_size_h = 222;
  p.csc_switch = true;
  for (int r = 0; r < 3; ++r)
    for (int c = 0; c < 3; ++c)
      p.matrix[r][c] = 10 * r + c;
  p.output_bias = {1, 2, 3};
  p.input_bias = {4, 5, 6};
  p.mean_chn = {11, 12, 13, 14};
  p.min_chn = {0.5F, 1.5F, 2.5F, 3.5F};
  p.var_reci_chn = {0.1F, 0.2F, 0.3F, 0.4F};
  input.aipp->original = {"image", ACL_FLOAT, ACL_FORMAT_NCHW, {1, 3, 222, 224}, 1 * 3 * 222 * 224 * 4};
  model.gears[0].network_inputs.push_back(input.aipp->original);
  ASSERT_TRUE(fill_aipp_info(model, 0, info).is_ok());
  EXPECT_EQ(info.inputFormat, ACL_RGB888_U8);
  EXPECT_EQ(info.srcImageSizeW, 320);
  EXPECT_EQ(info.srcImageSizeH, 240);
  EXPECT_EQ(info.cropSwitch, 1);
  EXPECT_EQ(info.loadStartPosW, 2);
  EXPECT_EQ(info.loadStartPosH, 4);
  EXPECT_EQ(info.cropSizeW, 224);
  EXPECT_EQ(info.cropSizeH, 222);
  EXPECT_EQ(info.paddingSwitch, 0);
  EXPECT_EQ(info.cscSwitch, 1);
  EXPECT_EQ(info.matrixR0C1, 1);
  EXPECT_EQ(info.matrixR1C0, 10);
  EXPECT_EQ(info.matrixR2C2, 22);
  EXPECT_EQ(info.outputBias2, 3);
  EXPECT_EQ(info.inputBias0, 4);
  EXPECT_EQ(info.meanChn3, 14);
  EXPECT_EQ(info.minChn1, 1.5F);
  EXPECT_EQ(info.varReciChn2, 0.3F);
  EXPECT_EQ(info.srcFormat, ACL_FORMAT_NCHW);
  EXPECT_EQ(info.srcDatatype, ACL_FLOAT);
  EXPECT_EQ(info.srcDimNum, 4U);
  EXPECT_EQ(info.shapeCount, 1U);
  EXPECT_EQ(info.outDims[0].srcDims.dims[3], 224);
  EXPECT_EQ(info.outDims[0].srcSize, 1U * 3 * 222 * 224 * 4);
  EXPECT_EQ(info.aippExtend, nullptr);
}

}  // namespace
}  // namespace cairn::test
