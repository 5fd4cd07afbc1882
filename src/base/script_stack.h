// The call stack of the interpreter above a call of the API: "app.py:41 in main". Known only while somebody
// observes.
#pragma once

#include <atomic>
#include <cstddef>
#include <span>
#include <string>

namespace cairn {

/// One place of a script. Never destroyed: equal places are the same object.
struct ScriptFrame {
  std::string file;
  std::string function;
  int line = 0;
};

/// What an interpreter's extension module provides.
class ScriptStack {
 public:
  virtual ~ScriptStack() = default;
  /// The places that the calling thread came through, innermost first, without those of the package itself.
  /// Returns how many were written. Needs no lock of the interpreter.
  virtual size_t frames(std::span<const ScriptFrame*> into) = 0;
  /// The same in a signal handler, of script code that faulted and may have given the interpreter's lock
  /// back: it is taken for as long as it needs.
  virtual size_t frames_of_fault(std::span<const ScriptFrame*> into) = 0;
  /// Reads the places now, with the interpreter's lock held, for calls of frames() after it was released.
  virtual size_t read_frames(std::span<const ScriptFrame*> into) = 0;
};

/// Null until an interpreter has loaded its module.
extern std::atomic<ScriptStack*> script_stack;

/// The places of this thread for as long as the object lives; made before the interpreter's lock is released.
class NotedScriptFrames {
 public:
  NotedScriptFrames();
  NotedScriptFrames(const NotedScriptFrames&) = delete;
  NotedScriptFrames& operator=(const NotedScriptFrames&) = delete;
  ~NotedScriptFrames();

  /// What the calling thread noted last; empty if nothing is noted.
  static std::span<const ScriptFrame* const> newest();

 private:
  static constexpr size_t kMost = 16;
  const ScriptFrame* frames_[kMost];
  size_t count_ = 0;
  const NotedScriptFrames* outer_;
};

}  // namespace cairn
