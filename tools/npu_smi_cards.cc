#include "npu_smi_cards.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <thread>

#include "base/environment.h"
#include "device/process_registry.h"
#include "device/soc_profile.h"

namespace cairn {
namespace {

namespace fs = std::filesystem;

uint64_t megabytes(size_t bytes) {
  return (uint64_t{bytes} + (uint64_t{1} << 20) - 1) >> 20;
}

/// The temperature of the processor, if a thermal zone is called so.
std::optional<int> processor_celsius() {
  std::error_code failure;
  for (const auto& zone : fs::directory_iterator("/sys/class/thermal", failure)) {
    std::string type;
    long thousandths = 0;
    std::ifstream(zone.path() / "type") >> type;
    if (type != "x86_pkg_temp" && type != "k10temp" && !type.starts_with("cpu")) continue;
    if (std::ifstream(zone.path() / "temp") >> thousandths) return static_cast<int>(thousandths / 1000);
  }
  return std::nullopt;
}

/// What the processor has taken since some time, in microjoules; readable by the administrator at most.
std::optional<uint64_t> processor_energy() {
  uint64_t microjoules = 0;
  if (std::ifstream("/sys/class/powercap/intel-rapl:0/energy_uj") >> microjoules) return microjoules;
  return std::nullopt;
}

int percent_busy(const ProcessUse& before, const DeviceUse& device_before, const ProcessUse& after,
                 const DeviceUse& device_after) {
  const auto time = std::chrono::duration<double>(after.time - before.time).count();
  const auto busy = std::chrono::duration<double>(device_after.busy - device_before.busy).count();
  if (time <= 0) return 0;
  return static_cast<int>(std::clamp(100 * busy / time + 0.5, 0.0, 100.0));
}

/// The busy time of each process on the device, of those that were there before, too.
int percent_busy(int32_t physical_id, const std::vector<ProcessUse>& before,
                 const std::vector<ProcessUse>& after) {
  int sum = 0;
  for (const ProcessUse& process : after) {
    const auto earlier = std::ranges::find(before, process.identity, &ProcessUse::identity);
    const auto device = std::ranges::find(process.devices, physical_id, &DeviceUse::physical_id);
    if (earlier == before.end() || device == process.devices.end()) continue;
    const auto device_before = std::ranges::find(earlier->devices, physical_id, &DeviceUse::physical_id);
    if (device_before != earlier->devices.end())
      sum += percent_busy(*earlier, *device_before, process, *device);
  }
  return std::min(sum, 100);
}

}  // namespace

int Card::used_percent() const {
  return memory_mb == 0
             ? 0
             : static_cast<int>(std::min<uint64_t>(100, (used_mb * 100 + memory_mb / 2) / memory_mb));
}

Cards look_at_cards(std::chrono::milliseconds interval) {
  const std::vector<std::string> paths = registry_paths();
  const std::vector<ProcessUse> before = read_processes(paths);
  const std::optional<uint64_t> energy_before = processor_energy();
  std::vector<ProcessUse> after = before;
  Cards found;
  found.celsius = processor_celsius();
  if (!before.empty() || energy_before) {
    const auto start = std::chrono::steady_clock::now();
    std::this_thread::sleep_for(interval);
    after = read_processes(paths);
    const std::optional<uint64_t> energy = processor_energy();
    const std::chrono::duration<double> time = std::chrono::steady_clock::now() - start;
    if (energy && energy_before && *energy > *energy_before)
      found.watts = static_cast<double>(*energy - *energy_before) / 1e6 / time.count();
  }

  int64_t count = 1;
  for (const ProcessUse& process : after) {
    count = std::max<int64_t>(count, process.device_count);
    for (const DeviceUse& device : process.devices)
      count = std::max<int64_t>(count, device.physical_id + 1);
  }
  count = environment_int("CAIRN_DEVICES", count);
  const bool soc_is_set = !environment_string("CAIRN_SOC").empty();

  for (int32_t id = 0; id < count; ++id) {
    Card card;
    card.id = id;
    const SocProfile* soc = &current_soc();
    size_t capacity = 0;
    size_t used = 0;
    for (const ProcessUse& process : after) {
      const auto device = std::ranges::find(process.devices, id, &DeviceUse::physical_id);
      if (device == process.devices.end()) continue;
      const SocProfile* other = soc_is_set ? nullptr : find_soc_profile(process.soc);
      if (other != nullptr) soc = other;
      card.processes.push_back({process.identity.pid, process.name, megabytes(device->used_bytes)});
      used += device->used_bytes;
      capacity = std::max(capacity, device->capacity_bytes);
      card.streams += device->streams;
    }
    card.chip = std::string(soc->name.substr(std::string_view("Ascend").size()));
    card.has_hbm = soc->has_hbm;
    card.memory_mb = static_cast<uint64_t>(environment_int(
        "CAIRN_MEMORY_MB", static_cast<int64_t>((capacity != 0 ? capacity : soc->memory_bytes) >> 20)));
    card.used_mb = megabytes(used);
    card.busy_percent = percent_busy(id, before, after);
    found.cards.push_back(std::move(card));
  }
  return found;
}

}  // namespace cairn
