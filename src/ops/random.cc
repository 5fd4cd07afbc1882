// Random numbers. The same seeds give the same numbers; they are not those of the card.
#include <array>
#include <numbers>

#include "ops/families.h"
#include "ops/nodes.h"

namespace cairn::ops {
namespace {

using namespace ov::op;

Value uniform(const Arguments& op, const Value& shape, const ov::element::Type& type, double low, double high,
              uint64_t more = 0) {
  const auto bound = [&](double value) {
    return make<v0::Constant>(type, ov::Shape{}, std::vector<double>{value});
  };
  return make<v8::RandomUniform>(shape, bound(low), bound(high), type,
                                 static_cast<uint64_t>(op.integer("seed")),
                                 static_cast<uint64_t>(op.integer("seed2")) + more);
}

Values random_uniform(const Arguments& op) {
  return {convert(uniform(op, op.input("shape"), ov::element::f32, 0, 1), op.type("dtype"))};
}

Values random_uniform_integers(const Arguments& op) {
  const Value low = op.input("min");
  return {make<v8::RandomUniform>(op.input("shape"), scalar(low), scalar(op.input("max")),
                                  low.get_element_type(), static_cast<uint64_t>(op.integer("seed")),
                                  static_cast<uint64_t>(op.integer("seed2")))};
}

/// Box and Muller: two uniform numbers make a normal one.
Values random_normal(const Arguments& op) {
  constexpr double kLeast = 1e-7;  // The logarithm of 0 is none.
  const Value radius = uniform(op, op.input("shape"), ov::element::f32, kLeast, 1);
  const Value angle = uniform(op, op.input("shape"), ov::element::f32, 0, 2 * std::numbers::pi, 0x9e3779b9);
  const Value length = make<v0::Sqrt>(multiply(make<v0::Log>(radius), -2));
  return {convert(multiply(length, make<v0::Cos>(angle)), op.type("dtype"))};
}

constexpr std::string_view kSeeds = "dtype Type; seed Int=0; seed2 Int=0";

constexpr std::array kEntries = std::to_array<Entry>({
    {"RandomStandardNormal", "shape", "y: f16 f32 f64", kSeeds, "Index", random_normal},
    {"RandomUniform", "shape", "y: f16 f32 f64", kSeeds, "Index", random_uniform},
    {"RandomUniformInt", "shape, min, max", "y", "seed Int=0; seed2 Int=0", "Index", random_uniform_integers},
});

}  // namespace

std::span<const Entry> random_operators() {
  return kEntries;
}

}  // namespace cairn::ops
