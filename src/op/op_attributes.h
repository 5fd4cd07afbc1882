// aclopAttr: the attributes of an operator, by name [OP-033].
#pragma once

#include <mutex>
#include <string_view>
#include <vector>

#include "base/handle_table.h"
#include "base/status.h"
#include "om/om_model.h"
#include "op/operator_key.h"

namespace cairn {

/// Thread-safe.
class OpAttributes {
 public:
  static constexpr HandleType kHandleType = HandleType::kOpAttributes;

  /// Sets or replaces one.
  Status set(const char* name, OmAttributeValue value);
  std::vector<OmAttribute> all() const;
  /// The sum of the attributes' keys: what OperatorKeyParts makes of them, kept so that a call does not have
  /// to.
  OperatorKey key() const;

 private:
  mutable std::mutex mutex_;
  std::vector<OmAttribute> attributes_;
  OperatorKey key_;
};

}  // namespace cairn
