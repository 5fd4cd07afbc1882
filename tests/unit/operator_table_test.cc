#include "ops/signature.h"

#include <gtest/gtest.h>

#include <stdexcept>

#include "acl/acl_base.h"

namespace cairn::ops {
namespace {

TEST(OperatorSignature, ReadsPortsAttributesAndTypes) {
  const Signature signature =
      parse_signature("Foo", "x, many*: f16 i8, last?", "y",
                      "a Int=3; b [int]={1, 2}; c Float; d Bool=true; e String=VALID", "f32");
  ASSERT_EQ(signature.inputs.size(), 3U);
  EXPECT_EQ(signature.inputs[0].kind, PortKind::kRequired);
  EXPECT_EQ(signature.inputs[1].kind, PortKind::kList);
  EXPECT_EQ(signature.inputs[2].kind, PortKind::kOptional);
  EXPECT_TRUE(signature.inputs[0].types.contains(ACL_FLOAT));
  EXPECT_FALSE(signature.inputs[0].types.contains(ACL_INT8));
  EXPECT_TRUE(signature.inputs[1].types.contains(ACL_INT8));
  EXPECT_EQ(signature.inputs[1].types.text(), "float16, int8");
  EXPECT_EQ(std::get<int64_t>(*signature.find_attribute("a")->otherwise), 3);
  EXPECT_EQ(std::get<std::vector<int64_t>>(*signature.find_attribute("b")->otherwise),
            (std::vector<int64_t>{1, 2}));
  EXPECT_FALSE(signature.find_attribute("c")->otherwise.has_value());
  EXPECT_EQ(std::get<std::string>(*signature.find_attribute("e")->otherwise), "VALID");
  EXPECT_EQ(signature.find_attribute("f"), nullptr);
}

TEST(OperatorSignature, GivesAListWhatTheOtherPortsLeave) {
  const Signature signature = parse_signature("Foo", "first, many*, last", "y", "", "f32");
  EXPECT_EQ(signature.list_size(5), 3U);
  EXPECT_EQ(signature.list_size(2), 0U);
  EXPECT_EQ(signature.list_size(1), 0U);
}

TEST(OperatorSignature, RefusesTextsThatItCannotRead) {
  EXPECT_THROW(parse_signature("Foo", "x: f33", "y", "", "f32"), std::logic_error);
  EXPECT_THROW(parse_signature("Foo", "x", "y", "a Number", "f32"), std::logic_error);
  EXPECT_THROW(parse_signature("Foo", "x", "y", "a Int=three", "f32"), std::logic_error);
}

TEST(OperatorSignature, FitsValuesToTheirKind) {
  EXPECT_EQ(std::get<float>(*as_kind(int64_t{2}, AttributeKind::kFloat)), 2.0F);
  EXPECT_EQ(std::get<bool>(*as_kind(int64_t{1}, AttributeKind::kBool)), true);
  EXPECT_EQ(std::get<std::vector<int64_t>>(*as_kind(int64_t{4}, AttributeKind::kInts)),
            std::vector<int64_t>{4});
  EXPECT_FALSE(as_kind(std::string("1"), AttributeKind::kInt).has_value());
  EXPECT_FALSE(as_kind(1.5F, AttributeKind::kInt).has_value());
}

// Reads every entry of every family: a text with a mistake throws.
TEST(OperatorTable, FindsOperatorsByType) {
  const Signature* conv = find_signature("Conv2D");
  ASSERT_NE(conv, nullptr);
  EXPECT_EQ(conv->inputs[1].name, "filter");
  EXPECT_EQ(find_signature("Conv2"), nullptr);
  EXPECT_EQ(find_signature(""), nullptr);
}

}  // namespace
}  // namespace cairn::ops
