// Gears and open shapes in om files: what is written comes back, and damage is found.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "model_om.h"
#include "om/om_gears.h"
#include "om/om_report.h"

namespace cairn {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

/// y = x + w with gears for the first dim of x.
OmModel batch_model(const std::vector<float>& weights) {
  OmModel model = test::add_model({1, 4}, weights);
  model.inputs[0].dims = model.inputs[0].dims_v2 = {-1, 4};
  OmGears gears;
  for (const int64_t batch : {2, 8, 4})
    gears.list.push_back({{batch}, {{batch, 4}}});
  model.gears = gears;
  model.inputs.push_back(make_gear_input(gears));
  model.nodes.insert(model.nodes.begin(), test::make_node(std::string(kGearInputName), "Data", {}));
  model.nodes[0].output_tensors = {model.inputs.back()};
  const auto shapes = shapes_of(model);
  EXPECT_TRUE(shapes.is_ok()) << shapes.status().text();
  report_largest(*shapes, model.inputs, model.outputs);
  model.nodes[1].output_tensors = {model.inputs[0]};
  model.nodes.back().input_tensors = {model.outputs[0]};
  return model;
}

class OmGearsFile : public testing::Test {
 protected:
  const std::vector<float> weights_ = {1, 2, 3, 4};
  OmModel model_ = batch_model(weights_);

  Result<OmModel> read() {
    file_ = test::to_file(model_);
    return read_om(std::as_bytes(std::span(file_)));
  }
  std::string file_;
};

TEST_F(OmGearsFile, ComesBack) {
  const auto read_model = read();
  ASSERT_TRUE(read_model.is_ok()) << read_model.status().text();
  ASSERT_TRUE(read_model->gears);
  EXPECT_EQ(read_model->gears->kind, OmGearKind::kBatch);
  ASSERT_EQ(read_model->gears->list.size(), 3U);
  EXPECT_THAT(read_model->gears->list[1].values, ElementsAre(8));
  EXPECT_THAT(read_model->gears->list[1].outputs, ElementsAre(ElementsAre(8, 4)));
  EXPECT_THAT(read_model->inputs[0].dims, ElementsAre(-1, 4));
  EXPECT_EQ(read_model->inputs[0].bytes, 8U * 4 * 4) << "of the largest gear";
  EXPECT_EQ(read_model->inputs[1].role, OmInputRole::kGear);
  EXPECT_THAT(read_model->outputs[0].dims, ElementsAre(8, 4));
  EXPECT_EQ(read_model->nodes.size(), model_.nodes.size()) << "the Case node is no layer";
  EXPECT_THAT(om_inspection(*read_model, file_.size(), false), HasSubstr("batch: [2], [8], [4]"));
  EXPECT_THAT(om_inspection_json(*read_model, file_.size(), false), HasSubstr("\"output_dims\""));
  const auto json = om_json(std::as_bytes(std::span(file_)));
  for (const char* name : {"ascend_mbatch_shape_case", "_batch_num", "_pred_value_2", "mbatch_dynamic_type",
                           "_mbatch_origin_input_dims", "_dynamic_output_dims", "user_designate_shape_order"})
    EXPECT_THAT(*json, HasSubstr(name));
}

TEST_F(OmGearsFile, WithASizeThatNoGearHasIsRefused) {
  model_.inputs[0].bytes -= 1;
  model_.nodes[1].output_tensors = {model_.inputs[0]};
  EXPECT_THAT(std::string(read().status().text()), HasSubstr("its largest gear needs 128"));
}

TEST_F(OmGearsFile, WithOutputsOfAnotherSizeIsRefused) {
  model_.outputs[0].dims = {4, 4};
  model_.nodes.back().input_tensors = {model_.outputs[0]};
  EXPECT_FALSE(read().is_ok());
}

TEST_F(OmGearsFile, WithAGearThatDoesNotFitIsRefused) {
  for (const std::vector<int64_t>& values : {std::vector<int64_t>{0}, {-8}, {8, 8}, {INT64_MAX}}) {
    model_ = batch_model(weights_);
    model_.gears->list[0].values = values;
    EXPECT_FALSE(read().is_ok());
  }
  model_ = batch_model(weights_);
  model_.gears->list[2].outputs = {{INT64_MAX, 4}};
  EXPECT_FALSE(read().is_ok());
  model_.gears->list[2].outputs = {};
  EXPECT_FALSE(read().is_ok());
  model_ = batch_model(weights_);
  model_.gears->list.clear();
  EXPECT_FALSE(read().is_ok());
}

TEST_F(OmGearsFile, WithoutItsInputIsRefused) {
  model_.inputs.pop_back();
  model_.nodes.erase(model_.nodes.begin());
  EXPECT_THAT(std::string(read().status().text()), HasSubstr("ascend_mbatch_shape_data"));
}

TEST_F(OmGearsFile, WithATinyInputOfManyDimsStaysSmall) {
  for (int i = 0; i < 30000; ++i) {
    model_.inputs.insert(model_.inputs.begin(), model_.inputs[0]);
    model_.inputs[0].name = fmt::format("x{}", i);
    model_.nodes.push_back(test::make_node(model_.inputs[0].name, "Data", {}));
    model_.nodes.back().output_tensors = {model_.inputs[0]};
    if (i == 0) model_.nodes.back().output_tensors[0].dims = {1};
  }
  EXPECT_THAT(std::string(read().status().text()), HasSubstr("too many gears"));
}

TEST(FillGear, FollowsTheKind) {
  const std::vector<std::vector<int64_t>> open = {{1, 1, 40, -1}, {1, -1}, {-1, -1}};
  EXPECT_THAT(*fill_gear(open, OmGearKind::kDims, std::vector<int64_t>{40, 41, 2, 3}),
              ElementsAre(ElementsAre(1, 1, 40, 40), ElementsAre(1, 41), ElementsAre(2, 3)));
  EXPECT_THAT(*fill_gear({{-1, -1}, {5}, {-1, 7, -1}}, OmGearKind::kDims, std::vector<int64_t>{2, 3}),
              ElementsAre(ElementsAre(2, 3), ElementsAre(5), ElementsAre(2, 7, 3)));
  EXPECT_THAT(*fill_gear({{-1, 3}, {-1}}, OmGearKind::kBatch, std::vector<int64_t>{8}),
              ElementsAre(ElementsAre(8, 3), ElementsAre(8)));
  EXPECT_THAT(*fill_gear({{2, 3, -1, -1}}, OmGearKind::kImage, std::vector<int64_t>{4, 6}),
              ElementsAre(ElementsAre(2, 3, 4, 6)));
  EXPECT_FALSE(fill_gear({{-1, -1}}, OmGearKind::kDims, std::vector<int64_t>{1}).is_ok());
  EXPECT_FALSE(fill_gear({{1, 2}}, OmGearKind::kBatch, std::vector<int64_t>{1}).is_ok());
  EXPECT_FALSE(fill_gear({{-1}}, OmGearKind::kBatch, std::vector<int64_t>{0}).is_ok());
}

TEST(OpenShapes, ComeBackWithTheirRanges) {
  const std::vector<float> weights = {1, 2, 3, 4};
  OmModel model = test::add_model({1, 4}, weights);
  model.inputs[0].dims = model.inputs[0].dims_v2 = {-1, 4};
  model.inputs[0].bytes = 0;
  model.inputs[0].ranges = {{1, 8}, {4, 4}};
  model.outputs[0].dims = {-1, 4};
  model.outputs[0].bytes = 0;
  model.nodes.front().output_tensors = {model.inputs[0]};
  model.nodes.back().input_tensors = {model.outputs[0]};
  const std::string file = test::to_file(model);
  const auto read = read_om(std::as_bytes(std::span(file)));
  ASSERT_TRUE(read.is_ok()) << read.status().text();
  EXPECT_TRUE(has_open_shapes(*read));
  EXPECT_EQ(read->inputs[0].ranges, model.inputs[0].ranges);
  EXPECT_THAT(om_inspection(*read, file.size(), false), HasSubstr("sizes: [1~8, 4]"));
  model.inputs[0].bytes = 16;
  model.nodes.front().output_tensors = {model.inputs[0]};
  const std::string wrong = test::to_file(model);
  EXPECT_FALSE(read_om(std::as_bytes(std::span(wrong))).is_ok()) << "a size that nobody knows";
}

}  // namespace
}  // namespace cairn
