#include "device/process_registry.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
#include <optional>
#include <utility>

#include "base/environment.h"
#include "base/file_descriptor.h"
#include "base/log.h"
#include "device/soc_profile.h"

#ifndef F_SEAL_FUTURE_WRITE
#define F_SEAL_FUTURE_WRITE 0x0010
#endif

namespace cairn {
namespace {

constexpr std::array<char, 16> kIndexMagic = {"CAIRN-INDEX-1"};
constexpr std::array<char, 16> kRecordMagic = {"CAIRN-RECORD-2"};

/// The index: kIndexMagic in 64 bytes, then the slots.
constexpr off_t kFirstSlot = 64;
constexpr size_t kSlots = 512;

struct Slot {
  uint64_t pid = 0;
  uint64_t start_time = 0;
  uint64_t file_descriptor = 0;
  uint64_t check = 0;

  /// Tells a slot that was written by Cairn from what anything else may have left in the file.
  uint64_t expected_check() const {
    uint64_t sum = 0x9e3779b97f4a7c15U;
    for (const uint64_t part : {pid, start_time, file_descriptor})
      sum = (sum ^ part) * 0xbf58476d1ce4e5b9U + (sum >> 29);
    return sum;
  }
  bool is_valid() const {
    return pid != 0 && pid <= INT32_MAX && start_time != 0 && file_descriptor <= INT32_MAX &&
           check == expected_check();
  }
};
constexpr size_t kIndexBytes = size_t{kFirstSlot} + kSlots * sizeof(Slot);

constexpr off_t slot_offset(size_t index) {
  return kFirstSlot + static_cast<off_t>(index * sizeof(Slot));
}

/// Locks of an open file, not of a process: they end with its last descriptor, and threads see each other's.
bool set_lock(int file, int16_t type, off_t start, off_t length) {
  struct flock lock {};
  lock.l_type = type;
  lock.l_whence = SEEK_SET;
  lock.l_start = start;
  lock.l_len = length;
  return ::fcntl(file, F_OFD_SETLK, &lock) == 0;
}

/// Empty if the open file is one that only this user can have written, else what is wrong with it.
std::string defect_of_file(int file) {
  struct stat about {};
  if (::fstat(file, &about) != 0) return std::strerror(errno);
  if (!S_ISREG(about.st_mode)) return "it is no regular file";
  if (about.st_uid != ::geteuid()) return fmt::format("it belongs to user {}", about.st_uid);
  if ((about.st_mode & 077) != 0) return "other users may open it";
  return "";
}

bool has_index_layout(int file) {
  struct stat about {};
  std::array<char, 16> magic{};
  return ::fstat(file, &about) == 0 && static_cast<size_t>(about.st_size) == kIndexBytes &&
         ::pread(file, magic.data(), magic.size(), 0) == static_cast<ssize_t>(magic.size()) &&
         magic == kIndexMagic;
}

/// Gives a new or damaged index its layout. Nobody maps the file, so it may change its size at any time.
bool repair_index(int file) {
  for (int attempt = 0; attempt < 100; ++attempt) {
    if (!set_lock(file, F_WRLCK, 0, kFirstSlot)) {  // Another process is about it.
      ::usleep(100);
      if (has_index_layout(file)) return true;
      continue;
    }
    bool done = has_index_layout(file);
    if (!done)
      done = ::ftruncate(file, 0) == 0 && ::ftruncate(file, static_cast<off_t>(kIndexBytes)) == 0 &&
             ::pwrite(file, kIndexMagic.data(), kIndexMagic.size(), 0) ==
                 static_cast<ssize_t>(kIndexMagic.size());
    const int reason = errno;
    set_lock(file, F_UNLCK, 0, kFirstSlot);
    errno = reason;
    return done;
  }
  errno = EAGAIN;
  return false;
}

bool read_slot(int file, size_t index, Slot& slot) {
  return ::pread(file, &slot, sizeof slot, slot_offset(index)) == static_cast<ssize_t>(sizeof slot);
}

bool is_alive(const Slot& slot) {
  return slot.is_valid() && identify_process(static_cast<pid_t>(slot.pid)).start_time == slot.start_time;
}

/// Printable text of a fixed field, whatever it holds.
std::string text_of(const std::array<char, 32>& field) {
  std::string text;
  for (const char c : field) {
    if (c == '\0') break;
    text += c >= ' ' && c <= '~' ? c : '?';
  }
  return text;
}

void set_text(std::array<char, 32>& field, std::string_view text) {
  field = {};
  std::copy_n(text.begin(), std::min(text.size(), field.size() - 1), field.begin());
}

size_t used_bytes(const DeviceRecord& device) {
  const size_t used = device.used_bytes.load();
  size_t cached = 0;
  for (const CachedBytes& bytes : device.cached)
    cached += bytes.value.load();
  return used - std::min(used, cached);  // They may have been read at different times.
}

std::optional<ProcessUse> read_process(const Slot& slot) {
  const std::string path = fmt::format("/proc/{}/fd/{}", slot.pid, slot.file_descriptor);
  // Looked at before it is opened: to open a pipe or a device would have effects.
  struct stat about {};
  if (::stat(path.c_str(), &about) != 0 || !S_ISREG(about.st_mode) ||
      about.st_size != static_cast<off_t>(sizeof(ProcessRecord)) || about.st_uid != ::geteuid())
    return std::nullopt;
  const FileDescriptor file(path, O_RDONLY | O_NOCTTY);
  if (file.get() < 0) return std::nullopt;
  const auto record = std::make_unique<ProcessRecord>();
  const auto time = BusyTime::Clock::now();
  if (::pread(file.get(), static_cast<void*>(record.get()), sizeof(ProcessRecord), 0) !=
      static_cast<ssize_t>(sizeof(ProcessRecord)))
    return std::nullopt;
  if (record->magic != kRecordMagic || record->pid != slot.pid || record->start_time != slot.start_time)
    return std::nullopt;

  ProcessUse use;
  use.identity = {slot.pid, slot.start_time};
  use.name = text_of(record->name);
  use.soc = text_of(record->soc);
  use.device_count =
      static_cast<uint32_t>(std::min<uint64_t>(record->device_count, ProcessRecord::kMostDevices));
  use.time = time;
  for (size_t id = 0; id < record->devices.size(); ++id) {
    const DeviceRecord& device = record->devices[id];
    if (device.in_use.load() == 0) continue;
    use.devices.push_back({static_cast<int32_t>(id), device.streams.load(), device.capacity_bytes.load(),
                           used_bytes(device), device.busy.until(time)});
  }
  return use;
}

}  // namespace

ProcessIdentity identify_process(pid_t pid) {
  const FileDescriptor file(fmt::format("/proc/{}/stat", pid), O_RDONLY);
  char text[1024];
  const ssize_t length = file.get() < 0 ? -1 : ::read(file.get(), text, sizeof text - 1);
  if (length <= 0) return {static_cast<uint64_t>(pid), 0};
  text[length] = '\0';
  // "pid (name) state ppid ..."; the name may hold anything, the start time is the 22nd field.
  const char* field = std::strrchr(text, ')');
  if (field == nullptr || field[1] != ' ' || field[2] == 'Z' || field[2] == 'X')
    return {static_cast<uint64_t>(pid), 0};
  for (int number = 2; number < 22 && field != nullptr; ++number)
    field = std::strchr(field + 1, ' ');
  return {static_cast<uint64_t>(pid), field ? std::strtoull(field, nullptr, 10) : 0};
}

std::vector<std::string> registry_paths() {
  const std::string setting = environment_string("CAIRN_REGISTRY");
  if (setting == "0") return {};
  if (setting.starts_with('/')) return {setting};
  // Numbers of processes mean something in their own namespace only, and containers may share /dev/shm.
  struct stat about {};
  const ino_t pid_namespace = ::stat("/proc/self/ns/pid", &about) == 0 ? about.st_ino : 0;
  const std::string name = fmt::format("/cairn-processes-{}-{}", ::geteuid(), pid_namespace);
  std::vector<std::string> paths{"/dev/shm" + name};
  const std::string own = environment_string("XDG_RUNTIME_DIR");
  if (own.starts_with('/')) paths.push_back(own + name);
  return paths;
}

ProcessRegistry& ProcessRegistry::of_this_process() {
  // Never destroyed: threads may count until the process ends. The kernel ends the entry.
  static auto* registry = [] {
    const auto devices = static_cast<uint32_t>(environment_int("CAIRN_DEVICES", 1));
    auto* made = new ProcessRegistry(registry_paths(), current_soc().name, devices);
    if (!made->problem().empty())
      log(LogLevel::kWarning, "RUNTIME", "npu-smi will not show this process: {}", made->problem());
    return made;
  }();
  static const int handler = pthread_atfork(nullptr, nullptr, [] { registry->leave_to_parent(); });
  (void)handler;
  return *registry;
}

ProcessRegistry::ProcessRegistry(const std::vector<std::string>& paths, std::string_view soc,
                                 uint32_t device_count)
    : ProcessRegistry() {  // From here on the destructor runs if something throws.
  if (!paths.empty() && make_record(soc, device_count)) {
    for (const std::string& path : paths)
      if (enter(path)) break;
    if (!path_.empty()) {
      problem_.clear();
      return;
    }
  }
  let_go(record_file_);
  if (record_ != nullptr) return;
  void* memory =
      ::mmap(nullptr, sizeof(ProcessRecord), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) throw std::bad_alloc();
  record_ = new (memory) ProcessRecord;
}

ProcessRegistry::~ProcessRegistry() {
  ::munmap(record_, sizeof(ProcessRecord));
  let_go(record_file_);
  let_go(index_);
}

ProcessRegistry::Held ProcessRegistry::hold(int descriptor) {
  struct stat about {};
  (void)::fstat(descriptor, &about);
  return {descriptor, about.st_ino};
}

void ProcessRegistry::let_go(Held& file) {
  struct stat about {};
  const int descriptor = std::exchange(file.descriptor, -1);
  if (descriptor >= 0 && ::fstat(descriptor, &about) == 0 && about.st_ino == file.inode) ::close(descriptor);
}

bool ProcessRegistry::make_record(std::string_view soc, uint32_t device_count) {
  const ProcessIdentity self = identify_process(::getpid());
  if (self.start_time == 0) {
    problem_ = "/proc/self/stat cannot be read";
    return false;
  }
  FileDescriptor file(::memfd_create("cairn-process-record", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  // The pages are taken now: later there might be none, and the process would fault.
  if (file.get() < 0 || ::fallocate(file.get(), 0, 0, sizeof(ProcessRecord)) != 0 ||
      ::fcntl(file.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW) != 0) {
    problem_ = fmt::format("cannot make a memory file: {}", std::strerror(errno));
    return false;
  }
  void* memory = ::mmap(nullptr, sizeof(ProcessRecord), PROT_READ | PROT_WRITE, MAP_SHARED, file.get(), 0);
  if (memory == MAP_FAILED) {
    problem_ = fmt::format("cannot map a memory file: {}", std::strerror(errno));
    return false;
  }
  // Nobody else may write from here on. Kernels before 5.1 do not know this seal; the others are enough for
  // safety.
  (void)::fcntl(file.get(), F_ADD_SEALS, F_SEAL_FUTURE_WRITE);
  record_ = new (memory) ProcessRecord;
  record_->magic = kRecordMagic;
  record_->pid = self.pid;
  record_->start_time = self.start_time;
  set_text(record_->name, program_invocation_short_name);
  set_text(record_->soc, soc);
  record_->device_count = device_count;
  record_file_ = hold(file.release());
  return true;
}

bool ProcessRegistry::enter(const std::string& path) {
  FileDescriptor file(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_NOCTTY, 0600);
  if (file.get() < 0) {
    problem_ = fmt::format("{} cannot be opened: {}", path, std::strerror(errno));
    return false;
  }
  if (const std::string defect = defect_of_file(file.get()); !defect.empty()) {
    problem_ = fmt::format("{} is not used: {}", path, defect);
    return false;
  }
  if (!has_index_layout(file.get()) && !repair_index(file.get())) {
    problem_ = fmt::format("{} cannot be written: {}", path, std::strerror(errno));
    return false;
  }
  Slot own{record_->pid, record_->start_time, static_cast<uint64_t>(record_file_.descriptor), 0};
  own.check = own.expected_check();
  for (size_t i = 0; i < kSlots; ++i) {
    const size_t index = (own.pid + i) % kSlots;
    if (!set_lock(file.get(), F_WRLCK, slot_offset(index), sizeof(Slot))) {
      if (errno == EAGAIN || errno == EACCES) continue;  // Somebody's.
      problem_ = fmt::format("{} cannot be locked: {}", path, std::strerror(errno));
      return false;
    }
    // A living owner without the lock has lost its descriptor; the slot is still its own.
    Slot slot;
    if (!read_slot(file.get(), index, slot) || !is_alive(slot) || slot.pid == own.pid) {
      if (::pwrite(file.get(), &own, sizeof own, slot_offset(index)) == static_cast<ssize_t>(sizeof own)) {
        index_ = hold(file.release());
        path_ = path;
        return true;
      }
      problem_ = fmt::format("{} cannot be written: {}", path, std::strerror(errno));
      return false;
    }
    set_lock(file.get(), F_UNLCK, slot_offset(index), sizeof(Slot));
  }
  problem_ = fmt::format("{} has no free slot: {} processes are in it", path, kSlots);
  return false;
}

void ProcessRegistry::leave_to_parent() {
  if (path_.empty()) return;
  // Only calls that are allowed between fork and exec of a process with threads.
  ProcessRecord copy;
  std::memcpy(static_cast<void*>(&copy), record_, sizeof copy);
  void* memory =
      ::mmap(record_, sizeof copy, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
  if (memory != MAP_FAILED) std::memcpy(memory, &copy, sizeof copy);
  // The parent's lock would last as long as the child's descriptor.
  let_go(record_file_);
  let_go(index_);
}

std::vector<ProcessUse> read_processes(const std::vector<std::string>& paths) {
  std::vector<ProcessUse> processes;
  for (const std::string& path : paths) {
    const FileDescriptor file(path, O_RDONLY | O_NOFOLLOW | O_NOCTTY);
    if (file.get() < 0 || !defect_of_file(file.get()).empty() || !has_index_layout(file.get())) continue;
    std::vector<Slot> slots(kSlots);
    const ssize_t length = ::pread(file.get(), slots.data(), kSlots * sizeof(Slot), kFirstSlot);
    if (length <= 0) continue;
    slots.resize(static_cast<size_t>(length) / sizeof(Slot));
    for (const Slot& slot : slots) {
      if (!is_alive(slot)) continue;
      auto use = read_process(slot);
      const bool known = use && std::ranges::any_of(processes, [&](const ProcessUse& other) {
                           return other.identity == use->identity;
                         });
      if (use && !known) processes.push_back(std::move(*use));
    }
  }
  std::ranges::sort(processes, {}, [](const ProcessUse& process) { return process.identity.pid; });
  return processes;
}

}  // namespace cairn
