// The door of libcairn_check.so.
#include <pthread.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "base/environment.h"
#include "check/checks.h"

namespace {

using cairn::check::Checks;

Checks* checks = nullptr;  // Never destroyed: threads may call until the process ends.

void at_exit(int status, void* /*unused*/) {
  const bool found = checks->finish();
  const bool fail = found && status == 0 && cairn::environment_int("CAIRN_CHECK_EXIT", 0, 0, 1) == 1;
  if (!fail) return;
  std::fflush(nullptr);
  ::_exit(EXIT_FAILURE);
}

}  // namespace

/// Starts the checkers `kinds` ("memory,sync" or "all") for the rest of the process. Called once.
extern "C" __attribute__((visibility("default"))) cairn::Observer* cairn_start_checks(const char* kinds) {
  cairn::check::prepare_call_stacks();
  checks = new Checks(kinds);
  ::on_exit(at_exit, nullptr);
  pthread_atfork([] { checks->lock_for_fork(); }, [] { checks->unlock_after_fork(false); },
                 [] { checks->unlock_after_fork(true); });
  return checks;
}
