// A mutex for critical sections of nanoseconds.
#pragma once

#include <pthread.h>

#include <mutex>

namespace cairn {

/// A std::mutex that spins for a moment before it sleeps: waking a thread costs more than all that is done
/// under these locks. Goes with std::condition_variable.
class AdaptiveMutex : public std::mutex {
 public:
#ifdef PTHREAD_ADAPTIVE_MUTEX_INITIALIZER_NP
  AdaptiveMutex() {
    *native_handle() = PTHREAD_ADAPTIVE_MUTEX_INITIALIZER_NP;
  }
#endif
};

}  // namespace cairn
