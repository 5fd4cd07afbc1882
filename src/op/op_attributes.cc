#include "op/op_attributes.h"

#include <algorithm>

namespace cairn {

Status OpAttributes::set(const char* name, OmAttributeValue value) {
  if (name == nullptr || *name == '\0')
    return error(ACL_ERROR_INVALID_PARAM, "OP-035", "attrName is {}; pass the name of the attribute",
                 name == nullptr ? "null" : "empty");
  OmAttribute attribute{name, std::move(value)};
  const OperatorKey key = key_of(attribute);
  const std::lock_guard lock(mutex_);
  const auto known = std::ranges::find(attributes_, attribute.name, &OmAttribute::name);
  if (known != attributes_.end()) {
    const OperatorKey old = key_of(*known);
    key_ = {key_.low - old.low, key_.high - old.high};
    *known = std::move(attribute);
  } else {
    attributes_.push_back(std::move(attribute));
  }
  key_ = {key_.low + key.low, key_.high + key.high};
  return {};
}

std::vector<OmAttribute> OpAttributes::all() const {
  const std::lock_guard lock(mutex_);
  return attributes_;
}

OperatorKey OpAttributes::key() const {
  const std::lock_guard lock(mutex_);
  return key_;
}

}  // namespace cairn
