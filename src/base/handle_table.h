// Typed handle tables: what the C API calls a pointer to an opaque object is a value of this form:
//
//   bit 63      always 0
//   bits 56-62  type tag (HandleType), never 0
//   bits 32-55  generation of the slot, never 0
//   bits 0-31   slot number
//
// A look-up costs one compare-and-swap. A stale, forged or wrongly typed handle finds nothing, whatever its
// bits. The value is no canonical x86-64 or Arm user address, so code that dereferences a handle faults at
// once.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "acl/acl_base.h"
#include "base/status.h"

namespace cairn {

enum class HandleType : uint8_t {
  kContext = 1,
  kStream,
  kEvent,
  kDataBuffer,
  kTensorDesc,
  kStreamConfig,
  kModelDesc,
  kDataset,
  kAippParams,
  kModelConfig,
  kExecuteConfig,
  kDvppChannelDesc,
  kDvppPicDesc,
  kDvppBatchPicDesc,
  kDvppStreamDesc,
  kDvppRoiConfig,
  kDvppResizeConfig,
  kDvppBorderConfig,
  kDvppJpegeConfig,
  kDvppLutMap,
  kDvppHist,
  kGroupInfo,
  kPhysicalMemory,
  kOpHandle,
  kOpAttributes,
  kKernelDesc,
  kUnitTest,  ///< For tests of the table itself; no function of the API gives one out.
};
constexpr auto kLastHandleType = HandleType::kUnitTest;

/// The name under which the API knows objects of a handle type, for messages: "stream", "event".
const char* handle_type_name(HandleType type);

/// "stream#3" for a well-formed handle, else the value in hexadecimal. For messages only.
std::string describe_handle(const void* handle);

namespace handle_bits {
constexpr uint64_t kAlive = 1ULL << 31;
constexpr uint64_t kRefMask = kAlive - 1;
constexpr uint64_t generation_of(uint64_t state) {
  return state >> 32;
}
}  // namespace handle_bits

/// Numbers that an object lets everybody read who knows its handle, without a reference to it.
using OpenWords = std::array<std::atomic<uint64_t>, 2>;

/// One slot of a table, on a cache line of its own. `state`: bits 0-30 references, bit 31 alive, bits 32-55
/// generation.
struct alignas(64) HandleSlot {
  std::atomic<uint64_t> state{0};
  void* object = nullptr;
  class HandleTableBase* table = nullptr;
  uint32_t index = 0;
  HandleSlot* next_free =
      nullptr;  ///< Link of the table's list of free slots: giving one back allocates nothing.
  OpenWords words{};
};

/// The part of a table that does not depend on the object's type. Thread-safe.
class HandleTableBase {
 public:
  explicit HandleTableBase(HandleType type, void (*destroy)(void*)) : type_(type), destroy_(destroy) {}
  HandleTableBase(const HandleTableBase&) = delete;
  HandleTableBase& operator=(const HandleTableBase&) = delete;
  ~HandleTableBase();

  HandleType type() const { return type_; }
  /// Takes ownership of `object`; null when 2^24 objects are alive.
  HandleSlot* insert(void* object);
  /// Takes a reference, or returns null.
  HandleSlot* acquire(const void* handle) {
    const auto bits = reinterpret_cast<uint64_t>(handle);
    if ((bits >> 56) != static_cast<uint64_t>(type_)) return nullptr;
    HandleSlot* slot = find_slot(static_cast<uint32_t>(bits));
    if (slot == nullptr) return nullptr;
    const uint64_t generation = (bits >> 32) & 0xFFFFFF;
    uint64_t state = slot->state.load(std::memory_order_relaxed);
    do {
      if (handle_bits::generation_of(state) != generation || (state & handle_bits::kAlive) == 0)
        return nullptr;
    } while (!slot->state.compare_exchange_weak(state, state + 1, std::memory_order_acquire));
    return slot;
  }
  /// The words of a living object; false if the handle denotes none. Costs no atomic operation but loads.
  bool read(const void* handle, std::array<uint64_t, 2>& words) const {
    const auto bits = reinterpret_cast<uint64_t>(handle);
    if ((bits >> 56) != static_cast<uint64_t>(type_)) return false;
    const HandleSlot* slot = find_slot(static_cast<uint32_t>(bits));
    if (slot == nullptr) return false;
    for (size_t i = 0; i < words.size(); ++i)
      words[i] = slot->words[i].load(std::memory_order_acquire);
    // The next object of the slot writes its words after the state: here it would be seen.
    const uint64_t state = slot->state.load(std::memory_order_acquire);
    return handle_bits::generation_of(state) == (bits >> 32 & 0xFFFFFF) && (state & handle_bits::kAlive) != 0;
  }
  /// Ends the handle. The object is destroyed when its last reference goes. False if the handle was not
  /// alive.
  bool remove(const void* handle);
  static void add_reference(HandleSlot* slot) { slot->state.fetch_add(1, std::memory_order_relaxed); }
  static void release(HandleSlot* slot) {
    const uint64_t left = slot->state.fetch_sub(1, std::memory_order_acq_rel) - 1;
    if ((left & (handle_bits::kAlive | handle_bits::kRefMask)) == 0) slot->table->recycle(slot);
  }
  void* handle_of(const HandleSlot* slot) const {
    const uint64_t generation = handle_bits::generation_of(slot->state.load(std::memory_order_relaxed));
    return reinterpret_cast<void*>((static_cast<uint64_t>(type_) << 56) | (generation << 32) | slot->index);
  }
  /// Calls visit(slot) for each object that is alive, with a reference held; visit may remove handles.
  template <class Visit>
  void for_each(Visit visit) {
    for (uint32_t i = 0; i < slot_count_.load(std::memory_order_acquire); ++i) {
      HandleSlot* slot = find_slot(i);
      uint64_t state = slot->state.load(std::memory_order_relaxed);
      bool held = false;
      while ((state & handle_bits::kAlive) != 0 && !held)
        held = slot->state.compare_exchange_weak(state, state + 1, std::memory_order_acquire);
      if (!held) continue;
      const std::unique_ptr<HandleSlot, void (*)(HandleSlot*)> reference(slot,
                                                                         release);  // Also if visit throws.
      visit(slot);
    }
  }

 private:
  static constexpr uint32_t kSlotsPerChunk = 1024;
  static constexpr uint32_t kChunks = 16384;
  using Chunk = std::array<HandleSlot, kSlotsPerChunk>;

  HandleSlot* find_slot(uint32_t index) const {
    if (index >= slot_count_.load(std::memory_order_acquire)) return nullptr;
    return &(*chunks_[index / kSlotsPerChunk])[index % kSlotsPerChunk];
  }
  HandleSlot* take_slot(void* object);
  void recycle(HandleSlot* slot);

  const HandleType type_;
  void (*const destroy_)(void*);
  std::atomic<uint32_t> slot_count_{0};
  std::unique_ptr<std::unique_ptr<Chunk>[]> chunks_ = std::make_unique<std::unique_ptr<Chunk>[]>(kChunks);
  std::mutex mutex_;
  HandleSlot* free_ = nullptr;
};

/// A counted reference to an object in a HandleTable: it keeps the object alive after its handle has ended.
template <class T>
class Ref {
 public:
  Ref() = default;
  explicit Ref(HandleSlot* slot) : slot_(slot) {}  ///< Takes over one reference.
  Ref(const Ref& other) noexcept : slot_(other.slot_) {
    if (slot_) HandleTableBase::add_reference(slot_);
  }
  Ref(Ref&& other) noexcept : slot_(std::exchange(other.slot_, nullptr)) {}
  Ref& operator=(Ref other) noexcept {
    std::swap(slot_, other.slot_);
    return *this;
  }
  ~Ref() {
    if (slot_) HandleTableBase::release(slot_);
  }
  explicit operator bool() const { return slot_ != nullptr; }
  T* get() const { return slot_ ? static_cast<T*>(slot_->object) : nullptr; }
  T* operator->() const { return static_cast<T*>(slot_->object); }
  T& operator*() const { return *static_cast<T*>(slot_->object); }
  bool operator==(const Ref& other) const { return slot_ == other.slot_; }
  /// What HandleTable::read reads; written with release order.
  OpenWords& words() const { return slot_->words; }
  /// The handle of the object; meaningless once the handle has ended.
  void* handle() const { return slot_ ? slot_->table->handle_of(slot_) : nullptr; }

 private:
  HandleSlot* slot_ = nullptr;
};

/// All objects of one type that the API has given out. Thread-safe. There is one table per type: see
/// handle_table<T>().
template <class T>
class HandleTable {
 public:
  explicit HandleTable(HandleType type) : base_(type, [](void* object) { delete static_cast<T*>(object); }) {}

  /// Gives the object a handle. Null reference when the table is full (2^24 objects).
  Ref<T> insert(std::unique_ptr<T> object) {
    HandleSlot* slot = base_.insert(object.get());
    if (slot) object.release();
    return Ref<T>(slot);
  }
  /// A null Ref if the handle is null, stale, forged or of another type.
  Ref<T> find(const void* handle) { return Ref<T>(base_.acquire(handle)); }
  /// See HandleTableBase::read.
  bool read(const void* handle, std::array<uint64_t, 2>& words) const { return base_.read(handle, words); }
  bool remove(const void* handle) { return base_.remove(handle); }
  template <class Visit>
  void for_each(Visit visit) {
    base_.for_each([&](HandleSlot* slot) { visit(*static_cast<T*>(slot->object), base_.handle_of(slot)); });
  }
  HandleType type() const { return base_.type(); }
  HandleTableBase& base() { return base_; }

 private:
  HandleTableBase base_;
};

struct SharedHandleTable {
  void* table = nullptr;  ///< A HandleTable<T>.
  HandleTableBase* base = nullptr;
};

/// The table of a type: made by the first call, the same one in every library of the process. Thread-safe.
void* shared_handle_table(HandleType type, SharedHandleTable (*make)());

/// The handles of a type that are alive, whatever the class behind them. Thread-safe.
std::vector<void*> living_handles(HandleType type);

/// Each class that has handles declares `static constexpr HandleType kHandleType`.
/// The table is never destroyed: handles may be used until the process ends.
template <class T>
HandleTable<T>& handle_table() {
  static auto* table = static_cast<HandleTable<T>*>(shared_handle_table(T::kHandleType, [] {
    auto* made = new HandleTable<T>(T::kHandleType);
    return SharedHandleTable{made, &made->base()};
  }));
  return *table;
}

/// The error for a handle that denotes no living object of the wanted type: says null, wrong type or stale.
Status bad_handle(int code, std::string_view rule, HandleType wanted, const char* argument,
                  const void* handle);

/// The object behind a handle, or the error `code` with a text that tells null, stale, forged and wrong type
/// apart.
template <class T>
Result<Ref<T>> find(const void* handle, const char* argument, std::string_view rule,
                    int code = ACL_ERROR_INVALID_PARAM) {
  Ref<T> ref = handle_table<T>().find(handle);
  if (!ref) return bad_handle(code, rule, T::kHandleType, argument, handle);
  return ref;
}

}  // namespace cairn
