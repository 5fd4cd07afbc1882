// Runs the rounds of a random program against the public C API and compares what it sees with the model.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "acl/acl.h"
#include "acl/acl_op.h"
#include "soak/random_program.h"

namespace cairn::soak {

class ProgramRunner {
 public:
  /// Initialises the API. `seed` is for messages and for the small pauses between steps.
  ProgramRunner(uint64_t seed, Shape shape, int watchdog_seconds);
  ProgramRunner(const ProgramRunner&) = delete;
  ProgramRunner& operator=(const ProgramRunner&) = delete;
  /// Releases the devices and finalizes.
  ~ProgramRunner();

  /// Runs the round to its end. What differs from the model ends the process with a message.
  void run(const Round& round);
  /// All memory that the program took from the devices was given back.
  void check_memory();

 private:
  struct Context {
    aclrtContext handle = nullptr;
    int device = 0;
    size_t free_bytes = 0;  ///< Of its device, before the program began.
  };
  struct Buffer {
    void* address = nullptr;
    size_t size = 0;
    void* stale = nullptr;
  };
  struct Callback {
    ProgramRunner* runner;
    const Step* step;
  };
  struct Progress {
    std::atomic<uint32_t> steps{0};
    std::atomic<const Step*> current{nullptr};
  };

  void run_steps(int thread, const std::vector<Step>& steps);
  void execute(const Step& step);
  bool execute_stream(const Step& step);
  bool execute_event(const Step& step);
  void execute_memory(const Step& step);
  void add_bytes(const Step& step);
  void check_bytes(const Step& step, const uint8_t* found) const;
  void launch_callback(const Step& step);
  static void on_callback(void* data);
  void called_back(const Step& step);
  void process_reports(int device);
  void watch();

  void expect(const Step& step, aclError found, aclError wanted = ACL_SUCCESS) const;
  void expect_failure(const Step& step, aclError found) const;
  [[noreturn]] void fail(const Step& step, const std::string& what) const;

  aclrtStream stream_of(const Step& step) const;
  uint8_t* address(int buffer, size_t offset) const {
    return static_cast<uint8_t*>(buffers_[static_cast<size_t>(buffer)].address) + offset;
  }

  const uint64_t seed_;
  const Shape shape_;
  const int watchdog_seconds_;
  std::vector<Context> contexts_;
  std::array<aclrtStream, Shape::kStreams> streams_{};
  std::array<aclrtEvent, Shape::kEvents> events_{};
  std::vector<Buffer> buffers_;
  std::vector<uint64_t> report_threads_;  ///< Per device.

  std::mutex callbacks_mutex_;
  /// (stream, its life): a callback that does not block may run when its stream is gone and the next one has
  /// begun.
  std::map<std::pair<int, uint64_t>, uint64_t> callbacks_run_;
  std::atomic<uint64_t> callbacks_launched_{0};
  std::atomic<uint64_t> callbacks_done_{0};
  std::vector<std::vector<Callback>> callbacks_;  ///< Per thread; they live until the round ends.
  std::vector<Progress> progress_;

  std::atomic<bool> ending_{false};
  std::vector<std::thread> reporters_;
  std::thread watchdog_;
};

}  // namespace cairn::soak
