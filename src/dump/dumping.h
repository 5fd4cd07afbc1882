// What is dumped now: set by the file of aclInit, or between aclmdlInitDump and aclmdlFinalizeDump.
#pragma once

#include <atomic>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>

#include "base/status.h"
#include "dump/dump_config.h"

namespace cairn {

/// One configuration in force. Models that are loaded meanwhile keep it.
struct DumpSession {
  explicit DumpSession(DumpConfig chosen);

  const DumpConfig config;
  /// dump_path/YYYYMMDDHHMMSS, the local time of the start; made with the first file.
  const std::filesystem::path folder;
  /// False after its end: nothing more is dumped [DUMP-032].
  std::atomic<bool> active{true};
};

/// Thread-safe.
class Dumping {
 public:
  static Dumping& get();

  /// The section of aclInit's file.
  void begin(DumpConfig config);
  /// aclFinalize: whatever is in force ends.
  void end();

  /// aclmdlInitDump, aclmdlSetDump and aclmdlFinalizeDump [DUMP-021] .. [DUMP-025].
  Status initialize();
  /// Nothing: a file that asks for no dump.
  Status set(std::optional<DumpConfig> config);
  /// The error that set() will return whatever the file holds.
  Status check_set() const;
  Status finalize();

  /// Null while nothing is dumped.
  std::shared_ptr<const DumpSession> session() const;
  /// The same, while it asks for single operators. Costs a look at a number while it does not.
  std::shared_ptr<const DumpSession> session_of_operators() const {
    return has_operators_.load(std::memory_order_relaxed) ? session() : nullptr;
  }

 private:
  Status check_api_use() const;                      // Under mutex_.
  void replace(std::shared_ptr<DumpSession> other);  // Under mutex_.

  mutable std::mutex mutex_;
  bool by_init_ = false;      ///< aclInit's file asked for a dump.
  bool initialized_ = false;  ///< Between aclmdlInitDump and aclmdlFinalizeDump.
  std::shared_ptr<DumpSession> session_;
  std::atomic<bool> has_operators_{false};
};

}  // namespace cairn
