#include "singleop/operator_queue.h"

#include <gtest/gtest.h>

#include <memory>

namespace cairn {
namespace {

std::shared_ptr<const SingleOperator> relu(int64_t size) {
  OperatorSpec spec;
  spec.type = "Relu";
  OperatorTensor tensor;
  tensor.data_type = ACL_FLOAT;
  tensor.dims = {size};
  spec.inputs = spec.outputs = {tensor};
  return std::make_shared<SingleOperator>(std::move(spec));
}

class OperatorQueueTest : public testing::Test {
 protected:
  static constexpr size_t kMost = 3;

  void add(int64_t size, OperatorOrigin origin = OperatorOrigin::kCompiled) {
    const auto op = relu(size);
    queue_.add(key_of(op->description()), op, origin, kMost);
  }
  bool knows(int64_t size) {
    return queue_.find(key_of(relu(size)->description()), [](const OperatorSpec&) { return true; }) !=
           nullptr;
  }

  OperatorQueue queue_;
};

TEST_F(OperatorQueueTest, ForgetsWhatWasNotUsedForLongest) {
  for (int64_t size = 1; size <= 3; ++size)
    add(size);
  EXPECT_TRUE(knows(1));
  add(4);
  EXPECT_TRUE(knows(1));
  EXPECT_FALSE(knows(2));
  EXPECT_TRUE(knows(3));
  EXPECT_TRUE(knows(4));
  EXPECT_EQ(queue_.count(), kMost);
}

TEST_F(OperatorQueueTest, KeepsWhatWasLoaded) {
  add(1, OperatorOrigin::kLoaded);
  for (int64_t size = 2; size <= 9; ++size)
    add(size);
  EXPECT_TRUE(knows(1));
  EXPECT_TRUE(knows(8));
  EXPECT_TRUE(knows(9));
  EXPECT_EQ(queue_.count(), kMost);
}

TEST_F(OperatorQueueTest, TakesTheSameOperatorOnce) {
  add(1);
  add(1);
  EXPECT_EQ(queue_.count(), 1U);
  add(1, OperatorOrigin::kLoaded);
  add(1);  // Does not make it one that ages.
  for (int64_t size = 2; size <= 9; ++size)
    add(size);
  EXPECT_TRUE(knows(1));
}

TEST_F(OperatorQueueTest, AgesNothingWhereLoadedOperatorsFillIt) {
  for (int64_t size = 1; size <= 3; ++size)
    add(size, OperatorOrigin::kLoaded);
  add(4);
  add(5);
  EXPECT_TRUE(knows(4));
  EXPECT_TRUE(knows(5));
}

TEST(OperatorKey, DependsOnEverythingThatAnOperatorIs) {
  OperatorSpec spec = relu(4)->description();
  spec.attributes = {{"a", int64_t{1}}, {"b", std::vector<float>{1, 2}}};
  const OperatorKey key = key_of(spec);
  EXPECT_EQ(key, key_of(OperatorSpec(spec)));
  OperatorSpec turned = spec;
  std::swap(turned.attributes[0], turned.attributes[1]);
  EXPECT_EQ(key, key_of(turned));

  const auto changed = [&](auto change) {
    OperatorSpec other = spec;
    change(other);
    return !(key == key_of(other));
  };
  EXPECT_TRUE(changed([](OperatorSpec& other) { other.type = "Relu6"; }));
  EXPECT_TRUE(changed([](OperatorSpec& other) { other.inputs[0].dims = {5}; }));
  EXPECT_TRUE(changed([](OperatorSpec& other) { other.inputs[0].dims = {4, 1}; }));
  EXPECT_TRUE(changed([](OperatorSpec& other) { other.inputs[0].data_type = ACL_FLOAT16; }));
  EXPECT_TRUE(changed([](OperatorSpec& other) { other.inputs[0].format = ACL_FORMAT_NCHW; }));
  EXPECT_TRUE(changed([](OperatorSpec& other) { other.inputs[0].constant.emplace(16); }));
  EXPECT_TRUE(changed([](OperatorSpec& other) { other.inputs.push_back(other.inputs[0]); }));
  EXPECT_TRUE(changed([](OperatorSpec& other) { other.outputs[0].dims = {5}; }));
  EXPECT_TRUE(changed([](OperatorSpec& other) { other.attributes[0].value = int64_t{2}; }));
  EXPECT_TRUE(changed([](OperatorSpec& other) { other.attributes[0].value = 1.0F; }));
  EXPECT_TRUE(changed([](OperatorSpec& other) { other.attributes.pop_back(); }));
  EXPECT_FALSE(changed([](OperatorSpec& other) { other.inputs.emplace_back(); }));  // Not used.
}

TEST(OperatorKey, TakesConstantsOfAnyLength) {
  OperatorSpec spec = relu(4)->description();
  spec.inputs[0].constant.emplace(5000, std::byte{1});
  OperatorSpec other = spec;
  other.inputs[0].constant->back() = std::byte{2};
  EXPECT_FALSE(key_of(spec) == key_of(other));
  spec.inputs.resize(200, spec.inputs[0]);  // More than fits in place.
  other = spec;
  EXPECT_EQ(key_of(spec), key_of(other));
  other.inputs[0].dims = {5};
  EXPECT_FALSE(key_of(spec) == key_of(other));
}

}  // namespace
}  // namespace cairn
