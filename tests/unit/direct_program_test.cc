// Single operators that run without the engine, next to plain loops.
#include "direct/program.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <numeric>
#include <vector>

#include "base/half.h"
#include "device/scheduler.h"
#include "engine/engine.h"

namespace cairn::direct {
namespace {

using Dims = std::vector<int64_t>;

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

struct Tensor {
  aclDataType type = ACL_FLOAT;
  Dims dims;
};

OperatorTensor described(const Tensor& tensor) {
  OperatorTensor made;
  made.data_type = tensor.type;
  made.dims = tensor.dims;
  return made;
}

struct Operator {
  std::string type;
  std::vector<Tensor> inputs;
  std::vector<Tensor> outputs;
  std::vector<OmAttribute> attributes = {};

  std::shared_ptr<Executable> compile() const {
    OperatorSpec spec;
    spec.type = type;
    for (const Tensor& input : inputs)
      spec.inputs.push_back(described(input));
    for (const Tensor& output : outputs)
      spec.outputs.push_back(described(output));
    spec.attributes = attributes;
    auto made = cairn_engine()->compile_operator(spec);
    EXPECT_TRUE(made.is_ok()) << made.status().text();
    return made.is_ok() ? *made : nullptr;
  }
};

template <class T>
std::vector<T> run(const Operator& op, const std::vector<std::vector<T>>& inputs, size_t count,
                   Scheduler* workers = nullptr, FloatOverflow overflow = {.saturate = false}) {
  const std::shared_ptr<Executable> executable = op.compile();
  if (executable == nullptr || executable->direct_program() == nullptr) {
    ADD_FAILURE() << op.type << " is not run without the engine";
    return {};
  }
  std::vector<const void*> from;
  for (const std::vector<T>& input : inputs)
    from.push_back(input.data());
  std::vector<T> result(count);
  void* const to = result.data();
  executable->direct_program()->run(from, {&to, 1}, overflow, workers);
  return result;
}

std::vector<float> spread(size_t count) {
  std::vector<float> values(count);
  for (size_t i = 0; i < count; ++i)
    values[i] = static_cast<float>(static_cast<int>(i * 37 % 101) - 50) / 16;
  return values;
}

OmAttribute ints(const char* name, Dims values) {
  return {name, std::move(values)};
}

TEST(DirectProgram, RunsTheseOperators) {
  const Tensor matrix{ACL_FLOAT, {4, 6}};
  const Tensor halves{ACL_FLOAT16, {4, 6}};
  const std::vector<Operator> operators = {
      {"MatMul", {matrix, {ACL_FLOAT, {6, 3}}}, {{ACL_FLOAT, {4, 3}}}},
      {"MatMul", {halves, {ACL_FLOAT16, {6, 3}}}, {{ACL_FLOAT16, {4, 3}}}},
      {"BatchMatMul", {{ACL_FLOAT, {2, 4, 6}}, {ACL_FLOAT, {1, 6, 3}}}, {{ACL_FLOAT, {2, 4, 3}}}},
      {"SoftmaxV2", {matrix}, {matrix}},
      {"LogSoftmaxV2", {halves}, {halves}, {ints("axes", {0})}},
      {"ReduceSumD", {matrix}, {{ACL_FLOAT, {4}}}, {ints("axes", {-1})}},
      {"ReduceMaxD", {{ACL_INT8, {4, 6}}}, {{ACL_INT8, {6}}}, {ints("axes", {0})}},
      {"EuclideanNormD", {matrix}, {{ACL_FLOAT, {4}}}, {ints("axes", {1})}},
      {"TransposeD", {{ACL_INT64, {2, 3, 4}}}, {{ACL_INT64, {4, 2, 3}}}, {ints("perm", {2, 0, 1})}},
      {"ConcatD", {matrix, matrix}, {{ACL_FLOAT, {8, 6}}}, {{"concat_dim", int64_t{0}}}},
      {"SplitD",
       {matrix},
       {{ACL_FLOAT, {2, 6}}, {ACL_FLOAT, {2, 6}}},
       {{"split_dim", int64_t{0}}, {"num_split", int64_t{2}}}},
      {"SliceD", {halves}, {{ACL_FLOAT16, {2, 3}}}, {ints("offsets", {1, 2}), ints("size", {2, 3})}},
      {"TileD", {matrix}, {{ACL_FLOAT, {8, 6}}}, {ints("multiples", {2, 1})}},
      {"GatherV2D", {matrix, {ACL_INT32, {2}}}, {{ACL_FLOAT, {2, 6}}}, {{"axis", int64_t{0}}}},
      {"Flatten", {{ACL_BOOL, {4, 2, 3}}}, {{ACL_BOOL, {4, 6}}}},
  };
  for (const Operator& op : operators) {
    const auto executable = op.compile();
    ASSERT_NE(executable, nullptr) << op.type;
    EXPECT_NE(executable->direct_program(), nullptr) << op.type;
  }
}

TEST(DirectProgram, LeavesOthersToTheEngine) {
  const Operator sum{"CumsumD", {{ACL_FLOAT, {4, 6}}}, {{ACL_FLOAT, {4, 6}}}, {{"axis", int64_t{1}}}};
  EXPECT_EQ(sum.compile()->direct_program(), nullptr);
}

TEST(DirectProgram, ReducesAxesInAnyPlace) {
  const std::vector<float> x = spread(3 * 4 * 5);
  const Operator op{"ReduceSumD", {{ACL_FLOAT, {3, 4, 5}}}, {{ACL_FLOAT, {4}}}, {ints("axes", {0, -1})}};
  std::vector<float> expected(4);
  for (size_t i = 0; i < x.size(); ++i)
    expected[i / 5 % 4] += x[i];
  EXPECT_EQ(run<float>(op, {x}, 4), expected);
}

TEST(DirectProgram, ProductsOfBytesSaturateAndSumsOfWiderNumbersWrap) {
  const Operator product{"ReduceProdD", {{ACL_INT8, {2, 3}}}, {{ACL_INT8, {2}}}, {ints("axes", {1})}};
  EXPECT_EQ(run<int8_t>(product, {{100, 100, -100, 100, 0, 100}}, 2), (std::vector<int8_t>{-128, 0}));
  const Operator wide{"ReduceSumD", {{ACL_INT32, {2, 2}}}, {{ACL_INT32, {2}}}, {ints("axes", {1})}};
  constexpr int32_t kMost = std::numeric_limits<int32_t>::max();
  EXPECT_EQ(run<int32_t>(wide, {{kMost, 1, kMost, -kMost}}, 2), (std::vector<int32_t>{-kMost - 1, 0}));
}

TEST(DirectProgram, NanWinsInExtremesAndFillsItsRowOfASoftmax) {
  std::vector<float> x = spread(2 * 40);
  x[3] = kNan;
  x[45] = kInfinity;
  const Operator most{"ReduceMaxD", {{ACL_FLOAT, {2, 40}}}, {{ACL_FLOAT, {2}}}, {ints("axes", {1})}};
  const std::vector<float> extremes = run<float>(most, {x}, 2);
  EXPECT_TRUE(std::isnan(extremes[0]));
  EXPECT_EQ(extremes[1], kInfinity);
  x[45] = 1;
  const Operator softmax{"SoftmaxV2", {{ACL_FLOAT, {2, 40}}}, {{ACL_FLOAT, {2, 40}}}};
  const std::vector<float> y = run<float>(softmax, {x}, x.size());
  EXPECT_TRUE(std::isnan(y[0]));
  EXPECT_TRUE(std::isnan(y[39]));
  EXPECT_NEAR(std::accumulate(y.begin() + 40, y.end(), 0.0), 1, 1e-6);
}

TEST(DirectProgram, WorkersShareLongStages) {
  Scheduler workers(2);
  workers.start();
  constexpr int64_t kSide = 700;
  const std::vector<float> x = spread(kSide * kSide);
  const Tensor square{ACL_FLOAT, {kSide, kSide}};
  for (const Operator& op : std::vector<Operator>{
           {"MatMul", {square, square}, {square}},
           {"TransposeD", {square}, {square}, {ints("perm", {1, 0})}},
           {"SoftmaxV2", {square}, {square}, {ints("axes", {0})}},
           {"ConcatD", {square, square}, {{ACL_FLOAT, {kSide, 2 * kSide}}}, {{"concat_dim", int64_t{1}}}},
       }) {
    const std::vector<std::vector<float>> inputs(op.inputs.size(), x);
    const size_t count = x.size() * (op.type == "ConcatD" ? 2 : 1);
    EXPECT_EQ(run<float>(op, inputs, count, &workers), run<float>(op, inputs, count)) << op.type;
  }
  workers.end_workers();
}

TEST(DirectProgram, ProductsOfFewRowsAreSharedByColumns) {
  constexpr int64_t kColumns = 3000;
  constexpr int64_t kInner = 1500;
  const Operator op{"MatMul",
                    {{ACL_FLOAT, {2, kInner}}, {ACL_FLOAT, {kColumns, kInner}}},
                    {{ACL_FLOAT, {2, kColumns}}},
                    {{"transpose_x2", true}}};
  const std::vector<float> a = spread(2 * kInner);
  const std::vector<float> b = spread(kColumns * kInner);
  const std::vector<float> y = run<float>(op, {a, b}, 2 * kColumns);
  ASSERT_EQ(y.size(), 2U * kColumns);
  for (const size_t place : {size_t{0}, size_t{1499}, size_t{1500}, size_t{2 * kColumns - 1}}) {
    double sum = 0;
    for (size_t k = 0; k < kInner; ++k)
      sum += double{a[place / kColumns * kInner + k]} * b[place % kColumns * kInner + k];
    EXPECT_NEAR(y[place], sum, 1e-2);
  }
}

TEST(DirectProgram, TakesAnyAlignment) {
  const Operator op{"TransposeD", {{ACL_FLOAT, {2, 3}}}, {{ACL_FLOAT, {3, 2}}}, {ints("perm", {1, 0})}};
  const auto executable = op.compile();
  ASSERT_NE(executable->direct_program(), nullptr);
  const std::vector<float> x = {0, 1, 2, 3, 4, 5};
  std::vector<std::byte> in(x.size() * sizeof(float) + 1);
  std::vector<std::byte> out(in.size() + 2);
  std::memcpy(in.data() + 1, x.data(), in.size() - 1);
  const void* const from = in.data() + 1;
  void* const to = out.data() + 3;
  FloatOverflow overflow;
  executable->direct_program()->run({&from, 1}, {&to, 1}, overflow, nullptr);
  std::vector<float> y(x.size());
  std::memcpy(y.data(), to, y.size() * sizeof(float));
  EXPECT_EQ(y, (std::vector<float>{0, 3, 1, 4, 2, 5}));
}

TEST(DirectProgram, SaturatesHalfFloatsThatAreOnlyMoved) {
  const Operator op{"TransposeD", {{ACL_FLOAT16, {1, 2}}}, {{ACL_FLOAT16, {2, 1}}}, {ints("perm", {1, 0})}};
  const std::vector<uint16_t> x = {float_to_half(-kInfinity), float_to_half(2)};
  EXPECT_EQ(run<uint16_t>(op, {x}, 2), x);
  EXPECT_EQ(run<uint16_t>(op, {x}, 2, nullptr, {.saturate = true}),
            (std::vector<uint16_t>{float_to_half(-65504), float_to_half(2)}));
}

TEST(DirectProgram, HalfFloatsAreNotRoundedBetweenStages) {
  // The sum of the squares does not fit into a half float, its root does.
  const Operator op{"EuclideanNormD", {{ACL_FLOAT16, {2}}}, {{ACL_FLOAT16, {}}}, {ints("axes", {0})}};
  const std::vector<uint16_t> x = {float_to_half(300), float_to_half(400)};
  EXPECT_EQ(run<uint16_t>(op, {x}, 1), std::vector<uint16_t>{float_to_half(500)});
}

}  // namespace
}  // namespace cairn::direct
