#include "base/observer.h"

namespace cairn {

std::atomic<Observer*> current_observer{nullptr};

void tell_call_begins(const char* function) {
  observer()->call_begins(function);
}

void tell_call_ended(const char* function, const Status& status) {
  observer()->call_ended(function, status);
}

}  // namespace cairn
