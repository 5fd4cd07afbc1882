// Which processes of this user use devices of Cairn on this machine, and how much of them: what npu-smi
// shows.
//
// The registry has two parts. Each process keeps a *record* of itself in an anonymous memory file that is
// sealed: nobody can shrink it, so that neither its owner nor a reader can fault on it, and nobody else can
// write it. The *index* is a small file in shared memory with a slot per process, which says where the record
// is (process and file descriptor). The index is read and written, never mapped, so it may hold anything.
//
// A slot is held by a file lock, which the kernel drops with the process, and names its owner by pid and
// start time: what a crashed process leaves behind is told apart and used again.
#pragma once

#include <sys/types.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "device/busy_time.h"
#include "device/cached_bytes.h"

namespace cairn {

/// What a process tells about one device. Lives in shared memory; its owner counts right in it.
struct DeviceRecord {
  std::atomic<uint32_t> in_use{0};  ///< 1 from the first use of the device until its release.
  std::atomic<uint32_t> streams{0};
  std::atomic<size_t> capacity_bytes{0};
  std::atomic<size_t> used_bytes{0};  ///< With what lies in the caches of freed blocks, which is free.
  BusyTime busy;
  std::array<uint64_t, 4> reserved{};
  std::array<CachedBytes, kBlockCaches> cached{};
};
static_assert(sizeof(DeviceRecord) == 64 * (1 + kBlockCaches) && std::atomic<size_t>::is_always_lock_free);

/// What a process tells about itself.
struct ProcessRecord {
  static constexpr size_t kMostDevices = 64;
  std::array<char, 16> magic{};
  uint64_t pid = 0;
  uint64_t start_time = 0;  ///< In clock ticks since boot, as in /proc/PID/stat.
  std::array<char, 32> name{};
  std::array<char, 32> soc{};
  uint64_t device_count = 0;  ///< Devices of the machine as this process sees it, hidden ones included.
  std::array<uint64_t, 3> reserved{};
  std::array<DeviceRecord, kMostDevices> devices{};  ///< By physical id.
};

/// A process and the time it was started: numbers of processes come again.
struct ProcessIdentity {
  uint64_t pid = 0;
  uint64_t start_time = 0;
  bool operator==(const ProcessIdentity&) const = default;
};

/// The process with that pid; a start time of 0 if there is none, or if it has ended and nobody has waited
/// for it.
ProcessIdentity identify_process(pid_t pid);

/// Where the index may lie, in this order of preference; empty if CAIRN_REGISTRY=0. CAIRN_REGISTRY=/path
/// names another file.
std::vector<std::string> registry_paths();

/// This process's entry in the registry. Thread-safe.
class ProcessRegistry {
 public:
  /// Enters this process when it is called for the first time. A failure is logged and has no other effect.
  static ProcessRegistry& of_this_process();

  /// Enters the calling process into the first of these indexes that can be opened.
  ProcessRegistry(const std::vector<std::string>& paths, std::string_view soc, uint32_t device_count);
  ProcessRegistry(const ProcessRegistry&) = delete;
  ProcessRegistry& operator=(const ProcessRegistry&) = delete;
  ~ProcessRegistry();

  /// Where to count for a device. Valid as long as the registry, also if the process could not be entered.
  DeviceRecord& device(int32_t physical_id) { return record_->devices.at(static_cast<size_t>(physical_id)); }
  /// The index that holds this process; empty if none does.
  const std::string& path() const { return path_; }
  /// Why no index does; empty if one does or none was asked for.
  const std::string& problem() const { return problem_; }
  /// In the child of a fork: counts on in memory of its own and leaves the entry to the parent.
  void leave_to_parent();

 private:
  ProcessRegistry() = default;
  struct Held;
  bool make_record(std::string_view soc, uint32_t device_count);
  bool enter(const std::string& path);
  static Held hold(int descriptor);
  static void let_go(Held& file);

  ProcessRecord* record_ = nullptr;
  /// An open file, and which one it is: a program that closes all descriptors may have given the number away.
  struct Held {
    int descriptor = -1;
    ino_t inode = 0;
  };
  Held record_file_;
  Held index_;
  std::string path_;
  std::string problem_;
};

/// What is known of one device of one process at one time.
struct DeviceUse {
  int32_t physical_id = 0;
  uint32_t streams = 0;
  size_t capacity_bytes = 0;
  size_t used_bytes = 0;
  BusyTime::Tick busy{};  ///< Of all workers until then; only differences mean something.
};

struct ProcessUse {
  ProcessIdentity identity;
  std::string name;
  std::string soc;
  uint32_t device_count = 0;
  BusyTime::Clock::time_point time;
  std::vector<DeviceUse> devices;  ///< Those in use.
};

/// The living processes of the indexes, by pid. Whatever cannot be read or makes no sense is left out.
std::vector<ProcessUse> read_processes(const std::vector<std::string>& paths);

}  // namespace cairn
