// The operators that a program can execute: loaded from .om files, or compiled on the way.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "singleop/operator_queue.h"

namespace cairn {

/// One per process; shared by all threads and devices. Thread-safe.
class OperatorRegistry {
 public:
  static OperatorRegistry& get();

  void add(std::shared_ptr<const SingleOperator> op, OperatorOrigin origin);

  // Operators with fixed and with dynamic shapes have queues of their own [SYS-018].
  OperatorQueue& fixed() { return fixed_; }
  OperatorQueue& dynamic() { return dynamic_; }
  std::vector<std::shared_ptr<const SingleOperator>> of_type(std::string_view type) const;

 private:
  OperatorQueue fixed_;
  OperatorQueue dynamic_;
};

}  // namespace cairn
