#include "device/device.h"

#include <algorithm>
#include <thread>

#include "base/environment.h"
#include "base/log.h"
#include "device/guarded_copy.h"

namespace cairn {
namespace {

// Two at least: a task that takes long must not keep other streams from running.
unsigned worker_count() {
  const auto cores = static_cast<int64_t>(std::max(2U, std::thread::hardware_concurrency()));
  return static_cast<unsigned>(environment_int("CAIRN_THREADS", cores, 1, 1024));
}

constexpr auto kGiveUpAfter = std::chrono::seconds(3);

}  // namespace

Device::Device(int32_t id, int32_t physical_id, const SocProfile& soc)
    : id_(id), physical_id_(physical_id), soc_(soc), scheduler_(worker_count()) {}

Status Device::start() {
  install_fault_handler();
  scheduler_.start();
  if (memory_) return {};
  const auto megabytes = static_cast<size_t>(
      environment_int("CAIRN_MEMORY_MB", static_cast<int64_t>(soc_.memory_bytes >> 20), 1, int64_t{1} << 24));
  CAIRN_ASSIGN(memory_, DeviceMemory::create(id_, soc_, megabytes << 20));
  published_memory_.store(memory_.get(), std::memory_order_release);
  return {};
}

void Device::drain(uint64_t context_id) {
  auto last_progress = std::chrono::steady_clock::now();
  while (true) {
    Ref<Stream> active;
    bool parked = false;
    handle_table<Stream>().for_each([&](Stream& stream, void* handle) {
      if (&stream.device() != this || (context_id != 0 && stream.context_id() != context_id) ||
          stream.is_idle())
        return;
      if (stream.is_parked())
        parked = true;
      else if (!active)
        active = handle_table<Stream>().find(handle);
    });
    if (active) {
      (void)active->wait_idle(std::chrono::milliseconds(100));
      last_progress = std::chrono::steady_clock::now();
    } else if (!parked) {
      return;
    } else if (std::chrono::steady_clock::now() - last_progress > kGiveUpAfter) {
      log(LogLevel::kWarning, "RUNTIME",
          "streams of device {} wait for an event or a callback that does not come; they are ended", id_);
      return;
    } else {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  }
}

void Device::stop() {
  drain(0);
  handle_table<Stream>().for_each([&](Stream& stream, void* handle) {
    if (&stream.device() != this) return;
    stream.close(true);
    handle_table<Stream>().remove(handle);
  });
  scheduler_.end_workers();
  if (const size_t left = memory_->allocation_count())
    log(LogLevel::kWarning, "RUNTIME",
        "{} allocations of device {} were not freed before the device was released", left, id_);
  memory_->free_all();
}

}  // namespace cairn
