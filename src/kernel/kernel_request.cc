#include "kernel/kernel_request.h"

#include <algorithm>

namespace cairn {
namespace {

template <class Number>
void append(std::string& key, Number number) {
  key.append(reinterpret_cast<const char*>(&number), sizeof number);
}

void append_text(std::string& key, std::string_view text) {
  append(key, text.size());
  key.append(text);
}

Status append_tensors(std::string& key, std::span<const aclTensorDesc* const> list, const char* name) {
  append(key, list.size());
  for (const aclTensorDesc* const handle : list) {
    CAIRN_ASSIGN(const Ref<TensorDesc> desc, find<TensorDesc>(handle, name, "OP-012"));
    append(key, desc->type());
    append(key, desc->format());
    append(key, desc->placement);
    append(key, desc->dims().size());
    for (const int64_t dim : desc->dims())
      append(key, dim);
  }
  return {};
}

struct AppendValue {
  std::string& key;

  void operator()(bool value) const { append(key, value); }
  void operator()(int64_t value) const { append(key, value); }
  void operator()(float value) const { append(key, value); }
  void operator()(const std::string& value) const { append_text(key, value); }
  template <class Element>
  void operator()(const std::vector<Element>& values) const {
    append(key, values.size());
    for (const Element& value : values)
      (*this)(value);
  }
};

}  // namespace

Status write_key(const KernelRequest& request, std::string& key) {
  if (request.type == nullptr || *request.type == '\0')
    return error(ACL_ERROR_INVALID_PARAM, "OP-012", "opType is {}; pass the type of the operator",
                 request.type == nullptr ? "null" : "empty");
  key.clear();
  append_text(key, request.type);
  CAIRN_RETURN_IF_ERROR(append_tensors(key, request.inputs, "inputDesc"));
  CAIRN_RETURN_IF_ERROR(append_tensors(key, request.outputs, "outputDesc"));
  if (request.attributes == nullptr) return {};
  CAIRN_ASSIGN(const Ref<OpAttributes> found, find<OpAttributes>(request.attributes, "attr", "OP-035"));
  std::vector<OmAttribute> attributes = found->all();
  std::ranges::sort(attributes, {}, &OmAttribute::name);
  for (const OmAttribute& attribute : attributes) {
    append_text(key, attribute.name);
    append(key, attribute.value.index());
    std::visit(AppendValue{key}, attribute.value);
  }
  return {};
}

}  // namespace cairn
