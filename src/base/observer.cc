#include "base/observer.h"

namespace cairn {

std::atomic<Observer*> current_observer{nullptr};

}  // namespace cairn
