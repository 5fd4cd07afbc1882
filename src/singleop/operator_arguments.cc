#include "singleop/operator_arguments.h"

#include <cstring>

#include "op/op_attributes.h"
#include "singleop/host_tensors.h"
#include "tensor/data_buffer.h"
#include "tensor/data_type.h"
#include "tensor/tensor_desc.h"

namespace cairn {
namespace {

/// The data lies as the format says: operators work on tensors without padding and blocks.
Status check_layout(const TensorDesc& desc, const char* name, size_t index) {
  const aclFormat stored = desc.storage_format;
  if (stored == ACL_FORMAT_UNDEFINED || stored == ACL_FORMAT_ND || stored == desc.format()) [[likely]]
    return {};
  return error(ACL_ERROR_FEATURE_UNSUPPORTED, "OP-014",
               "{} {} is stored as {}, its format is {}; convert it with acl.trans_tensor_desc_format", name,
               index, format_name(stored), format_name(desc.format()));
}

Result<Ref<TensorDesc>> find_desc(std::span<const aclTensorDesc* const> descs, size_t index,
                                  const char* name) {
  CAIRN_ASSIGN(Ref<TensorDesc> desc, find<TensorDesc>(descs[index], name, "OP-012"));
  CAIRN_RETURN_IF_ERROR(check_layout(*desc, name, index));
  return desc;
}

/// The input's value belongs to the operator, and lies in a buffer of the host.
bool is_host_value(const TensorDesc& desc, std::span<const OperatorBuffer> inputs, size_t index) {
  return desc.placement == ACL_MEMTYPE_HOST && desc.constant.empty() && index < inputs.size() &&
         inputs[index].size >= desc.size_bytes() && !desc.rank_is_unknown() &&
         desc.type() != ACL_DT_UNDEFINED;
}

Status check_type(const char* type) {
  if (type != nullptr && *type != '\0') return {};
  return error(ACL_ERROR_INVALID_PARAM, "OP-012",
               "opType is {}; pass the name of an operator, such as \"Add\"",
               type == nullptr ? "null" : "empty");
}

OperatorTensor tensor_of(const TensorDesc& desc) {
  OperatorTensor tensor;
  if (desc.type() == ACL_DT_UNDEFINED) return tensor;
  tensor.name = desc.name;
  tensor.data_type = desc.type();
  tensor.format = desc.format();
  tensor.dims = desc.dims();
  for (const auto& [least, most] : desc.ranges())
    tensor.ranges.push_back({least, most});
  if (tensor.ranges.size() != tensor.dims.size()) tensor.ranges.clear();
  if (!desc.constant.empty()) tensor.constant = desc.constant;
  return tensor;
}

}  // namespace

Result<OperatorArguments> read_arguments(const ListedArguments& listed, bool with_data) {
  OperatorArguments arguments{.type = listed.type, .attributes = listed.attributes};
  CAIRN_ASSIGN(arguments.input_descs, operator_list(listed.input_count, listed.input_descs, "inputDesc"));
  CAIRN_ASSIGN(arguments.output_descs, operator_list(listed.output_count, listed.output_descs, "outputDesc"));
  if (!with_data) return arguments;
  CAIRN_ASSIGN(arguments.inputs, operator_list(listed.input_count, listed.inputs, "inputs"));
  CAIRN_ASSIGN(arguments.outputs, operator_list(listed.output_count, listed.outputs, "outputs"));
  return arguments;
}

Result<OperatorBuffers> OperatorBuffers::read(std::span<const aclDataBuffer* const> buffers,
                                              std::span<const aclTensorDesc* const> descs, const char* name) {
  OperatorBuffers found;
  found.count_ = buffers.size();
  if (buffers.size() > kInPlace) found.many_.resize(buffers.size());
  OperatorBuffer* const list = found.many_.empty() ? found.few_.data() : found.many_.data();
  for (size_t i = 0; i < buffers.size(); ++i) {
    CAIRN_ASSIGN(const DataBuffer::Contents buffer, DataBuffer::read(buffers[i], name, "OP-028"));
    list[i] = {buffer.data, buffer.size, false};
    if (i >= descs.size()) continue;
    CAIRN_ASSIGN(const Ref<TensorDesc> desc, find<TensorDesc>(descs[i], name, "OP-012"));
    list[i].on_host = desc->placement != ACL_MEMTYPE_DEVICE;
  }
  return found;
}

Result<ArgumentsKey> key_of(const OperatorArguments& arguments, std::span<const OperatorBuffer> inputs,
                            bool with_dims, HostValues host_values) {
  CAIRN_RETURN_IF_ERROR(check_type(arguments.type));
  ArgumentsKey result;
  OperatorKeyParts parts(arguments.type, with_dims);
  for (size_t i = 0; i < arguments.input_descs.size(); ++i) {
    CAIRN_ASSIGN(const Ref<TensorDesc> desc, find_desc(arguments.input_descs, i, "inputDesc"));
    if (!desc->constant.empty()) {
      const std::span<const std::byte> value(desc->constant);
      parts.add_input(desc->type(), desc->format(), desc->dims(), &value);
      continue;
    }
    if (!is_host_value(*desc, inputs, i)) [[likely]] {
      parts.add_input(desc->type(), desc->format(), desc->dims(), nullptr);
      continue;
    }
    result.has_host_values = true;
    if (host_values == HostValues::kData) {
      parts.add_input(desc->type(), desc->format(), desc->dims(), nullptr);
      continue;
    }
    std::array<std::byte, 512> few;
    std::vector<std::byte> many;
    std::span<std::byte> value(few);
    if (desc->size_bytes() > few.size()) {
      many.resize(desc->size_bytes());
      value = many;
    }
    value = value.first(desc->size_bytes());
    CAIRN_RETURN_IF_ERROR(copy_host_value(value.data(), inputs[i].data, value.size()));
    const std::span<const std::byte> read = value;
    parts.add_input(desc->type(), desc->format(), desc->dims(), &read);
  }
  parts.end_inputs();
  for (size_t i = 0; i < arguments.output_descs.size(); ++i) {
    CAIRN_ASSIGN(const Ref<TensorDesc> desc, find_desc(arguments.output_descs, i, "outputDesc"));
    parts.add_output(desc->type(), desc->format(), desc->dims());
  }
  if (arguments.attributes != nullptr) {
    CAIRN_ASSIGN(const Ref<OpAttributes> attributes,
                 find<OpAttributes>(arguments.attributes, "attr", "OP-012"));
    parts.add_attribute(attributes->key());
  }
  result.key = parts.key();
  return result;
}

Result<OperatorSpec> describe_arguments(const OperatorArguments& arguments,
                                        std::span<const OperatorBuffer> inputs, HostValues host_values) {
  CAIRN_RETURN_IF_ERROR(check_type(arguments.type));
  OperatorSpec description;
  description.type = arguments.type;
  for (size_t i = 0; i < arguments.input_descs.size(); ++i) {
    CAIRN_ASSIGN(const Ref<TensorDesc> desc, find_desc(arguments.input_descs, i, "inputDesc"));
    OperatorTensor tensor = tensor_of(*desc);
    if (host_values == HostValues::kConstants && is_host_value(*desc, inputs, i)) {
      tensor.constant.emplace(desc->size_bytes());
      CAIRN_RETURN_IF_ERROR(
          copy_host_value(tensor.constant->data(), inputs[i].data, tensor.constant->size()));
    }
    description.inputs.push_back(std::move(tensor));
  }
  while (!description.inputs.empty() && description.inputs.back().is_absent())
    description.inputs.pop_back();
  for (size_t i = 0; i < arguments.output_descs.size(); ++i) {
    CAIRN_ASSIGN(const Ref<TensorDesc> desc, find_desc(arguments.output_descs, i, "outputDesc"));
    description.outputs.push_back(tensor_of(*desc));
  }
  if (arguments.attributes != nullptr) {
    CAIRN_ASSIGN(const Ref<OpAttributes> attributes,
                 find<OpAttributes>(arguments.attributes, "attr", "OP-012"));
    description.attributes = attributes->all();
  }
  return description;
}

}  // namespace cairn
