// Sharing a matrix product between the workers of a device.
#pragma once

#include <cstddef>

#include "device/scheduler.h"

// Of the OpenMP runtime that oneDNN uses.
extern "C" int omp_get_max_threads();
extern "C" void omp_set_num_threads(int count);

namespace cairn::blas {

/// While it lives, oneDNN works in the calling thread alone. Its own threads would be more than there are
/// cores as soon as two streams multiply, and they go on spinning after their work.
class OneThread {
 public:
  OneThread() : before_(omp_get_max_threads()) { omp_set_num_threads(1); }
  OneThread(const OneThread&) = delete;
  OneThread& operator=(const OneThread&) = delete;
  ~OneThread() { omp_set_num_threads(before_); }

 private:
  const int before_;
};

/// Calls run(part) for each part below `parts`, here and on workers that have nothing else to do. run may not
/// throw.
template <class Run>
void share(Scheduler& scheduler, size_t parts, Run run) {
  scheduler.run_parts(
      parts, [](void* argument, size_t part) { (*static_cast<Run*>(argument))(part); }, &run);
}

}  // namespace cairn::blas
