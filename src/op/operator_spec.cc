#include "op/operator_spec.h"

#include <fmt/ranges.h>

#include <algorithm>

#include "om/om_types.h"
#include "tensor/data_type.h"

namespace cairn {
namespace {

std::string text_of(const std::vector<OperatorTensor>& tensors) {
  std::string text;
  for (const OperatorTensor& tensor : tensors) {
    if (!text.empty()) text += ", ";
    if (tensor.is_absent())
      text += '-';
    else
      text += fmt::format("{} {}{}", tensor.constant ? "const" : format_name(tensor.format),
                          data_type_name(tensor.data_type), shape_text(tensor.dims));
  }
  return text;
}

}  // namespace

bool OperatorTensor::is_open() const {
  return std::ranges::any_of(dims, [](int64_t dim) { return dim < 0; });
}

std::optional<size_t> OperatorTensor::bytes() const {
  return om::tensor_bytes(data_type, dims);
}

bool OperatorSpec::has_open_inputs() const {
  return std::ranges::any_of(inputs, &OperatorTensor::is_open);
}

bool OperatorSpec::has_open_dims() const {
  return has_open_inputs() || std::ranges::any_of(outputs, &OperatorTensor::is_open);
}

std::string shape_text(const std::vector<int64_t>& dims) {
  return fmt::format("[{}]", fmt::join(dims, ", "));
}

std::string describe(const OperatorSpec& description) {
  return fmt::format("{}({}) -> ({})", description.type, text_of(description.inputs),
                     text_of(description.outputs));
}

}  // namespace cairn
