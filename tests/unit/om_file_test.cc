// Reading and writing of om files: what is written comes back, and no damage gets through.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <random>

#include "acl/acl_mdl.h"
#include "om/om_aipp.h"
#include "om/om_checksum.h"
#include "om/om_layout.h"
#include "om/om_model.h"
#include "om/om_report.h"

namespace cairn {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::span<const std::byte> bytes_of(const std::string& text) {
  return std::as_bytes(std::span(text));
}

OmTensor tensor(const std::string& name, aclDataType type, aclFormat format, std::vector<int64_t> dims,
                size_t bytes) {
  return {name, type, format, std::move(dims), bytes};
}

/// An image of YUV420SP through AIPP, a constant, an operator with attributes of every kind.
class OmFile : public testing::Test {
 protected:
  OmFile() {
    for (size_t i = 0; i < weights_.size(); ++i)
      weights_[i] = static_cast<std::byte>(i * 7);
    model_.name = "a_name_that_is_longer_than_the_thirty_one_of_the_header";
    model_.soc_version = "Ascend310B4";
    model_.atc_version = "9.9";
    model_.atc_cmdline = "atc --some=thing";
    model_.memory_size = 4096;
    model_.weight_size = weights_.size();
    model_.ir_xml = "<net/>";
    model_.weights = weights_;

    const OmTensor own = tensor("image", ACL_FLOAT, ACL_FORMAT_NCHW, {2, 3, 8, 6}, 2 * 3 * 8 * 6 * 4);
    OmInput input;
    input.name = "image";
    input.data_type = ACL_UINT8;
    input.format = ACL_FORMAT_NHWC;
    input.dims = {2, 8, 6, 3};
    input.dims_v2 = {2, 12, 6, 1};
    input.bytes = 2 * 8 * 6 * 3 / 2;
    AippParams params;
    params.aipp_mode = AippMode::kStatic;
    params.input_format = AippInputFormat::kYuv420spU8;
    params.csc_switch = true;
    params.min_chn = {1.5F, 2.5F, 3.5F, 0.0F};
    params.mean_chn = {127, 126, 125, 0};
    auto resolved = resolve(params, *om_aipp_output(own));
    EXPECT_TRUE(resolved.is_ok()) << resolved.status().text();
    input.aipp = OmAipp{*resolved, own};
    model_.inputs = {input};
    model_.outputs = {tensor("op:0:y", ACL_INT64, ACL_FORMAT_ND, {}, 8)};

    OmNode data{"image", "Data", {}, {input}, {input}, {}, {}, {}, 0, {}};
    OmNode constant{"w", "Const", {}, {},  {tensor("w", ACL_FLOAT16, ACL_FORMAT_ND, {50}, 100)},
                    {},  {},      64, 100, {}};
    OmNode small{"s", "Const", {}, {}, {tensor("s", ACL_INT8, ACL_FORMAT_ND, {3}, 3)}, {}, {}, {}, 0, "abc"};
    OmNode op{"op",
              "Odd",
              {{"image", 0}, {"", 0}, {"w", 0}},
              {input, OmTensor(), constant.output_tensors[0]},
              {model_.outputs[0]},
              {{"a_flag", true},
               {"b_number", int64_t{-5}},
               {"c_real", 0.25F},
               {"d_text", std::string("x")},
               {"e_list", std::vector<int64_t>{1, -1}},
               {"f_reals", std::vector<float>{0.5F}},
               {"g_texts", std::vector<std::string>{"p", "q"}}},
              {"first", "second"},
              {},
              0,
              {}};
    OmNode end{"Node_Output", "NetOutput", {{"op", 0}}, {model_.outputs[0]}, {}, {}, {}, {}, 0, {}};
    model_.nodes = {data, constant, small, op, end};
  }

  std::string written() const {
    auto file = write_om(model_);
    EXPECT_TRUE(file.is_ok()) << file.status().text();
    return file.is_ok() ? *file : std::string();
  }

  std::vector<std::byte> weights_ = std::vector<std::byte>(1000);
  OmModel model_;
};

TEST_F(OmFile, ComesBackAsItWasWritten) {
  const std::string file = written();
  const auto read = read_om(bytes_of(file));
  ASSERT_TRUE(read.is_ok()) << read.status().text();
  EXPECT_EQ(read->name, model_.name);
  EXPECT_EQ(read->soc_version, "Ascend310B4");
  EXPECT_EQ(read->atc_cmdline, "atc --some=thing");
  EXPECT_EQ(read->framework, 5);
  EXPECT_EQ(read->memory_size, 4096U);
  EXPECT_EQ(read->weight_size, 1000U);
  EXPECT_EQ(read->ir_xml, "<net/>");
  EXPECT_TRUE(read->defect.empty());
  ASSERT_EQ(read->weights.size(), weights_.size());
  EXPECT_EQ(std::memcmp(read->weights.data(), weights_.data(), weights_.size()), 0);

  ASSERT_EQ(read->inputs.size(), 1U);
  const OmInput& input = read->inputs[0];
  EXPECT_EQ(input.name, "image");
  EXPECT_EQ(input.data_type, ACL_UINT8);
  EXPECT_EQ(input.format, ACL_FORMAT_NHWC);
  EXPECT_THAT(input.dims, ElementsAre(2, 8, 6, 3));
  EXPECT_THAT(input.dims_v2, ElementsAre(2, 12, 6, 1));
  ASSERT_TRUE(input.aipp);
  EXPECT_THAT(input.engine_tensor().dims, ElementsAre(2, 3, 8, 6));
  EXPECT_EQ(input.engine_tensor().data_type, ACL_FLOAT);
  EXPECT_EQ(input.aipp->params.matrix, model_.inputs[0].aipp->params.matrix);
  EXPECT_EQ(input.aipp->params.mean_chn, model_.inputs[0].aipp->params.mean_chn);
  EXPECT_EQ(input.aipp->params.min_chn, model_.inputs[0].aipp->params.min_chn);

  ASSERT_EQ(read->outputs.size(), 1U);
  EXPECT_EQ(read->outputs[0].name, "op:0:y");
  EXPECT_EQ(read->outputs[0].bytes, 8U);
  EXPECT_TRUE(read->outputs[0].dims.empty());
}

/// What read_model_file does with a file whose weights lie beside it.
TEST_F(OmFile, WithWeightsBesideItBecomesTheWholeFile) {
  const std::vector<OmWeightFile> parts = {{64, 1}, {936, 2}};
  OmWeightStream weights;
  weights.bytes = weights_.size();
  weights.checksum = om_checksum(weights_);
  std::string apart;
  const Status done = write_om(
      model_, weights,
      [&](std::span<const std::byte> bytes) {
        apart.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
        return Status();
      },
      parts);
  ASSERT_TRUE(done.is_ok()) << done.text();
  const auto refused = read_om(bytes_of(apart));
  ASSERT_FALSE(refused.is_ok());
  EXPECT_THAT(std::string(refused.status().text()), HasSubstr("2 files of the folder 'weight'"));
  const auto described = read_om(bytes_of(apart), OmUse::kDescribe);
  ASSERT_TRUE(described.is_ok()) << described.status().text();
  EXPECT_EQ(described->nodes.size(), model_.nodes.size());

  const auto found = find_weight_files(bytes_of(apart));
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[1].name(), "weight_0000000000000002");
  EXPECT_EQ(weight_file_bytes(found), 1000U);
  std::string whole(apart.size() + 1000, '\0');
  const std::span<std::byte> place =
      make_room_for_weights(bytes_of(apart), std::as_writable_bytes(std::span(whole)));
  ASSERT_EQ(place.size(), 1000U);
  std::ranges::copy(weights_, place.begin());
  const auto read = read_om(bytes_of(whole));
  ASSERT_TRUE(read.is_ok()) << read.status().text();
  EXPECT_EQ(std::memcmp(read->weights.data(), weights_.data(), weights_.size()), 0);
  EXPECT_TRUE(find_weight_files(bytes_of(whole)).empty());
  EXPECT_TRUE(find_weight_files(bytes_of(written())).empty());
}

TEST_F(OmFile, WithWeightsOfAnySizeBesideItAsksForLessThanTheSumCanHold) {
  const uint64_t half = uint64_t{1} << 62;
  for (const auto& parts : {std::vector<OmWeightFile>{{half, 1}, {half, 2}}, {{~uint64_t{0}, 1}}}) {
    std::string file;
    const Status done = write_om(
        model_, {.bytes = 0, .checksum = 0, .write = nullptr},
        [&](std::span<const std::byte> bytes) {
          file.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
          return Status();
        },
        parts);
    ASSERT_TRUE(done.is_ok());
    EXPECT_TRUE(find_weight_files(bytes_of(file)).empty());
  }
}

class OmFileWithDynamicAipp : public OmFile {
 protected:
  OmFileWithDynamicAipp() {
    AippParams params;
    params.aipp_mode = AippMode::kDynamic;
    params.max_src_image_size = 5000;
    set_dynamic_aipp(model_.inputs[0], params, 1);
    model_.inputs.push_back(aipp_parameters_input(std::string(kAippParametersName), 2));
    describe_inputs();
  }

  /// The nodes are what the reader makes inputs from.
  void describe_inputs() {
    OmTensor image = model_.inputs[0];
    image.dims = {1, static_cast<int64_t>(image.bytes)};
    model_.nodes[0] = {"image", "Data", {}, {image}, {image}, {}, {}, {}, 0, {}};
    const OmTensor extra = model_.inputs[1];
    model_.nodes[1] = {extra.name, "AippData", {}, {extra}, {extra}, {}, {}, {}, 0, {}};
  }

  void expect_refused(std::string_view why) {
    describe_inputs();
    const std::string file = written();
    const auto read = read_om(bytes_of(file));
    ASSERT_FALSE(read.is_ok());
    EXPECT_THAT(std::string(read.status().text()), HasSubstr(std::string(why)));
  }
};

TEST_F(OmFileWithDynamicAipp, ComesBackAsItWasWritten) {
  const std::string file = written();
  const auto read = read_om(bytes_of(file));
  ASSERT_TRUE(read.is_ok()) << read.status().text();
  ASSERT_EQ(read->inputs.size(), 2U);
  const OmInput& image = read->inputs[0];
  ASSERT_TRUE(image.aipp && image.aipp->is_dynamic());
  EXPECT_EQ(image.aipp->parameters, 1U);
  EXPECT_EQ(image.bytes, 5000U);
  EXPECT_THAT(image.dims, ElementsAre(2, -1, -1, -1));
  EXPECT_EQ(image.dims_v2, image.dims);
  EXPECT_THAT(image.engine_tensor().dims, ElementsAre(2, 3, 8, 6));
  EXPECT_EQ(read->inputs[1].role, OmInputRole::kAippParameters);
  EXPECT_EQ(read->inputs[1].name, "ascend_dynamic_aipp_data");
  EXPECT_THAT(om_inspection(*read, file.size(), false), HasSubstr("dynamic, images of 5000 bytes at most"));
  EXPECT_THAT(om_inspection_json(*read, file.size(), false), HasSubstr("\"max_src_image_size\": 5000"));
}

TEST_F(OmFileWithDynamicAipp, WithoutRoomForAllImagesIsRefused) {
  model_.inputs[1] = aipp_parameters_input(std::string(kAippParametersName), 1);
  expect_refused("the parameters of 2 images need 256");
}

TEST_F(OmFileWithDynamicAipp, WithParametersInAnInputOfTheNetworkIsRefused) {
  model_.inputs[1].role = OmInputRole::kData;
  expect_refused("no input takes the AIPP parameters");
}

TEST_F(OmFileWithDynamicAipp, WithAnImageOfAnotherSizeIsRefused) {
  model_.inputs[0].bytes = 4999;
  expect_refused("does not fit dynamic AIPP");
}

TEST_F(OmFileWithDynamicAipp, BehindItsParametersIsRefused) {
  std::swap(model_.inputs[0], model_.inputs[1]);
  model_.inputs[1].aipp->parameters = 0;
  const std::string file = written();
  EXPECT_FALSE(read_om(bytes_of(file)).is_ok());
}

/// The network's input leaves all but the channels open.
class OmFileWithDynamicAippAndRanges : public OmFileWithDynamicAipp {
 protected:
  OmFileWithDynamicAippAndRanges() { open_up({{1, 4}, {3, 3}, {8, 16}, {0, -1}}); }

  void open_up(const std::vector<DimRange>& ranges) {
    OmInput& image = model_.inputs[0];
    image.ranges = ranges;
    image.aipp->original.bytes = 0;
    for (size_t i = 0; i < image.aipp->original.dims.size(); ++i)
      image.aipp->original.dims[i] = ranges[i].is_fixed() ? ranges[i].least : -1;
    set_dynamic_aipp(image, image.aipp->params, 1);
    model_.inputs[1] = aipp_parameters_input(std::string(kAippParametersName), 4);
    describe_inputs();
  }
};

TEST_F(OmFileWithDynamicAippAndRanges, ComesBackAsItWasWritten) {
  const std::string file = written();
  const auto read = read_om(bytes_of(file));
  ASSERT_TRUE(read.is_ok()) << read.status().text();
  EXPECT_TRUE(has_open_shapes(*read));
  const OmInput& image = read->inputs[0];
  EXPECT_EQ(image.bytes, 5000U);
  EXPECT_THAT(image.dims, ElementsAre(-1, -1, -1, -1));
  EXPECT_THAT(image.engine_tensor().dims, ElementsAre(-1, 3, -1, -1));
  EXPECT_EQ(image.ranges, model_.inputs[0].ranges);
  EXPECT_THAT(om_inspection(*read, file.size(), false), HasSubstr("sizes: [1~4, 3, 8~16, 0 or more]"));
}

TEST_F(OmFileWithDynamicAippAndRanges, WithoutRoomForTheLargestBatchIsRefused) {
  model_.inputs[1] = aipp_parameters_input(std::string(kAippParametersName), 3);
  expect_refused("the parameters of 4 images need 448");
}

TEST_F(OmFileWithDynamicAippAndRanges, WithARangeForEachDimOfThePictureOnlyIsRefused) {
  model_.inputs[0].ranges.pop_back();
  expect_refused("shape_range of input image cannot be read");
}

TEST_F(OmFileWithDynamicAippAndRanges, WhoseSizesAippCannotWriteIsRefused) {
  constexpr DimRange kGood{8, 16};
  for (const DimRange batch : {DimRange{1, -1}, DimRange{1, -7}, DimRange{1, 0}, DimRange{1, INT64_MAX}}) {
    open_up({batch, {3, 3}, kGood, kGood});
    expect_refused("batch");
  }
  open_up({{1, 4}, {1, 4}, kGood, kGood});
  expect_refused("channels");
  for (const DimRange size : {DimRange{4161, -1}, DimRange{INT64_MAX, -1}}) {
    open_up({{1, 4}, {3, 3}, size, kGood});
    expect_refused("4160");
    open_up({{1, 4}, {3, 3}, kGood, size});
    expect_refused("4160");
  }
}

TEST_F(OmFile, KeepsTheShownGraph) {
  const std::string file = written();
  const auto read = read_om(bytes_of(file));
  ASSERT_TRUE(read.is_ok()) << read.status().text();
  ASSERT_EQ(read->nodes.size(), 5U);
  EXPECT_EQ(read->nodes[1].weight_offset, 64U);
  EXPECT_EQ(read->nodes[1].weight_bytes, 100U);
  EXPECT_EQ(read->nodes[2].inline_data, "abc");
  const OmNode& op = read->nodes[3];
  ASSERT_EQ(op.inputs.size(), 3U);
  EXPECT_EQ(op.inputs[0].node, "image");
  EXPECT_TRUE(op.inputs[1].node.empty());
  EXPECT_THAT(op.original_names, ElementsAre("first", "second"));
  ASSERT_EQ(op.attributes.size(), 7U);
  for (size_t i = 0; i < 7; ++i) {
    EXPECT_EQ(op.attributes[i].name, model_.nodes[3].attributes[i].name);
    EXPECT_EQ(op.attributes[i].value, model_.nodes[3].attributes[i].value);
  }
}

TEST_F(OmFile, HasWeightsAtAMultipleOf64) {
  for (const size_t letters : {0, 1, 2, 3, 17, 61, 62, 63, 64, 130}) {
    model_.atc_cmdline = std::string(letters, 'x');
    const std::string file = written();
    const auto read = read_om(bytes_of(file));
    ASSERT_TRUE(read.is_ok()) << read.status().text();
    const auto offset = reinterpret_cast<const char*>(read->weights.data()) - file.data();
    EXPECT_EQ(static_cast<size_t>(offset) % kOmWeightAlignment, 0U) << letters;
  }
}

TEST_F(OmFile, IsTheSameEachTime) {
  EXPECT_EQ(written(), written());
}

TEST_F(OmFile, WithoutWeightsIsGood) {
  model_.weights = {};
  model_.nodes.erase(model_.nodes.begin() + 1);
  const std::string file = written();
  EXPECT_TRUE(read_om(bytes_of(file)).is_ok());
}

TEST_F(OmFile, WithAnyByteOfHeaderOrTableChangedIsRefused) {
  const std::string file = written();
  for (size_t at = 0; at < om::kHeaderBytes + om::kTableBytes; ++at) {
    for (const char change : {'\x01', '\x80', '\xFF'}) {
      std::string damaged = file;
      damaged[at] = static_cast<char>(damaged[at] ^ change);
      EXPECT_FALSE(read_om(bytes_of(damaged)).is_ok()) << "byte " << at;
    }
  }
}

TEST_F(OmFile, WithAnyByteOfTheBodyChangedIsRefused) {
  const std::string file = written();
  for (size_t at = om::kHeaderBytes + om::kTableBytes; at < file.size(); ++at) {
    std::string damaged = file;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x10);
    EXPECT_FALSE(read_om(bytes_of(damaged)).is_ok()) << "byte " << at;
    static_cast<void>(read_om(bytes_of(damaged), OmUse::kDescribe));  // May be good or not, but ends.
  }
}

TEST_F(OmFile, CutOffAnywhereIsRefusedForItsSize) {
  const std::string file = written();
  for (size_t size = 0; size < file.size(); ++size) {
    const auto read = read_om(bytes_of(file.substr(0, size)));
    ASSERT_FALSE(read.is_ok()) << size;
    EXPECT_EQ(read.code(), ACL_ERROR_GE_EXEC_MODEL_DATA_SIZE_INVALID) << size;
    EXPECT_THAT(std::string(read.status().text()), HasSubstr("[MDL-001]"));
  }
}

TEST_F(OmFile, OfAnotherKindIsRefused) {
  const std::string text(4000, 'x');
  EXPECT_EQ(read_om(bytes_of(text)).code(), ACL_ERROR_GE_PARAM_INVALID);
}

TEST_F(OmFile, OfAnotherCompilerIsDescribedButNotExecuted) {
  const std::string ours = written();
  const auto model_def = static_cast<uint32_t>(read_om(bytes_of(ours))->partition_sizes.model_def);
  // The old layout: a table of 32 bits with three partitions, no executable graph.
  const uint32_t table[] = {3, 0, 0, model_def, 1, model_def, 1000, 2, model_def + 1000, 0};
  std::string file = ours.substr(0, om::kHeaderBytes);
  om::put<uint64_t>(file.data(), om::header::kLength64, 0);
  om::put<uint32_t>(file.data(), om::header::kLength32,
                    static_cast<uint32_t>(sizeof(table)) + model_def + 1000);
  file.append(reinterpret_cast<const char*>(table), sizeof(table));
  file += ours.substr(om::kHeaderBytes + om::kTableBytes, model_def + 1000);

  const auto described = read_om(bytes_of(file), OmUse::kDescribe);
  ASSERT_TRUE(described.is_ok()) << described.status().text();
  EXPECT_EQ(described->inputs.size(), 1U);
  EXPECT_THAT(described->defect, HasSubstr("another compiler"));
  EXPECT_THAT(om_inspection(*described, file.size(), false), HasSubstr("runs      no"));
  EXPECT_EQ(read_om(bytes_of(file)).code(), ACL_ERROR_GE_EXEC_LOAD_KERNEL_PARTITION_FAILED);
}

/// Puts other bytes in place of the model definition and repairs sizes and checksums.
std::string with_model_def(const std::string& file, const std::string& model_def) {
  using namespace om;  // NOLINT(google-build-using-namespace)
  const std::byte* old = bytes_of(file).data();
  const size_t table = kHeaderBytes + 8;
  const auto old_size = get<uint64_t>(old, table + 16);
  std::string result = file.substr(0, kHeaderBytes + kTableBytes) + model_def;
  result += file.substr(kHeaderBytes + kTableBytes + old_size);
  const uint64_t change = model_def.size() - old_size;
  put<uint64_t>(result.data(), table + 16, model_def.size());
  for (size_t i = 1; i < kPartitionsWritten; ++i)
    put<uint64_t>(result.data(), table + 24 * i + 8, get<uint64_t>(old, table + 24 * i + 8) + change);
  put<uint64_t>(result.data(), header::kLength64, get<uint64_t>(old, header::kLength64) + change);
  auto manifest = get<Manifest>(bytes_of(result).data(), result.size() - sizeof(Manifest));
  manifest.header = om_checksum(bytes_of(result.substr(0, kHeaderBytes + kTableBytes)));
  manifest.model_def = om_checksum(bytes_of(model_def));
  std::memcpy(result.data() + result.size() - sizeof(Manifest), &manifest, sizeof(Manifest));
  const std::string covered = result.substr(result.size() - sizeof(Manifest), offsetof(Manifest, manifest));
  put<uint64_t>(result.data(), result.size() - 8, om_checksum(bytes_of(covered)));
  return result;
}

TEST_F(OmFile, WithAForgedModelDefinitionIsRefusedOrGood) {
  const std::string file = written();
  const auto size = read_om(bytes_of(file))->partition_sizes.model_def;
  const std::string good = file.substr(om::kHeaderBytes + om::kTableBytes, size);
  ASSERT_TRUE(read_om(bytes_of(with_model_def(file, good))).is_ok());
  std::mt19937 random(1);
  for (int i = 0; i < 3000; ++i) {
    std::string forged = good;
    for (int j = 0; j < 3; ++j)
      forged[random() % forged.size()] = static_cast<char>(random());
    static_cast<void>(read_om(bytes_of(with_model_def(file, forged))));
  }
}

TEST_F(OmFile, NestedWithoutEndIsRefused) {
  // AttrDef.g holds a GraphDef, whose attr holds an AttrDef, and so on.
  std::string inner;
  for (int i = 0; i < 400; ++i) {
    const auto wrap = [](char tag, const std::string& bytes) {
      std::string size;
      for (size_t n = bytes.size(); n >= 0x80; n >>= 7)
        size += static_cast<char>((n & 0x7F) | 0x80);
      size_t top = bytes.size();
      while (top >= 0x80)
        top >>= 7;
      std::string field = tag + size;
      field += static_cast<char>(top);
      field += bytes;
      return field;
    };
    const std::string attribute = wrap(0x6A, inner);  // AttrDef.g
    const std::string entry = wrap(0x12, attribute);  // Map entry: value
    inner = wrap(0x5A, entry);                        // GraphDef.attr
  }
  const auto read = read_om(bytes_of(with_model_def(written(), inner)));
  EXPECT_EQ(read.code(), ACL_ERROR_GE_EXEC_LOAD_MODEL_PARTITION_FAILED);
}

TEST_F(OmFile, ThatUnfoldsToFarMoreMemoryIsRefused) {
  std::string graph;
  for (int i = 0; i < 2'000'000; ++i)
    graph += std::string("\x32\x00", 2);  // GraphDef.op, empty
  const size_t n = graph.size();
  std::string model_def = "\x3A";
  model_def += static_cast<char>((n & 0x7F) | 0x80);
  model_def += static_cast<char>(((n >> 7) & 0x7F) | 0x80);
  model_def += static_cast<char>(((n >> 14) & 0x7F) | 0x80);
  model_def += static_cast<char>(n >> 21);
  model_def += graph;
  const auto read = read_om(bytes_of(with_model_def(written(), model_def)));
  ASSERT_FALSE(read.is_ok());
  EXPECT_THAT(std::string(read.status().text()), HasSubstr("memory"));
}

TEST_F(OmFile, WithSizesThatDoNotFitIsRefused) {
  model_.outputs[0].bytes = 16;
  model_.nodes.back().input_tensors[0].bytes = 16;
  EXPECT_EQ(read_om(bytes_of(written())).code(), ACL_ERROR_GE_EXEC_LOAD_MODEL_PARTITION_FAILED);
}

TEST_F(OmFile, WithAConstantOutsideTheWeightsIsRefused) {
  model_.nodes[1].weight_offset = 950;
  EXPECT_EQ(read_om(bytes_of(written())).code(), ACL_ERROR_GE_EXEC_LOAD_MODEL_PARTITION_FAILED);
}

TEST_F(OmFile, WhoseAippDoesNotMakeTheInputIsRefused) {
  model_.inputs[0].bytes += 1;
  model_.nodes[0].input_tensors[0].bytes += 1;
  model_.nodes[0].output_tensors[0].bytes += 1;
  EXPECT_EQ(read_om(bytes_of(written())).code(), ACL_ERROR_GE_EXEC_LOAD_MODEL_PARTITION_FAILED);
}

TEST_F(OmFile, InputWithColonsInItsNameKeepsAipp) {
  model_.inputs[0].name = "a:b:0";
  model_.inputs[0].aipp->original.name = "a:b:0";
  model_.nodes[0].name = "a:b:0";
  const std::string file = written();
  const auto read = read_om(bytes_of(file));
  ASSERT_TRUE(read.is_ok()) << read.status().text();
  EXPECT_EQ(read->inputs[0].aipp->original.name, "a:b:0");
  EXPECT_THAT(read->inputs[0].aipp->original.dims, ElementsAre(2, 3, 8, 6));
}

TEST_F(OmFile, IsShownAsJsonWithoutRawData) {
  const auto json = om_json(bytes_of(written()));
  ASSERT_TRUE(json.is_ok()) << json.status().text();
  EXPECT_THAT(*json, HasSubstr("\"type\": \"Odd\""));
  EXPECT_THAT(*json, HasSubstr("\"key\": \"b_number\""));
  EXPECT_THAT(*json, Not(HasSubstr("data_offset")));
  EXPECT_THAT(*json, Not(HasSubstr("memory_size")));
}

TEST(OmChecksumTest, OfPiecesIsThatOfTheWhole) {
  const std::string text = "some bytes that come in pieces";
  OmChecksum checksum;
  checksum.add(bytes_of(text).first(7));
  checksum.add(bytes_of(text).subspan(7));
  EXPECT_EQ(checksum.value(), om_checksum(bytes_of(text)));
}

TEST_F(OmFile, WritesWeightsThatComeInPieces) {
  OmChecksum checksum;
  checksum.add(weights_);
  OmWeightStream stream{weights_.size(), checksum.value(), [&](const OmSink& sink) -> Status {
                          CAIRN_RETURN_IF_ERROR(sink(std::span(weights_).first(10)));
                          return sink(std::span(weights_).subspan(10));
                        }};
  std::string file;
  ASSERT_TRUE(write_om(model_, stream, [&](std::span<const std::byte> bytes) {
                file.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
                return Status();
              }).is_ok());
  EXPECT_EQ(file, written());
}

TEST_F(OmFile, StopsAtTheFirstFailureOfTheSink) {
  OmWeightStream stream{weights_.size(), 0, [&](const OmSink& sink) { return sink(weights_); }};
  int calls = 0;
  const Status status = write_om(model_, stream, [&](std::span<const std::byte>) {
    return ++calls == 2 ? error(ACL_ERROR_GE_FAILURE, "MDL-001", "full") : Status();
  });
  EXPECT_EQ(status.code(), ACL_ERROR_GE_FAILURE);
  EXPECT_EQ(calls, 2);
}

}  // namespace
}  // namespace cairn
