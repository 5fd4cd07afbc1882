#include "check/memory/memory_checker.h"

#include <fmt/format.h>

#include "device/runtime.h"

namespace cairn::check {
namespace {

using Access = MemoryAccess::Kind;

bool is_write(const MemoryAccess& access) {
  return access.kind == Access::kWrite;
}

/// The part of the access inside the allocation, as offsets.
ByteRange part_of(const Allocation& allocation, const MemoryAccess& access) {
  const auto begin = static_cast<size_t>(static_cast<const std::byte*>(access.address) - allocation.start);
  return {begin, begin + std::min(access.size, allocation.size - begin)};
}

std::string what_of(const char* function, const MemoryAccess& access) {
  return fmt::format("{} {} {} bytes at {}", shown_name(function), is_write(access) ? "writes" : "reads",
                     access.size, access.address);
}

/// On boards whose programs run beside the NPU, host code writes device memory itself, and nobody sees it.
bool host_code_may_write() {
  return Runtime::get().soc().run_mode == ACL_DEVICE;
}

}  // namespace

bool MemoryChecker::memory_freed(MemoryPlace /*place*/, void* start) {
  written_.erase(static_cast<std::byte*>(start));
  return false;
}

void MemoryChecker::memory_mapped(int /*device*/, const void* start, size_t size, bool is_new) {
  // What was written through another mapping is not kept apart: all of it counts as written.
  if (!is_new) written_[static_cast<const std::byte*>(start)].add({0, size});
}

void MemoryChecker::memory_unmapped(const void* start) {
  written_.erase(static_cast<const std::byte*>(start));
}

void MemoryChecker::device_released(int device) {
  for (const Allocation& allocation : facts_.heap.living())
    if (allocation.place == MemoryPlace::kDevice && allocation.device == device)
      written_.erase(allocation.start);
}

void MemoryChecker::free_refused(MemoryPlace place, const void* pointer) {
  if (pointer == nullptr) return;
  const bool device = place == MemoryPlace::kDevice;
  const std::string rule = device ? "RT-162" : "RT-169";
  const CallSite here = facts_.here();
  const Place at{fmt::format("{} of {}", shown_name(here.function), pointer), here.stack};
  if (const Allocation* const freed = facts_.heap.find_freed(pointer);
      freed != nullptr && freed->start == pointer) {
    facts_.reports.add({Kind::kMemory,
                        rule,
                        "memory is freed twice",
                        describe(*freed),
                        {at, place_of(freed->freed, "freed it"), place_of(freed->made, "allocated it")},
                        "free it once; set the variable to None (a null pointer) after that [GDE-150]"});
    return;
  }
  const Allocation* const around = facts_.heap.find(pointer);
  if (around != nullptr && around->is_mapped) {
    facts_.reports.add({Kind::kMemory,
                        rule,
                        "mapped memory is freed by the function for allocated memory",
                        describe(*around),
                        {at, place_of(around->made, "mapped it")},
                        "aclrtUnmapMem and aclrtFreePhysical end it"});
    return;
  }
  if (around != nullptr && around->start == pointer) {
    facts_.reports.add({Kind::kMemory,
                        device ? "RT-166" : "RT-140",
                        device ? "host memory is freed by the function for device memory"
                               : "device memory is freed by the function for host memory",
                        describe(*around),
                        {at, place_of(around->made, "allocated it")},
                        device ? "use aclrtFreeHost (acl.rt.free_host)" : "use aclrtFree (acl.rt.free)"});
    return;
  }
  if (around != nullptr) {
    facts_.reports.add({Kind::kMemory,
                        rule,
                        "an address inside an allocation is freed",
                        describe(*around),
                        {at, place_of(around->made, "allocated it")},
                        "free the address that the allocation returned"});
    return;
  }
  facts_.reports.add({Kind::kMemory,
                      rule,
                      "an address is freed that no allocation returned",
                      fmt::format("{}", pointer),
                      {at},
                      "free only what the matching function allocated"});
}

void MemoryChecker::access_refused(const void* pointer, size_t size) {
  const CallSite here = facts_.here();
  const Place at{here.function != nullptr
                     ? fmt::format("{} uses {} bytes at {}", shown_name(here.function), size, pointer)
                     : fmt::format("a task that was launched before uses {} bytes at {}", size, pointer),
                 here.stack};
  if (const Allocation* const living = facts_.heap.find(pointer); living != nullptr) {
    if (living->place != MemoryPlace::kDevice) return;  // The wrong kind of memory: the error text says it.
    facts_.reports.add({Kind::kMemory,
                        "RT-176",
                        "an access goes beyond its allocation",
                        describe(*living),
                        {at, place_of(living->made, "allocated it")},
                        "allocate as much as is used, or pass the right size"});
    return;
  }
  if (const Allocation* const freed = facts_.heap.find_freed(pointer); freed != nullptr) {
    facts_.reports.add({Kind::kMemory,
                        "GDE-150",
                        "memory is used after it was freed",
                        describe(*freed),
                        {at, place_of(freed->freed, "freed it"), place_of(freed->made, "allocated it")},
                        "free it after the last use; synchronize the stream before, if tasks use it"});
    return;
  }
  if (Runtime::get().device_of_address(pointer) == nullptr) return;
  if (const Allocation* const reservation = facts_.heap.find_reservation(pointer); reservation != nullptr) {
    facts_.reports.add({Kind::kMemory,
                        "RT-176",
                        "an access to reserved addresses where no memory is mapped",
                        describe(*reservation),
                        {at, place_of(reservation->made, "reserved them")},
                        "map memory there with aclrtMapMem first"});
    return;
  }
  const Allocation* const before = facts_.heap.find_at_or_before(pointer);
  const bool near = before != nullptr && before->place == MemoryPlace::kDevice &&
                    static_cast<const std::byte*>(pointer) - before->end() < 4096;
  Finding finding{
      Kind::kMemory,
      "RT-176",
      near ? "an access behind the end of an allocation" : "an access to device memory that is not allocated",
      near ? describe(*before) : fmt::format("{}", pointer),
      {at},
      "use addresses inside an allocation"};
  if (near) finding.places.push_back(place_of(before->made, "allocated it"));
  facts_.reports.add(finding);
}

void MemoryChecker::report_host_access(const void* address, const std::string& what) {
  Finding finding{Kind::kMemory,
                  "RT-130",
                  "host code touches device memory",
                  fmt::format("{}", address),
                  {{what, current_call_stack()}},
                  "copy it to host memory with aclrtMemcpy (acl.rt.memcpy) first, and work on the copy"};
  if (const Allocation* const living = facts_.heap.find(address); living != nullptr) {
    finding.object = fmt::format("{}; the access is at offset {}", describe(*living),
                                 static_cast<const std::byte*>(address) - living->start);
    finding.places.push_back(place_of(living->made, "allocated it"));
  } else if (const Allocation* const freed = facts_.heap.find_freed(address); freed != nullptr) {
    finding.object = describe(*freed);
    finding.places.push_back(place_of(freed->freed, "freed it"));
    finding.places.push_back(place_of(freed->made, "allocated it"));
  }
  facts_.reports.add(finding);
}

void MemoryChecker::host_access_refused(const void* pointer, size_t size) {
  const CallSite here = facts_.here();
  report_host_access(
      pointer,
      fmt::format("{} reads {} bytes at {}, which is device memory",
                  here.function != nullptr ? shown_name(here.function) : "a host function", size, pointer));
}

void MemoryChecker::host_faulted(const void* address) {
  report_host_access(address, fmt::format("the program reads or writes {} itself; it ends here", address));
}

void MemoryChecker::accessed(const char* function, std::span<const MemoryAccess> accesses) {
  check(function, accesses);
}

void MemoryChecker::task_launched(const void* /*stream*/, const char* function,
                                  std::span<const MemoryAccess> accesses) {
  check(function, accesses);
}

void MemoryChecker::check(const char* function, std::span<const MemoryAccess> accesses) {
  std::vector<MemoryAccess> parts;
  if (facts_.heap.has_mappings()) {
    parts = split_at_mappings(accesses);
    accesses = parts;
  }
  for (const MemoryAccess& access : accesses)
    check_bounds(function, access);
  for (size_t i = 0; i < accesses.size(); ++i) {
    const MemoryAccess& access = accesses[i];
    if (is_write(access)) {
      mark_written(access);
    } else if (access.kind == Access::kCopy && i + 1 < accesses.size() &&
               Runtime::get().device_of_address(accesses[i + 1].address) != nullptr) {
      copy_written(access, accesses[++i]);  // Nobody looks at the content yet.
    } else {
      check_written(function, access);
    }
  }
}

std::vector<MemoryAccess> MemoryChecker::split_at_mappings(std::span<const MemoryAccess> accesses) const {
  const auto within_one = [&](const std::byte* at, size_t size) {
    const Allocation* const living = facts_.heap.find(at);
    return living != nullptr && living->is_mapped ? std::min(size, static_cast<size_t>(living->end() - at))
                                                  : size;
  };
  std::vector<MemoryAccess> parts;
  for (size_t i = 0; i < accesses.size(); ++i) {
    const MemoryAccess& access = accesses[i];
    const auto* const from = static_cast<const std::byte*>(access.address);
    const bool is_copy = access.kind == Access::kCopy && i + 1 < accesses.size();
    const auto* const to = is_copy ? static_cast<const std::byte*>(accesses[++i].address) : nullptr;
    size_t part = 0;
    for (size_t done = 0; done < access.size; done += part) {
      part = within_one(from + done, access.size - done);
      if (is_copy) part = within_one(to + done, part);
      parts.push_back({from + done, part, access.kind});
      if (is_copy) parts.push_back({to + done, part, Access::kWrite});
    }
  }
  return parts;
}

void MemoryChecker::check_bounds(const char* function, const MemoryAccess& access) {
  const Allocation* const living = facts_.heap.find(access.address);
  if (living == nullptr) {
    const Allocation* const freed = facts_.heap.find_freed_host(access.address);
    if (freed == nullptr) return;
    facts_.reports.add({Kind::kMemory,
                        "GDE-150",
                        "memory is used after it was freed",
                        describe(*freed),
                        {{what_of(function, access), facts_.here().stack},
                         place_of(freed->freed, "freed it"),
                         place_of(freed->made, "allocated it")},
                        "free it after the last use; synchronize the stream before, if tasks use it"});
    return;
  }
  const size_t offset = part_of(*living, access).begin;
  if (access.size <= living->size - offset) return;
  if (living->is_mapped) return;  // The runtime knows how far the mappings reach.
  facts_.reports.add(
      {Kind::kMemory,
       "RT-142",
       "an access goes beyond its allocation",
       fmt::format("{}; the access ends {} bytes behind it", describe(*living),
                   access.size - (living->size - offset)),
       {{what_of(function, access), facts_.here().stack}, place_of(living->made, "allocated it")},
       "allocate as much as is used, or pass the right size"});
}

void MemoryChecker::check_written(const char* function, const MemoryAccess& access) {
  const Allocation* const living = facts_.heap.find(access.address);
  if (living == nullptr || living->place != MemoryPlace::kDevice || host_code_may_write()) return;
  ByteRanges& written = written_[living->start];
  const ByteRange part = part_of(*living, access);
  const size_t missing = written.first_missing(part);
  if (missing >= part.end) return;
  const size_t have = written.count(part);
  if (access.kind == Access::kReadParts && have > 0) return;
  facts_.reports.add(
      {Kind::kMemory,
       "GDE-085",
       "memory is read that nobody wrote",
       fmt::format("{}; {} of the {} bytes read were never written, the first at offset {}",
                   describe(*living), part.end - part.begin - have, part.end - part.begin, missing),
       {{what_of(function, access), facts_.here().stack}, place_of(living->made, "allocated it")},
       "write it first (acl.rt.memcpy, acl.rt.memset, a model or media output), or read less"});
  written.add(part);  // The same bytes are one cause.
}

void MemoryChecker::copy_written(const MemoryAccess& from, const MemoryAccess& to) {
  const Allocation* const source = facts_.heap.find(from.address);
  const Allocation* const target = facts_.heap.find(to.address);
  if (target == nullptr) return;
  if (source == nullptr || source->place != MemoryPlace::kDevice || host_code_may_write()) {
    mark_written(to);
    return;
  }
  const ByteRange read = part_of(*source, from);
  const ByteRange write = part_of(*target, to);
  const ByteRanges& source_written = written_[source->start];
  ByteRanges& written = written_[target->start];
  if (read.end - read.begin >= write.end - write.begin && source_written.first_missing(read) >= read.end) {
    written.add(write);  // The usual case.
    return;
  }
  const std::vector<ByteRange> have = source_written.ranges();
  written.remove(write);
  for (const ByteRange& range : have) {
    const size_t begin = std::max(range.begin, read.begin);
    const size_t end = std::min(range.end, read.end);
    if (begin < end)
      written.add({begin - read.begin + write.begin, std::min(end - read.begin + write.begin, write.end)});
  }
}

void MemoryChecker::mark_written(const MemoryAccess& access) {
  const Allocation* const living = facts_.heap.find(access.address);
  if (living == nullptr || living->place != MemoryPlace::kDevice) return;
  written_[living->start].add(part_of(*living, access));
}

}  // namespace cairn::check
