// Giving up the GIL for a call, and taking it in a thread that does not have it.
//
// When the interpreter ends while daemon threads are still in a call, CPython ends each thread that asks for
// the GIL with pthread_exit, whose unwinding must not pass C++ code that knows nothing of it: it would end
// the process with std::terminate. Such a thread sleeps here instead until the process is gone.
#pragma once

#include <Python.h>
#include <cxxabi.h>
#include <unistd.h>

#include <utility>

namespace cairn::python {

/// Runs `use_interpreter`. Where the interpreter ends the thread inside it, this does not return.
template <class Function>
void until_interpreter_ends(Function&& use_interpreter) {
  try {
    std::forward<Function>(use_interpreter)();
  } catch (abi::__forced_unwind&) {
    while (true)
      ::pause();
  }
}

/// The thread has no GIL while this lives.
class ReleasedGil {
 public:
  ReleasedGil() : thread_(PyEval_SaveThread()) {}
  ReleasedGil(const ReleasedGil&) = delete;
  ReleasedGil& operator=(const ReleasedGil&) = delete;
  ~ReleasedGil() {
    until_interpreter_ends([this] { PyEval_RestoreThread(thread_); });
  }

 private:
  PyThreadState* thread_;
};

/// The thread has the GIL while this lives.
class HeldGil {
 public:
  HeldGil() {
    until_interpreter_ends([this] { state_ = PyGILState_Ensure(); });
  }
  HeldGil(const HeldGil&) = delete;
  HeldGil& operator=(const HeldGil&) = delete;
  ~HeldGil() { PyGILState_Release(state_); }

 private:
  PyGILState_STATE state_ = PyGILState_UNLOCKED;
};

}  // namespace cairn::python
