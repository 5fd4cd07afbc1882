#include "op/op_attributes.h"

#include <algorithm>

namespace cairn {

Status OpAttributes::set(const char* name, OmAttributeValue value) {
  if (name == nullptr || *name == '\0')
    return error(ACL_ERROR_INVALID_PARAM, "OP-035", "attrName is {}; pass the name of the attribute",
                 name == nullptr ? "null" : "empty");
  const std::lock_guard lock(mutex_);
  const auto known = std::ranges::find(attributes_, std::string_view(name), &OmAttribute::name);
  if (known != attributes_.end())
    known->value = std::move(value);
  else
    attributes_.push_back({name, std::move(value)});
  return {};
}

std::vector<OmAttribute> OpAttributes::all() const {
  const std::lock_guard lock(mutex_);
  return attributes_;
}

}  // namespace cairn
