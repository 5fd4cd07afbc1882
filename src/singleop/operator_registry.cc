#include "singleop/operator_registry.h"

#include "device/runtime.h"

namespace cairn {

OperatorRegistry& OperatorRegistry::get() {
  static auto* registry = new OperatorRegistry;  // Never destroyed: tasks may run until the process ends.
  return *registry;
}

void OperatorRegistry::add(std::shared_ptr<const SingleOperator> op, OperatorOrigin origin) {
  const OperatorSpec& description = op->description();
  OperatorQueue& queue = description.has_open_dims() ? dynamic_ : fixed_;
  const OperatorKey key = key_of(description);
  queue.add(key, std::move(op), origin, Runtime::get().operator_queue_limit());
}

std::vector<std::shared_ptr<const SingleOperator>> OperatorRegistry::of_type(std::string_view type) const {
  std::vector<std::shared_ptr<const SingleOperator>> found;
  fixed_.collect(type, found);
  dynamic_.collect(type, found);
  return found;
}

}  // namespace cairn
