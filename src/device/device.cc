#include "device/device.h"

#include <algorithm>
#include <thread>

#include "base/environment.h"
#include "base/log.h"
#include "device/guarded_copy.h"

namespace cairn {
namespace {

// Two at least: a task that takes long must not keep other streams from running.
unsigned most_workers() {
  const auto cores = static_cast<int64_t>(std::max(2U, std::thread::hardware_concurrency()));
  return static_cast<unsigned>(environment_int("CAIRN_THREADS", cores));
}

constexpr int64_t kGiveUpAfterMs = 3000;

}  // namespace

Device::Device(int32_t id, int32_t physical_id, const SocProfile& soc)
    : id_(id), physical_id_(physical_id), soc_(soc), scheduler_(most_workers()) {}

Status Device::start() {
  install_fault_handler();
  if (!memory_) CAIRN_RETURN_IF_ERROR(make_memory());
  scheduler_.start();
  record_->in_use.store(1, std::memory_order_relaxed);
  return {};
}

Status Device::make_memory() {
  const auto megabytes =
      static_cast<size_t>(environment_int("CAIRN_MEMORY_MB", static_cast<int64_t>(soc_.memory_bytes >> 20)));
  CAIRN_ASSIGN(std::unique_ptr<DeviceMemory> memory, DeviceMemory::create(id_, soc_, megabytes << 20));
  // There is no stream, allocation or worker yet: from the first one on they are counted where npu-smi looks.
  record_ = &ProcessRegistry::of_this_process().device(physical_id_);
  record_->capacity_bytes.store(megabytes << 20, std::memory_order_relaxed);
  memory->publish_use_in(record_->used_bytes, record_->cached);
  stream_count.publish_in(record_->streams);
  scheduler_.count_busy_time_in(record_->busy);
  memory_ = std::move(memory);
  published_memory_.store(memory_.get(), std::memory_order_release);
  log_event("RUNTIME", "device {} ({}, {} MB) is in use", id_, soc_.name, megabytes);
  return {};
}

void Device::drain(uint64_t context_id) {
  static const std::chrono::milliseconds give_up_after(environment_int("CAIRN_GIVE_UP_MS", kGiveUpAfterMs));
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
    } else if (std::chrono::steady_clock::now() - last_progress > give_up_after) {
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
  record_->in_use.store(0, std::memory_order_relaxed);
  log_event("RUNTIME", "device {} is released", id_);
}

}  // namespace cairn
