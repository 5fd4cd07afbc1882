#include "model/model_desc.h"

#include <algorithm>
#include <cstring>
#include <random>

namespace cairn {
namespace {

constexpr size_t kLongestName = ACL_MAX_TENSOR_NAME_LEN - 1;

std::string random_suffix() {
  static thread_local std::mt19937 generator{std::random_device{}()};
  return fmt::format("{:08x}", generator());
}

Status bad_index(std::string_view rule, size_t index, size_t count, const char* kind) {
  return error(ACL_ERROR_INVALID_PARAM, rule,
               "index {} is out of range, the model has {} {}s; the first one is 0", index, count, kind);
}

std::string join_original_names(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names)
    text += fmt::format("[{}]{}", name.size(), name);
  return text;
}

template <class Tensor>
std::string known_names(const std::vector<Tensor>& tensors) {
  std::string text;
  for (const OmTensor& tensor : tensors)
    text += (text.empty() ? "" : ", ") + tensor.name;
  return text;
}

template <class Tensor>
Result<size_t> index_of(const std::vector<Tensor>& tensors, const std::string* real, std::string_view given,
                        std::string_view rule, const char* kind) {
  for (size_t i = 0; i < tensors.size(); ++i)
    if (real != nullptr && tensors[i].name == *real) return i;
  return error(ACL_ERROR_INVALID_PARAM, rule, "the model has no {} named '{}'; it has {}", kind, given,
               known_names(tensors));
}

}  // namespace

ModelDescription::ModelDescription(uint32_t model_id, const ModelInfo& info)
    : model_id_(model_id), info_(info) {
  for (size_t i = 0; i < info_.inputs.size(); ++i)
    shown_inputs_.push_back(shown_name(info_.inputs[i].name, model_id, "input", i));
  for (size_t i = 0; i < info_.outputs.size(); ++i)
    shown_outputs_.push_back(shown_name(info_.outputs[i].name, model_id, "output", i));
  for (const auto& [op, names] : info_.original_op_names)
    original_names_[op] = join_original_names(names);
}

std::string ModelDescription::shown_name(const std::string& name, uint32_t model_id, const char* kind,
                                         size_t index) const {
  if (name.size() <= kLongestName) return name;
  const auto taken = [&](const std::string& wanted) {
    const auto same = [&](const OmTensor& tensor) { return tensor.name == wanted; };
    return std::ranges::any_of(info_.inputs, same) || std::ranges::any_of(info_.outputs, same);
  };
  const std::string converted = fmt::format("acl_modelId_{}_{}_{}", model_id, kind, index);
  std::string shown = converted;
  while (taken(shown))
    shown = converted + "_" + random_suffix();  // MDL-091
  return shown;
}

Result<const OmInput*> ModelDescription::input(size_t index, std::string_view rule) const {
  if (index >= info_.inputs.size()) return bad_index(rule, index, info_.inputs.size(), "input");
  return &info_.inputs[index];
}

Result<const OmTensor*> ModelDescription::output(size_t index, std::string_view rule) const {
  if (index >= info_.outputs.size()) return bad_index(rule, index, info_.outputs.size(), "output");
  return &info_.outputs[index];
}

const std::string* ModelDescription::real_name(std::string_view name) const {
  for (size_t i = 0; i < info_.inputs.size(); ++i)
    if (info_.inputs[i].name == name || shown_inputs_[i] == name) return &info_.inputs[i].name;
  for (size_t i = 0; i < info_.outputs.size(); ++i)
    if (info_.outputs[i].name == name || shown_outputs_[i] == name) return &info_.outputs[i].name;
  return nullptr;
}

const char* ModelDescription::op_attribute(std::string_view op, std::string_view attribute) const {
  if (attribute != ACL_ATTR_NAME_DATA_DUMP_ORIGIN_OP_NAMES) return "";
  const auto found = original_names_.find(op);
  return found == original_names_.end() ? "" : found->second.c_str();
}

void ModelDesc::fill(std::shared_ptr<const ModelDescription> description) {
  const std::lock_guard lock(mutex_);
  description_ = std::move(description);
}

Result<std::shared_ptr<const ModelDescription>> ModelDesc::description() const {
  const std::lock_guard lock(mutex_);
  if (description_ != nullptr) return description_;
  return error(ACL_ERROR_INVALID_PARAM, "MDL-148",
               "the model description is empty; fill it with acl.mdl.get_desc first");
}

Status copy_dims(const std::string& name, const std::vector<int64_t>& dims, aclmdlIODims& out) {
  if (dims.size() > ACL_MAX_DIM_CNT)
    return error(ACL_ERROR_GE_SHAPE_INVALID, "MDL-086", "tensor {} has {} dims, at most {} can be described",
                 name, dims.size(), ACL_MAX_DIM_CNT);
  out = {};
  std::memcpy(out.name, name.data(), std::min(name.size(), kLongestName));
  out.dimCount = dims.size();
  std::ranges::copy(dims, out.dims);
  return {};
}

Result<size_t> input_index(const ModelDescription& description, std::string_view name) {
  return index_of(description.info().inputs, description.real_name(name), name, "MDL-125", "input");
}

Result<size_t> output_index(const ModelDescription& description, std::string_view name) {
  return index_of(description.info().outputs, description.real_name(name), name, "MDL-126", "output");
}

}  // namespace cairn
