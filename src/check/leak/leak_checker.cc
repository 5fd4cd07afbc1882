#include "check/leak/leak_checker.h"

#include <fmt/format.h>

namespace cairn::check {
namespace {

std::string end_function(HandleType type) {
  switch (type) {
    case HandleType::kContext:
      return "aclrtDestroyContext (acl.rt.destroy_context)";
    case HandleType::kStream:
      return "aclrtDestroyStream (acl.rt.destroy_stream)";
    case HandleType::kEvent:
      return "aclrtDestroyEvent (acl.rt.destroy_event)";
    case HandleType::kDataBuffer:
      return "aclDestroyDataBuffer (acl.destroy_data_buffer)";
    case HandleType::kTensorDesc:
      return "aclDestroyTensorDesc (acl.destroy_tensor_desc)";
    case HandleType::kDataset:
      return "aclmdlDestroyDataset (acl.mdl.destroy_dataset)";
    case HandleType::kPhysicalMemory:
      return "aclrtFreePhysical";
    case HandleType::kAippParams:
      return "aclmdlDestroyAIPP (acl.mdl.destroy_aipp)";
    case HandleType::kModelDesc:
      return "aclmdlDestroyDesc (acl.mdl.destroy_desc)";
    default:
      return "the destroy function of its kind";
  }
}

}  // namespace

void LeakChecker::report_reservations(const std::string& when, int device) {
  for (const Allocation& reservation : facts_.heap.reservations())
    if ((device < 0 || reservation.device == device) && told_.insert(&reservation.start[1]).second)
      facts_.reports.add({Kind::kLeak,
                          "RT-140",
                          fmt::format("reserved addresses were not released when {}", when),
                          describe(reservation),
                          {place_of(reservation.made, "reserved them")},
                          "call aclrtReleaseMemAddress before the device is reset"});
}

void LeakChecker::report_memory(const std::vector<Allocation>& allocations, const std::string& when) {
  struct Group {
    const Allocation* first;
    size_t count = 0;
    size_t bytes = 0;
  };
  std::map<std::pair<MemoryPlace, const CallStack*>, Group> groups;
  for (const Allocation& allocation : allocations) {
    if (!told_.insert(allocation.start).second) continue;
    Group& group =
        groups.try_emplace({allocation.place, allocation.made.stack}, Group{&allocation}).first->second;
    ++group.count;
    group.bytes += allocation.size;
  }
  for (const auto& [key, group] : groups) {
    if (group.first->is_mapped) {
      facts_.reports.add({Kind::kLeak,
                          "RT-140",
                          fmt::format("memory was not unmapped when {}", when),
                          describe(*group.first),
                          {place_of(group.first->made, "mapped it")},
                          "call aclrtUnmapMem before the device is reset"});
      continue;
    }
    const bool device = group.first->place == MemoryPlace::kDevice;
    facts_.reports.add(
        {Kind::kLeak,
         device ? "RT-140" : "RT-166",
         fmt::format("{} memory was not freed when {}", device ? "device" : "host", when),
         group.count == 1 ? describe(*group.first)
                          : fmt::format("{} allocations of {} bytes together", group.count, group.bytes),
         {place_of(group.first->made, "allocated it")},
         device ? "call aclrtFree (acl.rt.free; acldvppFree for media memory) before the device is reset"
                : "call aclrtFreeHost (acl.rt.free_host)"});
  }
}

void LeakChecker::report_objects(const std::string& when) {
  struct Group {
    Object first;
    size_t count = 0;
  };
  std::map<std::pair<HandleType, const CallStack*>, Group> groups;
  for (const Object& object : facts_.objects.living()) {
    if (object.is_internal || !told_.insert(object.handle).second) continue;
    ++groups.try_emplace({object.type, object.made.stack}, Group{object}).first->second.count;
  }
  for (const auto& [key, group] : groups) {
    const char* const name = handle_type_name(group.first.type);
    facts_.reports.add(
        {Kind::kLeak,
         "GDE-149",
         fmt::format("a {} was not destroyed when {}", name, when),
         group.count == 1 ? describe(group.first) : fmt::format("{} times: {}", group.count, name),
         {place_of(group.first.made, "made it")},
         fmt::format("call {}", end_function(group.first.type))});
  }
}

void LeakChecker::report_all(const std::string& when) {
  report_objects(when);
  report_memory(facts_.heap.living(), when);
  constexpr int kEveryDevice = -1;
  report_reservations(when, kEveryDevice);
}

void LeakChecker::device_released(int device) {
  std::vector<Allocation> left;
  for (const Allocation& allocation : facts_.heap.living())
    if (allocation.place == MemoryPlace::kDevice && allocation.device == device) left.push_back(allocation);
  report_memory(left, "the device was reset");
  report_reservations("the device was reset", device);
}

}  // namespace cairn::check
