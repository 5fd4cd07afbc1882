// The families of operators; each is one file with one of these functions.
#pragma once

#include <span>
#include <string_view>

#include "ops/operator_table.h"

namespace cairn::ops {

std::span<const Entry> activation_operators();
std::span<const Entry> arithmetic_operators();
std::span<const Entry> arrangement_operators();
std::span<const Entry> comparison_operators();
std::span<const Entry> convolution_operators();
std::span<const Entry> detection_operators();
std::span<const Entry> gradient_operators();
std::span<const Entry> grouping_operators();
std::span<const Entry> matrix_operators();
std::span<const Entry> normalisation_operators();
std::span<const Entry> pooling_operators();
std::span<const Entry> quantisation_operators();
std::span<const Entry> random_operators();
std::span<const Entry> recurrent_operators();
std::span<const Entry> reduction_operators();
std::span<const Entry> resize_operators();
std::span<const Entry> shape_operators();
std::span<const Entry> training_operators();
std::span<const Entry> unary_operators();

struct Family {
  std::string_view name;
  std::span<const Entry> entries;
};

inline std::vector<Family> families() {
  return {
      {"activation", activation_operators()},
      {"arithmetic", arithmetic_operators()},
      {"arrangement", arrangement_operators()},
      {"comparison", comparison_operators()},
      {"convolution", convolution_operators()},
      {"detection", detection_operators()},
      {"gradient", gradient_operators()},
      {"grouping", grouping_operators()},
      {"matrix", matrix_operators()},
      {"normalisation", normalisation_operators()},
      {"pooling", pooling_operators()},
      {"quantisation", quantisation_operators()},
      {"random", random_operators()},
      {"recurrent", recurrent_operators()},
      {"reduction", reduction_operators()},
      {"resize", resize_operators()},
      {"shape", shape_operators()},
      {"training", training_operators()},
      {"unary", unary_operators()},
  };
}

}  // namespace cairn::ops
