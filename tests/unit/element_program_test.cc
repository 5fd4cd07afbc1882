// Programs that work element by element, next to plain loops over single numbers.
#include "element/element_program.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <numeric>
#include <vector>

#include "base/half.h"

namespace cairn::element {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

ElementProgram one_step(Function function, aclDataType type, int64_t count, size_t inputs) {
  ElementProgram program({count});
  std::vector<ValueId> values;
  for (size_t i = 0; i < inputs; ++i)
    values.push_back(program.add_source({{count}, type, i, nullptr}));
  const Kernel kernel = find_kernel(function, computed_type(type));
  const ValueId result = program.add_step(kernel, values);
  program.add_output(result, program.type_of(result) == ACL_FLOAT ? type : program.type_of(result));
  return program;
}

template <class Result, class T>
std::vector<Result> run(const ElementProgram& program, const std::vector<std::vector<T>>& inputs) {
  std::vector<Result> result(program.elements());
  std::vector<const void*> from;
  for (const std::vector<T>& input : inputs)
    from.push_back(input.data());
  void* const to = result.data();
  FloatOverflow overflow;
  program.run(from, {&to, 1}, 0, program.elements(), overflow);
  return result;
}

template <class Result, class T>
std::vector<Result> run(Function function, aclDataType type, const std::vector<std::vector<T>>& inputs) {
  return run<Result>(one_step(function, type, static_cast<int64_t>(inputs[0].size()), inputs.size()), inputs);
}

std::vector<float> spread(size_t count, float from, float to) {
  std::vector<float> values(count);
  for (size_t i = 0; i < count; ++i)
    values[i] = from + (to - from) * static_cast<float>(i) / static_cast<float>(count);
  return values;
}

TEST(ElementProgram, ComputesMoreThanABlockWithATailAtAnyAlignment) {
  constexpr size_t kCount = 5003;
  std::vector<std::byte> memory(2 * kCount * sizeof(float) + 3);
  const std::vector<float> x = spread(kCount, -4, 4);
  std::memcpy(memory.data() + 1, x.data(), kCount * sizeof(float));
  const ElementProgram program = one_step(Function::kAbs, ACL_FLOAT, kCount, 1);
  const void* const from = memory.data() + 1;
  void* const to = memory.data() + 3 + kCount * sizeof(float);
  FloatOverflow overflow;
  program.run({&from, 1}, {&to, 1}, 0, kCount, overflow);
  std::vector<float> y(kCount);
  std::memcpy(y.data(), to, kCount * sizeof(float));
  for (size_t i = 0; i < kCount; ++i)
    ASSERT_EQ(y[i], std::fabs(x[i])) << i;
}

TEST(ElementProgram, RepeatsSourcesLikeNumPy) {
  constexpr int64_t kRows = 37;
  constexpr int64_t kColumns = 113;
  ElementProgram program({2, kRows, kColumns});
  const ValueId row = program.add_source({{kColumns}, ACL_INT32, 0, nullptr});
  const ValueId column = program.add_source({{kRows, 1}, ACL_INT32, 1, nullptr});
  const ValueId plane = program.add_source({{2, 1, 1}, ACL_INT32, 2, nullptr});
  const Kernel add = find_kernel(Function::kAdd, ACL_INT32);
  const ValueId both = program.add_step(add, std::vector{row, column});
  program.add_output(program.add_step(add, std::vector{both, plane}), ACL_INT32);
  std::vector<int32_t> rows(kColumns);
  std::vector<int32_t> columns(kRows);
  std::iota(rows.begin(), rows.end(), 0);
  std::iota(columns.begin(), columns.end(), 1);
  for (int32_t& each : columns)
    each *= 1000;
  const auto sums = run<int32_t>(program, std::vector<std::vector<int32_t>>{rows, columns, {0, 1'000'000}});
  for (int32_t k = 0; k < 2; ++k)
    for (int32_t i = 0; i < kRows; ++i)
      for (int32_t j = 0; j < kColumns; ++j)
        ASSERT_EQ(sums[static_cast<size_t>((k * kRows + i) * kColumns + j)],
                  k * 1'000'000 + (i + 1) * 1000 + j);
}

TEST(ElementProgram, WorksInPlace) {
  std::vector<float> x = spread(3000, 0, 9);
  const std::vector<float> before = x;
  const ElementProgram program = one_step(Function::kSqrt, ACL_FLOAT, 3000, 1);
  const void* const from = x.data();
  void* const to = x.data();
  FloatOverflow overflow;
  program.run({&from, 1}, {&to, 1}, 0, x.size(), overflow);
  for (size_t i = 0; i < x.size(); ++i)
    ASSERT_EQ(x[i], std::sqrt(before[i]));
}

TEST(ElementProgram, SaturatesHalvesAndSaysSo) {
  ElementProgram program({40});
  program.add_output(program.add_source({{40}, ACL_FLOAT, 0, nullptr}), ACL_FLOAT16);
  std::vector<float> x(40, 1.0F / 3);
  const void* const from = x.data();
  std::vector<uint16_t> halves(40);
  void* const to = halves.data();
  FloatOverflow overflow;
  program.run({&from, 1}, {&to, 1}, 0, 40, overflow);
  EXPECT_EQ(halves[39], float_to_half(1.0F / 3));
  EXPECT_FALSE(overflow.seen);
  x[3] = 1e6F;
  x[39] = -kInfinity;
  x[20] = kNan;
  program.run({&from, 1}, {&to, 1}, 0, 40, overflow);
  EXPECT_TRUE(overflow.seen);
  EXPECT_EQ(half_to_float(halves[3]), 65504.0F);
  EXPECT_EQ(half_to_float(halves[39]), -65504.0F);
  EXPECT_TRUE(std::isnan(half_to_float(halves[20])));
  FloatOverflow infinite{.saturate = false};
  program.run({&from, 1}, {&to, 1}, 0, 40, infinite);
  EXPECT_EQ(half_to_float(halves[3]), kInfinity);
}

TEST(ElementKernels, KnowTheSpecialNumbers) {
  const std::vector<float> x = {kNan, kInfinity, -kInfinity, 0.0F, -0.0F, 1e-40F, -1.0F, 1000.0F, -1000.0F};
  const auto check = [&](Function function, float (*expected)(float)) {
    const auto y = run<float>(function, ACL_FLOAT, std::vector<std::vector<float>>{x});
    for (size_t i = 0; i < x.size(); ++i) {
      const float wanted = expected(x[i]);
      if (std::isnan(wanted))
        EXPECT_TRUE(std::isnan(y[i])) << static_cast<int>(function) << " of " << x[i] << " is " << y[i];
      else
        EXPECT_FLOAT_EQ(y[i], wanted) << static_cast<int>(function) << " of " << x[i];
    }
  };
  check(Function::kExp, [](float v) { return std::exp(v); });
  check(Function::kTanh, [](float v) { return std::tanh(v); });
  check(Function::kErf, [](float v) { return std::erf(v); });
  check(Function::kSigmoid, [](float v) { return 1 / (1 + std::exp(-v)); });
  check(Function::kSoftPlus,
        [](float v) { return std::isnan(v) ? v : std::fmax(v, 0.0F) + std::log1p(std::exp(-std::fabs(v))); });
  check(Function::kRelu, [](float v) { return v < 0 ? 0 : v; });
  check(Function::kLog, [](float v) { return std::log(v); });
}

TEST(ElementKernels, AreRightToTheLastBits) {
  const auto check = [](Function function, double (*expected)(double), float from, float to, float within) {
    const std::vector<float> x = spread(20011, from, to);
    const auto y = run<float>(function, ACL_FLOAT, std::vector<std::vector<float>>{x});
    for (size_t i = 0; i < x.size(); ++i) {
      const auto wanted = static_cast<float>(expected(x[i]));
      ASSERT_NEAR(y[i], wanted, within * std::fabs(wanted) + 1e-38F)
          << static_cast<int>(function) << " of " << x[i];
    }
  };
  constexpr float kFewBits = 6e-7F;
  check(Function::kExp, std::exp, -100, 88, kFewBits);
  check(Function::kLog, std::log, 1e-30F, 1e5F, kFewBits);
  check(Function::kTanh, std::tanh, -20, 20, kFewBits);
  check(Function::kErf, std::erf, -5, 5, kFewBits);
  check(Function::kErf, std::erf, -1e-3F, 1e-3F, kFewBits);
  check(
      Function::kSigmoid, [](double v) { return 1 / (1 + std::exp(-v)); }, -80, 80, kFewBits);
  check(
      Function::kSoftPlus, [](double v) { return std::log1p(std::exp(v)); }, -60, 60, kFewBits);
}

TEST(ElementKernels, ComputeWholeNumbersWithoutFaults) {
  using Bytes = std::vector<std::vector<int8_t>>;
  const int32_t least = std::numeric_limits<int32_t>::min();
  const int32_t most = std::numeric_limits<int32_t>::max();
  const std::vector<std::vector<int32_t>> words = {{7, -7, 5, least, most}, {2, 2, 0, -1, most}};
  EXPECT_EQ(run<int32_t>(Function::kDivide, ACL_INT32, words), (std::vector<int32_t>{3, -3, 0, least, 1}));
  EXPECT_EQ(run<int32_t>(Function::kFloorMod, ACL_INT32, words), (std::vector<int32_t>{1, 1, 0, 0, 0}));
  EXPECT_EQ(run<int32_t>(Function::kMod, ACL_INT32, words), (std::vector<int32_t>{1, -1, 0, 0, 0}));
  EXPECT_EQ(run<int32_t>(Function::kAdd, ACL_INT32, words), (std::vector<int32_t>{9, -5, 5, most, -2}));
  EXPECT_EQ(run<int32_t>(Function::kShiftLeft, ACL_INT32, words), (std::vector<int32_t>{28, -28, 5, 0, 0}));
  EXPECT_EQ(run<int8_t>(Function::kAdd, ACL_INT8, Bytes{{100, -100}, {100, -100}}),
            (std::vector<int8_t>{127, -128}));
  EXPECT_EQ(run<int8_t>(Function::kNegative, ACL_INT8, Bytes{{-128, 5}}), (std::vector<int8_t>{127, -5}));
  EXPECT_EQ(run<int32_t>(Function::kPower, ACL_INT32,
                         std::vector<std::vector<int32_t>>{{3, -1, 2, 0}, {4, -3, -1, 0}}),
            (std::vector<int32_t>{81, -1, 0, 1}));
}

TEST(ElementKernels, ConvertAsTheCpuDoes) {
  const std::vector<float> x = {1.5F, -1.5F, 300.7F, -300.2F, 3e9F, kNan, kInfinity};
  const auto converted = [&](aclDataType to) {
    ElementProgram program({static_cast<int64_t>(x.size())});
    const ValueId from = program.add_source({{static_cast<int64_t>(x.size())}, ACL_FLOAT, 0, nullptr});
    program.add_output(program.add_step(find_conversion(ACL_FLOAT, to), std::vector{from}), to);
    return program;
  };
  const std::vector<std::vector<float>> input = {x};
  const int32_t least = std::numeric_limits<int32_t>::min();
  EXPECT_EQ(run<int32_t>(converted(ACL_INT32), input),
            (std::vector<int32_t>{1, -1, 300, -300, least, least, least}));
  EXPECT_EQ(run<uint8_t>(converted(ACL_UINT8), input), (std::vector<uint8_t>{1, 255, 44, 212, 0, 0, 0}));
  EXPECT_EQ(run<uint32_t>(converted(ACL_UINT32), input)[4], 3'000'000'000U);
  EXPECT_EQ(run<uint8_t>(converted(ACL_BOOL), input), (std::vector<uint8_t>{1, 1, 1, 1, 1, 1, 1}));
}

}  // namespace
}  // namespace cairn::element
