#include "base/handle_table.h"

#include "base/observer.h"

namespace cairn {

const char* handle_type_name(HandleType type) {
  static constexpr const char* kNames[] = {"?",
                                           "context",
                                           "stream",
                                           "event",
                                           "data buffer",
                                           "tensor description",
                                           "stream configuration",
                                           "model description",
                                           "dataset",
                                           "AIPP parameters",
                                           "model load configuration",
                                           "model execution configuration",
                                           "channel description",
                                           "picture description",
                                           "batch picture description",
                                           "stream description",
                                           "region (ROI) configuration",
                                           "resize configuration",
                                           "border configuration",
                                           "JPEG encoder configuration",
                                           "LUT map",
                                           "histogram",
                                           "group information",
                                           "physical memory",
                                           "operator handle",
                                           "list of operator attributes",
                                           "kernel description",
                                           "test object"};
  const auto index = static_cast<size_t>(type);
  return index < std::size(kNames) ? kNames[index] : "?";
}

namespace {

constexpr auto kLastType = static_cast<uint32_t>(kLastHandleType);

bool looks_like_handle(uint64_t bits) {
  const uint64_t type = bits >> 56;
  return type >= 1 && type <= kLastType && ((bits >> 32) & 0xFFFFFF) != 0;
}

}  // namespace

std::string describe_handle(const void* handle) {
  const auto bits = reinterpret_cast<uint64_t>(handle);
  if (!looks_like_handle(bits)) return fmt::format("{:#x}", bits);
  return fmt::format("{}#{}", handle_type_name(static_cast<HandleType>(bits >> 56)),
                     static_cast<uint32_t>(bits));
}

Status bad_handle(int code, std::string_view rule, HandleType wanted, const char* argument,
                  const void* handle) {
  observe([&](Observer& watching) { watching.handle_refused(wanted, handle); });
  const char* name = handle_type_name(wanted);
  const auto bits = reinterpret_cast<uint64_t>(handle);
  if (handle == nullptr)
    return error(ACL_ERROR_INVALID_PARAM, rule, "{} is null (0); a {} is needed", argument, name);
  if (!looks_like_handle(bits))
    return error(
        code, rule,
        "{} = {:#x} is no handle that Cairn gave out; pass the value that the function which creates a {} "
        "returned",
        argument, bits, name);
  const auto type = static_cast<HandleType>(bits >> 56);
  if (type != wanted)
    return error(code, rule, "{} = {} is a {}; pass a {}", argument, describe_handle(handle),
                 handle_type_name(type), name);
  return error(
      code, rule,
      "{} = {} does not exist (any more): it was destroyed or never created; create a {}, and destroy it "
      "only after its last use",
      argument, describe_handle(handle), name);
}

HandleTableBase::~HandleTableBase() {
  for (uint32_t i = 0; i < slot_count_.load(); ++i) {
    HandleSlot* slot = find_slot(i);
    if (slot->object) destroy_(slot->object);
  }
}

HandleSlot* HandleTableBase::insert(void* object) {
  HandleSlot* const slot = take_slot(object);
  if (slot != nullptr)
    observe([&](Observer& watching) { watching.object_made(type_, handle_of(slot), object); });
  return slot;
}

HandleSlot* HandleTableBase::take_slot(void* object) {
  const std::lock_guard lock(mutex_);
  HandleSlot* slot = nullptr;
  if (free_ != nullptr) {
    slot = std::exchange(free_, free_->next_free);
  } else {
    const uint32_t index = slot_count_.load(std::memory_order_relaxed);
    if (index >= kSlotsPerChunk * kChunks) return nullptr;
    auto& chunk = chunks_[index / kSlotsPerChunk];
    if (!chunk) chunk = std::make_unique<Chunk>();
    slot = &(*chunk)[index % kSlotsPerChunk];
    slot->table = this;
    slot->index = index;
    slot_count_.store(index + 1, std::memory_order_release);
  }
  slot->object = object;
  uint64_t generation =
      (handle_bits::generation_of(slot->state.load(std::memory_order_relaxed)) + 1) & 0xFFFFFF;
  if (generation == 0) generation = 1;
  slot->state.store((generation << 32) | handle_bits::kAlive | 1, std::memory_order_release);
  return slot;
}

bool HandleTableBase::remove(const void* handle) {
  HandleSlot* slot = acquire(handle);
  if (slot == nullptr) return false;
  const uint64_t before = slot->state.fetch_and(~handle_bits::kAlive, std::memory_order_acq_rel);
  const bool was_alive = (before & handle_bits::kAlive) != 0;
  if (was_alive) observe([&](Observer& watching) { watching.object_ended(type_, handle, slot->object); });
  release(slot);
  return was_alive;
}

void HandleTableBase::recycle(HandleSlot* slot) {
  void* object = std::exchange(slot->object, nullptr);
  destroy_(object);
  const std::lock_guard lock(mutex_);
  slot->next_free = std::exchange(free_, slot);
}

namespace {

std::mutex tables_mutex;
std::array<SharedHandleTable, 256> tables{};

}  // namespace

void* shared_handle_table(HandleType type, SharedHandleTable (*make)()) {
  const std::lock_guard lock(tables_mutex);
  SharedHandleTable& shared = tables[static_cast<uint8_t>(type)];
  if (shared.table == nullptr) shared = make();
  return shared.table;
}

std::vector<void*> living_handles(HandleType type) {
  HandleTableBase* base = nullptr;
  {
    const std::lock_guard lock(tables_mutex);
    base = tables[static_cast<uint8_t>(type)].base;
  }
  std::vector<void*> handles;
  if (base != nullptr) base->for_each([&](HandleSlot* slot) { handles.push_back(base->handle_of(slot)); });
  return handles;
}

}  // namespace cairn
