// What all checkers know: who called, which memory and which objects there are, and where they came from.
#pragma once

#include <array>
#include <cstddef>
#include <deque>
#include <map>
#include <string>
#include <unordered_map>

#include "base/handle_table.h"
#include "base/observer.h"
#include "check/call_stack.h"
#include "check/closable_memory.h"
#include "check/report.h"

namespace cairn::check {

/// A call of the API.
struct CallSite {
  const char* function = nullptr;
  const CallStack* stack = nullptr;
};

struct Allocation {
  const std::byte* start = nullptr;
  size_t size = 0;  ///< As the program asked for.
  MemoryPlace place = MemoryPlace::kDevice;
  int device = -1;
  bool is_mapped = false;    ///< By aclrtMapMem; what is mapped side by side is used as one piece.
  bool is_closable = false;  ///< Of Heap::closable.
  CallSite made;
  CallSite freed;

  const std::byte* end() const { return start + size; }
  bool holds(const void* address) const { return start <= address && address < end(); }
};

/// Living allocations, and the newest of those that were freed.
class Heap {
 public:
  void add(const Allocation& allocation);
  /// Moves a living allocation to the freed ones. Host blocks are kept until they are forgotten.
  void end(const void* start, const CallSite& site);
  /// The living allocation that holds the address, or that ends shortly before it and nothing else is nearer.
  const Allocation* find(const void* address) const;
  const Allocation* find_at_or_before(const void* address) const;
  /// The newest freed allocation that held the address, if nothing lives in its place. Looks through all of
  /// them.
  const Allocation* find_freed(const void* address) const;
  /// The same for host memory alone, without looking through all.
  const Allocation* find_freed_host(const void* address) const;
  /// What was living on the device; it is forgotten.
  std::vector<Allocation> take_device(int device);
  std::vector<Allocation> living() const;
  /// True if there ever were allocations with is_mapped.
  bool has_mappings() const { return has_mappings_; }

  /// Where host memory comes from, if somebody wants to close it.
  ClosableMemory& closable() { return *closable_; }

  /// Reserved addresses, mapped or not.
  void add_reservation(const Allocation& reservation) { reservations_[reservation.start] = reservation; }
  void end_reservation(const void* start) { reservations_.erase(static_cast<const std::byte*>(start)); }
  const Allocation* find_reservation(const void* address) const { return holder(reservations_, address); }
  std::vector<Allocation> reservations() const;

  static constexpr size_t kMostFreedBytes = size_t{64} << 20;

 private:
  void forget_oldest();
  using ByStart = std::map<const std::byte*, Allocation>;
  static const Allocation* holder(const ByStart& allocations, const void* address);

  static constexpr size_t kMostFreed = 8192;  // More would not stay in the processor's caches.
  ByStart living_;
  ByStart::node_type spare_;  ///< Of an ended allocation, for the next one.
  /// What find gave lately, by address; emptied when anything changes.
  static constexpr size_t kFound = 8;
  mutable std::array<const Allocation*, kFound> found_{};
  std::deque<Allocation> freed_;  ///< Oldest first.
  /// Those of host memory by their start: nothing else gets their addresses while they are known.
  std::map<const std::byte*, const Allocation*> freed_host_;
  size_t freed_bytes_ = 0;
  ByStart reservations_;
  ClosableMemory* const closable_ = new ClosableMemory;
  bool has_mappings_ = false;
};

struct Object {
  HandleType type;
  const void* handle = nullptr;
  const void* object = nullptr;
  CallSite made;
  CallSite ended;
  /// Made by Cairn itself: a default context, a default stream, a picture inside a batch.
  bool is_internal = false;
};

class Objects {
 public:
  void add(const Object& object);
  void end(const void* handle, const CallSite& site);
  const Object* find(const void* handle) const;
  const Object* find_ended(const void* handle) const;
  /// The living object at that address.
  const Object* at(const void* object) const;
  std::vector<Object> living() const;

 private:
  static constexpr size_t kMostEnded = 65536;
  std::unordered_map<const void*, Object> living_;
  std::unordered_map<const void*, const void*> handles_;  ///< Streams and events: object -> handle.
  std::unordered_map<const void*, Object> ended_;
  std::deque<const void*> ended_order_;
};

struct Facts {
  Heap heap;
  Objects objects;
  Reports reports;

  /// The call that the thread is in, and from where.
  CallSite here() const;
  /// The call alone, which costs nothing.
  const char* function() const;
};

/// The name that the program knows: "acl.rt.memcpy" in Python, "aclrtMemcpy" in C.
std::string shown_name(const char* function);
/// "4096 bytes of device 0 at 0x…".
std::string describe(const Allocation& allocation);
/// "stream#3".
std::string describe(const Object& object);
/// "acl.rt.malloc made it".
Place place_of(const CallSite& site, std::string_view what);

}  // namespace cairn::check
