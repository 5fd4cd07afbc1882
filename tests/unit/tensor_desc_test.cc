#include "tensor/tensor_desc.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tensor/data_type.h"

namespace cairn {
namespace {

std::unique_ptr<TensorDesc> make(std::vector<int64_t> dims, aclDataType type = ACL_FLOAT) {
  auto desc = TensorDesc::create(type, std::move(dims), ACL_FORMAT_ND);
  EXPECT_TRUE(desc.is_ok()) << desc.status().text();
  return std::move(*desc);
}

TEST(DataTypeTest, SizesAreThoseOfOneElement) {
  EXPECT_EQ(data_type_size(ACL_FLOAT), 4U);
  EXPECT_EQ(data_type_size(ACL_FLOAT16), 2U);
  EXPECT_EQ(data_type_size(ACL_BF16), 2U);
  EXPECT_EQ(data_type_size(ACL_COMPLEX128), 16U);
  EXPECT_EQ(data_type_size(ACL_DT_UNDEFINED), 0U);
  EXPECT_EQ(data_type_size(static_cast<aclDataType>(12345)), 0U);
}

TEST(TensorDescTest, CountsElementsAndBytes) {
  const auto desc = make({2, 3, 4}, ACL_FLOAT16);
  EXPECT_EQ(desc->element_count(), 24U);
  EXPECT_EQ(desc->size_bytes(), 48U);
  EXPECT_EQ(desc->num_dims(), 3U);
}

TEST(TensorDescTest, AScalarHasOneElement) {
  EXPECT_EQ(make({})->element_count(), 1U);
  EXPECT_EQ(make({})->num_dims(), 0U);
}

TEST(TensorDescTest, AnUnknownDimHasNoSizeYet) {
  const auto desc = make({4, -1});
  EXPECT_EQ(desc->size_bytes(), 0U);
  EXPECT_EQ(*desc->dim(1, "COM-026"), -1);
}

TEST(TensorDescTest, AnUnknownRankIsToldAsSuch) {
  const auto desc = make({-2});
  EXPECT_TRUE(desc->rank_is_unknown());
  EXPECT_EQ(desc->num_dims(), 0xFFFFFFFFFFFFFFFEU);
  EXPECT_FALSE(desc->dim(0, "COM-029").is_ok());
}

TEST(TensorDescTest, RefusesImpossibleShapes) {
  for (const std::vector<int64_t>& dims : {std::vector<int64_t>{-3},
                                           {INT64_MIN},
                                           {3, -2},
                                           {INT64_MAX, INT64_MAX},
                                           std::vector<int64_t>(10000, 1)}) {
    const auto desc = TensorDesc::create(ACL_FLOAT, dims, ACL_FORMAT_ND);
    if (!desc.is_ok()) continue;
    EXPECT_LE((*desc)->size_bytes(), 4U);
  }
}

TEST(TensorDescTest, KeepsRangesOfItsDims) {
  const auto desc = make({16, -1});
  EXPECT_TRUE(desc->set_shape_range({{16, 16}, {1, 128}}).is_ok());
  EXPECT_EQ(*desc->dim_range(1), (TensorDesc::Range{1, 128}));
  EXPECT_FALSE(desc->dim_range(2).is_ok());
}

TEST(TensorDescTest, CopyDimsRefusesBadCounts) {
  const int64_t dims[] = {1, 2, 3};
  EXPECT_THAT(*copy_dims(3, dims, "COM-034"), testing::ElementsAre(1, 2, 3));
  EXPECT_FALSE(copy_dims(-1, dims, "COM-034").is_ok());
  EXPECT_FALSE(copy_dims(2, nullptr, "COM-034").is_ok());
  EXPECT_TRUE(copy_dims(0, nullptr, "COM-034").is_ok());
}

}  // namespace
}  // namespace cairn
