#include "device/live_objects.h"

#include <algorithm>

#include "base/log.h"
#include "device/context.h"
#include "device/stream.h"

namespace cairn {
namespace {

constexpr size_t kMostNames = 100;

bool belongs_to_runtime(HandleType type, void* handle) {
  if (type == HandleType::kContext) {
    const Ref<Context> context = handle_table<Context>().find(handle);
    return !context || context->is_default();
  }
  if (type == HandleType::kStream) {
    const Ref<Stream> stream = handle_table<Stream>().find(handle);
    return !stream || stream->kind() == Stream::Kind::kDefault;
  }
  return false;
}

}  // namespace

std::vector<std::string> describe_live_objects(const std::vector<std::unique_ptr<Device>>& devices) {
  std::vector<std::string> names;
  for (uint8_t tag = 1; tag <= static_cast<uint8_t>(kLastHandleType); ++tag) {
    const auto type = static_cast<HandleType>(tag);
    for (void* handle : living_handles(type))
      if (!belongs_to_runtime(type, handle)) names.push_back(describe_handle(handle));
  }
  for (const auto& device : devices) {
    if (device->memory() == nullptr) continue;
    for (const DeviceMemory::Allocation& allocation : device->memory()->allocations())
      names.push_back(
          fmt::format("{} bytes of device {} at {}", allocation.size, device->id(), allocation.start));
  }
  return names;
}

void log_live_objects(const std::vector<std::unique_ptr<Device>>& devices, std::string_view occasion) {
  if (!log_enabled(LogLevel::kWarning)) return;
  const std::vector<std::string> names = describe_live_objects(devices);
  const size_t named = std::min(names.size(), kMostNames);
  for (size_t i = 0; i < named; ++i)
    log(LogLevel::kWarning, "RUNTIME", "[GDE-149] {}: {} is still alive", occasion, names[i]);
  if (names.size() > named)
    log(LogLevel::kWarning, "RUNTIME", "[GDE-149] {}: {} more are still alive", occasion,
        names.size() - named);
}

}  // namespace cairn
