#include "device/runtime.h"

#include <pthread.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <thread>

#include "base/environment.h"
#include "base/log.h"
#include "base/observer.h"
#include "device/configuration.h"
#include "device/live_objects.h"
#include "dump/dumping.h"

namespace cairn {
namespace {

constexpr size_t kHostAlignment = 64;  // [RT-165]
constexpr size_t kLeastAlignment = 64;

// The current context of the thread; empty in a new thread [UTL-034].
thread_local Ref<Context> current;

/// The physical ids that this process may use [GDE-048] .. [GDE-051]: the list ends at the first invalid
/// entry.
std::vector<int32_t> visible_devices() {
  const auto count = static_cast<int32_t>(environment_int("CAIRN_DEVICES", 1));
  std::vector<int32_t> ids;
  const char* list = std::getenv("ASCEND_RT_VISIBLE_DEVICES");
  if (list == nullptr) {
    for (int32_t id = 0; id < count; ++id)
      ids.push_back(id);
    return ids;
  }
  std::stringstream entries(list);
  for (std::string entry; std::getline(entries, entry, ',');) {
    char* end = nullptr;
    const long id = std::strtol(entry.c_str(), &end, 10);
    while (*end == ' ')
      ++end;
    if (end == entry.c_str() || *end != '\0' || id < 0 || id >= count) break;
    if (std::find(ids.begin(), ids.end(), id) != ids.end()) break;
    ids.push_back(static_cast<int32_t>(id));
  }
  return ids;
}

}  // namespace

Runtime& Runtime::get() {
  static auto* runtime = new Runtime;  // Never destroyed: threads may use it until the process ends.
  return *runtime;
}

Runtime::Runtime() : soc_(current_soc()) {
  for (const int32_t physical_id : visible_devices())
    devices_.push_back(std::make_unique<Device>(static_cast<int32_t>(devices_.size()), physical_id, soc_));
  pthread_atfork(nullptr, nullptr, [] {
    Runtime& runtime = get();
    for (const auto& device : runtime.devices_)
      if (device->memory() != nullptr) runtime.forked_.store(true);
  });
  std::atexit([] {
    const Runtime& runtime = get();
    if (runtime.is_initialized() && !runtime.forked_.load()) {
      log(LogLevel::kWarning, "ASCENDCL", "[SYS-022] the process ends without aclFinalize (acl.finalize)");
      log_live_objects(runtime.devices_, "exit");
    }
    // Workers must not run into the destructors of other libraries at exit.
    for (const auto& device : runtime.devices_)
      device->scheduler().end_workers();
  });
}

Status Runtime::check_initialized() const {
  if (is_initialized()) return {};
  return error(ACL_ERROR_UNINITIALIZE, "SYS-012", "{}",
               finalized_ ? "called after aclFinalize" : "call aclInit (acl.init) first");
}

Status Runtime::check_usable() const {
  CAIRN_RETURN_IF_ERROR(check_initialized());
  if (forked_.load())
    return error(ACL_ERROR_RT_NO_DEVICE, "SYS-012",
                 "this process was forked after its parent had used a device; start it before the parent "
                 "calls aclrtSetDevice, or "
                 "use the 'spawn' method of multiprocessing");
  return {};
}

Status Runtime::initialize(const char* config_path) {
  const std::lock_guard lock(mutex_);
  if (is_initialized() || finalized_)
    return error(ACL_ERROR_REPEAT_INITIALIZE, "SYS-011",
                 "aclInit was called before; it may be called once per process");
  CAIRN_ASSIGN(Configuration configuration, read_configuration_file(config_path));
  if (configuration.dump) Dumping::get().begin(std::move(*configuration.dump));
  operator_queue_limit_.store(configuration.max_opqueue_num, std::memory_order_relaxed);
  initialized_.store(true, std::memory_order_release);
  return {};
}

Status Runtime::finalize() {
  const std::lock_guard lock(mutex_);
  if (finalized_) return error(ACL_ERROR_REPEAT_FINALIZE, "SYS-024", "aclFinalize was called before");
  if (!is_initialized()) return error(ACL_ERROR_UNINITIALIZE, "SYS-012", "aclInit was not called");
  log_live_objects(devices_, "aclFinalize");
  observe([](Observer& watching) { watching.finalized(); });
  for (const auto& device : devices_)
    if (device->in_use()) release_device(*device);
  Dumping::get().end();
  finalized_ = true;
  initialized_.store(false, std::memory_order_release);
  return {};
}

std::vector<std::string> Runtime::live_objects() const {
  return describe_live_objects(devices_);
}

Status Runtime::check_device_id(int32_t device_id) const {
  if (device_id >= 0 && device_id < static_cast<int32_t>(devices_.size())) return {};
  return error(ACL_ERROR_RT_INVALID_DEVICEID, "RT-011",
               "deviceId = {}; {} usable device(s), so allowed are 0 .. {}", device_id, devices_.size(),
               static_cast<int64_t>(devices_.size()) - 1);
}

Result<Ref<Context>> Runtime::make_context(Device& device, bool is_default) {
  const uint64_t id = next_context_id_.fetch_add(1);
  Ref<Stream> stream = handle_table<Stream>().insert(
      std::make_unique<Stream>(device, id, device.next_stream_id.fetch_add(1), Stream::Kind::kDefault, 0));
  if (!stream) return error(ACL_ERROR_RT_NO_STREAM_RESOURCE, "RT-043", "too many streams");
  Ref<Context> context;
  try {
    context = handle_table<Context>().insert(std::make_unique<Context>(device, id, is_default, stream));
  } catch (...) {
    handle_table<Stream>().remove(stream.handle());
    throw;
  }
  if (!context) {
    handle_table<Stream>().remove(stream.handle());
    return error(ACL_ERROR_RT_RESOURCE_ALLOC_FAIL, "GDE-023", "too many contexts");
  }
  if (!is_default) device.explicit_context_count.fetch_add(1);
  return context;
}

void Runtime::end_context(const Ref<Context>& context) {
  context->end();
  if (!context->is_default()) context->device().explicit_context_count.fetch_sub(1);
  // Explicit streams must no longer be used [GDE-028]; the default stream goes with its context [GDE-026].
  handle_table<Stream>().for_each([&](Stream& stream, void* handle) {
    if (stream.context_id() != context->id()) return;
    stream.close(true);
    handle_table<Stream>().remove(handle);
  });
  handle_table<Context>().remove(context.handle());
}

void Runtime::release_device(Device& device) {
  observe([&](Observer& watching) { watching.device_released(device.id()); });
  device.drain(0);  // [RT-018]
  handle_table<Context>().for_each([&](const Context& context, void* handle) {
    if (&context.device() != &device) return;
    if (const Ref<Context> found = handle_table<Context>().find(handle)) end_context(found);
  });
  device.default_context = Ref<Context>();
  device.set_device_uses = 0;
  device.context_uses = 0;
  device.stop();
}

Status Runtime::set_device(int32_t device_id) {
  CAIRN_RETURN_IF_ERROR(check_usable());
  CAIRN_RETURN_IF_ERROR(check_device_id(device_id));
  const std::lock_guard lock(mutex_);
  Device& device = *devices_[static_cast<size_t>(device_id)];
  CAIRN_RETURN_IF_ERROR(device.start());
  if (!device.default_context) {
    CAIRN_ASSIGN(device.default_context, make_context(device, true));
  }
  ++device.set_device_uses;
  current = device.default_context;
  return {};
}

Status Runtime::reset_device(int32_t device_id) {
  CAIRN_RETURN_IF_ERROR(check_usable());
  CAIRN_RETURN_IF_ERROR(check_device_id(device_id));
  const std::lock_guard lock(mutex_);
  Device& device = *devices_[static_cast<size_t>(device_id)];
  if (device.set_device_uses == 0)
    return error(
        ACL_ERROR_RT_PARAM_INVALID, "GDE-019",
        "device {} is not in use: each aclrtSetDevice has been taken back by an aclrtResetDevice; call "
        "aclrtResetDevice once per aclrtSetDevice",
        device_id);
  --device.set_device_uses;
  if (!device.in_use()) {
    release_device(device);
  } else if (device.set_device_uses == 0 && device.default_context) {
    // Explicit contexts that took the device by themselves go on; the default context ends [GDE-021].
    device.drain(device.default_context->id());
    end_context(std::exchange(device.default_context, Ref<Context>()));
  }
  return {};
}

Status Runtime::reset_device_by_force(int32_t device_id) {
  CAIRN_RETURN_IF_ERROR(check_usable());
  CAIRN_RETURN_IF_ERROR(check_device_id(device_id));
  const std::lock_guard lock(mutex_);
  Device& device = *devices_[static_cast<size_t>(device_id)];
  if (!device.in_use())
    return error(ACL_ERROR_RT_PARAM_INVALID, "GDE-019", "device {} is not in use; nothing to reset",
                 device_id);
  release_device(device);
  return {};
}

Result<Device*> Runtime::device(int32_t device_id) const {
  CAIRN_RETURN_IF_ERROR(check_usable());
  CAIRN_RETURN_IF_ERROR(check_device_id(device_id));
  return devices_[static_cast<size_t>(device_id)].get();
}

Status Runtime::abort_device_tasks(int32_t device_id, std::optional<std::chrono::milliseconds> timeout) {
  CAIRN_ASSIGN(Device* const device, this->device(device_id));
  if (device->memory() == nullptr)
    return error(ACL_ERROR_RT_CONTEXT_NULL, "RT-189", "device {} is not in use", device_id);
  const auto start = std::chrono::steady_clock::now();
  const Status reason =
      error(ACL_ERROR_RT_DEVICE_TASK_ABORT, "RT-189", "the task was dropped by aclrtDeviceTaskAbort");
  // A task that runs may still park its stream; so again until nothing is left.
  while (true) {
    bool idle = true;
    handle_table<Stream>().for_each([&](Stream& stream, void*) {
      if (&stream.device() != device || stream.is_idle()) return;
      stream.abort(reason);
      idle = idle && stream.is_idle();
    });
    if (idle) return {};
    if (timeout && std::chrono::steady_clock::now() - start >= *timeout)
      return error(ACL_ERROR_RT_STREAM_SYNC_TIMEOUT, "RT-189",
                   "tasks of device {} still run after {} ms; nothing is queued behind them", device_id,
                   timeout->count());
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

Result<Ref<Context>> Runtime::create_context(int32_t device_id) {
  CAIRN_RETURN_IF_ERROR(check_usable());
  CAIRN_RETURN_IF_ERROR(check_device_id(device_id));
  const std::lock_guard lock(mutex_);
  Device& device = *devices_[static_cast<size_t>(device_id)];
  CAIRN_RETURN_IF_ERROR(device.start());
  const uint32_t needed = 1 + device.soc().internal_streams;
  if (device.stream_count.load() + device.explicit_context_count.load() * device.soc().internal_streams +
          needed >
      device.soc().most_streams)
    return error(ACL_ERROR_RT_NO_STREAM_RESOURCE, "GDE-023",
                 "a context needs {} streams, and {} of the {} of device {} exist; destroy some", needed,
                 device.stream_count.load(), device.soc().most_streams, device_id);
  CAIRN_ASSIGN(Ref<Context> context, make_context(device, false));
  if (device.set_device_uses == 0) {  // [RT-197]
    ++device.context_uses;
    context->holds_device_use = true;
  }
  current = context;
  return context;
}

Status Runtime::destroy_context(void* handle) {
  CAIRN_RETURN_IF_ERROR(check_usable());
  CAIRN_ASSIGN(const Ref<Context> context,
               find<Context>(handle, "context", "RT-194", ACL_ERROR_RT_INVALID_HANDLE));
  if (context->is_default())
    return error(ACL_ERROR_RT_PARAM_INVALID, "GDE-006",
                 "the default context of device {} cannot be destroyed; aclrtResetDevice ends it",
                 context->device().id());
  const std::lock_guard lock(mutex_);
  if (context->has_ended())
    return bad_handle(ACL_ERROR_RT_INVALID_HANDLE, "RT-194", HandleType::kContext, "context", handle);
  Device& device = context->device();
  device.drain(context->id());
  end_context(context);
  if (context->holds_device_use && --device.context_uses == 0 && !device.in_use()) release_device(device);
  return {};
}

Status Runtime::set_current_context(void* handle) {
  CAIRN_RETURN_IF_ERROR(check_usable());
  CAIRN_ASSIGN(current, find<Context>(handle, "context", "RT-194", ACL_ERROR_RT_INVALID_HANDLE));
  return {};
}

Status Runtime::check_context() const {
  CAIRN_RETURN_IF_ERROR(check_usable());
  if (!current)
    return error(ACL_ERROR_RT_CONTEXT_NULL, "RT-190",
                 "this thread has no context; call aclrtSetDevice, aclrtCreateContext or "
                 "aclrtSetCurrentContext in it first");
  if (current->has_ended())
    return error(ACL_ERROR_RT_CONTEXT_NULL, "RT-190",
                 "the context of this thread was destroyed or its device was reset; call aclrtSetDevice, "
                 "aclrtCreateContext or aclrtSetCurrentContext again");
  return {};
}

Result<Ref<Context>> Runtime::current_context() {
  CAIRN_RETURN_IF_ERROR(check_context());
  return current;
}

Result<Device*> Runtime::current_device() {
  CAIRN_RETURN_IF_ERROR(check_context());
  return &current->device();
}

Result<Ref<Stream>> Runtime::stream(void* handle, const char* argument) {
  CAIRN_RETURN_IF_ERROR(check_context());
  if (handle == nullptr) return current->default_stream();  // [GDE-035]
  CAIRN_ASSIGN(Ref<Stream> stream, find<Stream>(handle, argument, "RT-194", ACL_ERROR_RT_INVALID_HANDLE));
  if (stream->context_id() != current->id())
    return error(ACL_ERROR_RT_STREAM_CONTEXT, "RT-052",
                 "{} = {} belongs to another context than the current one of this thread; call "
                 "aclrtSetCurrentContext first",
                 argument, describe_handle(handle));
  return stream;
}

Result<Ref<Stream>> Runtime::create_stream(uint32_t flags) {
  CAIRN_ASSIGN(const Ref<Context> context, current_context());
  Device& device = context->device();
  const uint32_t most =
      device.soc().most_streams - device.explicit_context_count.load() * device.soc().internal_streams;
  if (device.stream_count.load() >= most)
    return error(ACL_ERROR_RT_NO_STREAM_RESOURCE, "RT-043",
                 "{} streams exist on device {}; {} has {}, default and internal ones included. Destroy some",
                 device.stream_count.load(), device.id(), device.soc().name, device.soc().most_streams);
  Ref<Stream> stream = handle_table<Stream>().insert(std::make_unique<Stream>(
      device, context->id(), device.next_stream_id.fetch_add(1), Stream::Kind::kExplicit, flags));
  if (!stream) return error(ACL_ERROR_RT_NO_STREAM_RESOURCE, "RT-043", "too many streams in this process");
  return stream;
}

Status Runtime::destroy_stream(void* handle, bool wait) {
  CAIRN_ASSIGN(const Ref<Context> context, current_context());
  CAIRN_ASSIGN(const Ref<Stream> stream,
               find<Stream>(handle, "stream", "RT-194", ACL_ERROR_RT_INVALID_HANDLE));
  if (stream->kind() == Stream::Kind::kDefault)
    return error(ACL_ERROR_RT_PARAM_INVALID, "GDE-008",
                 "the default stream cannot be destroyed; it ends with its context");
  if (stream->context_id() != context->id())
    return error(ACL_ERROR_RT_STREAM_CONTEXT, "RT-052",
                 "{} does not belong to the current context of this thread", describe_handle(handle));
  if (wait) (void)stream->synchronize(std::nullopt);  // [RT-050]
  stream->close(!wait);
  if (const uint64_t thread = stream->report_thread().load()) (void)reports_.unsubscribe(thread, stream);
  if (const uint64_t thread = stream->host_function_thread().load())
    (void)host_functions_.unsubscribe(thread, stream);
  if (!handle_table<Stream>().remove(handle))
    return bad_handle(ACL_ERROR_RT_INVALID_HANDLE, "RT-194", HandleType::kStream, "stream", handle);
  return {};
}

Status Runtime::synchronize_device(std::optional<std::chrono::milliseconds> timeout) {
  CAIRN_ASSIGN(Device* const device, current_device());
  std::vector<Ref<Stream>> streams;
  handle_table<Stream>().for_each([&](Stream& stream, void* handle) {
    if (&stream.device() == device) streams.push_back(handle_table<Stream>().find(handle));
  });
  const auto start = std::chrono::steady_clock::now();
  Status first;
  for (const Ref<Stream>& stream : streams) {
    if (!stream) continue;
    std::optional<std::chrono::milliseconds> left = timeout;
    if (left)
      left = std::max(std::chrono::milliseconds(0),
                      *left - std::chrono::duration_cast<std::chrono::milliseconds>(
                                  std::chrono::steady_clock::now() - start));
    Status status = stream->synchronize(left);
    if (first.is_ok()) first = std::move(status);
  }
  return first;
}

Result<Ref<Event>> Runtime::create_event(uint32_t flags) {
  CAIRN_ASSIGN(const Ref<Context> context, current_context());
  Device& device = context->device();
  if ((flags & ACL_EVENT_SYNC) != 0 && device.sync_event_count.load() >= device.soc().most_sync_events)
    return error(ACL_ERROR_RT_NO_EVENT_RESOURCE, "RT-069",
                 "{} events with ACL_EVENT_SYNC exist on device {}, which is the most of {}; destroy some",
                 device.sync_event_count.load(), device.id(), device.soc().name);
  Ref<Event> event = handle_table<Event>().insert(std::make_unique<Event>(device, context->id(), flags));
  if (!event) return error(ACL_ERROR_RT_NO_EVENT_RESOURCE, "RT-067", "too many events in this process");
  return event;
}

Result<Ref<Event>> Runtime::event(void* handle, const char* argument) {
  CAIRN_RETURN_IF_ERROR(check_usable());
  return find<Event>(handle, argument, "RT-194", ACL_ERROR_RT_INVALID_HANDLE);
}

Status Runtime::destroy_event(void* handle) {
  CAIRN_RETURN_IF_ERROR(check_usable());
  if (handle_table<Event>().remove(handle)) return {};
  return bad_handle(ACL_ERROR_RT_INVALID_HANDLE, "RT-194", HandleType::kEvent, "event", handle);
}

Status Runtime::check_same_context(const Event& event, const Stream& stream) {
  if (event.context_id() == stream.context_id()) return {};
  return error(ACL_ERROR_RT_STREAM_CONTEXT, "GDE-004",
               "event and stream belong to different contexts, which cannot be synchronized with each other");
}

Status Runtime::set_op_execute_timeout(uint64_t milliseconds) {
  CAIRN_RETURN_IF_ERROR(check_usable());
  op_execute_timeout_ms_.store(milliseconds, std::memory_order_relaxed);
  return {};
}

Device* Runtime::device_of_address(const void* pointer) const {
  for (const auto& device : devices_)
    if (const DeviceMemory* memory = device->memory(); memory != nullptr && memory->contains(pointer))
      return device.get();
  return nullptr;
}

Result<void*> Runtime::allocate_observed(Device& device, size_t size, size_t alignment,
                                         AllocationOptions options) {
  auto allocated = device.memory()->allocate(size, alignment, options);
  if (allocated.is_ok())
    observe([&](Observer& watching) {
      watching.memory_allocated(MemoryPlace::kDevice, device.id(), *allocated, size);
    });
  return allocated;
}

Result<void*> Runtime::allocate(size_t size, size_t alignment, std::string_view rule,
                                AllocationOptions options) {
  CAIRN_RETURN_IF_ERROR(check_context());
  if (size == 0) return error(ACL_ERROR_INVALID_PARAM, rule, "size is 0; allocate at least 1 byte");
  return allocate_observed(current->device(), size, alignment, options);
}

Result<void*> Runtime::allocate_on(int32_t device_id, size_t size, AllocationOptions options) {
  CAIRN_ASSIGN(Device* const device, this->device(device_id));
  if (size == 0) return error(ACL_ERROR_INVALID_PARAM, "RT-133", "size is 0; allocate at least 1 byte");
  const std::lock_guard lock(mutex_);
  if (!device->in_use())
    return error(ACL_ERROR_RT_CONTEXT_NULL, "RT-190", "device {} is not in use; call aclrtSetDevice first",
                 device_id);
  return allocate_observed(*device, size, kLeastAlignment, options);
}

Status Runtime::free(void* pointer, std::string_view rule) {
  if (pointer == nullptr) return error(ACL_ERROR_INVALID_PARAM, rule, "the address is null (0)");
  Device* const device = device_of_address(pointer);
  Status status = device != nullptr
                      ? device->memory()->free(pointer, rule)
                      : error(ACL_ERROR_RT_PARAM_INVALID, rule,
                              "{} is no device memory; host memory of aclrtMallocHost is freed by "
                              "aclrtFreeHost",
                              pointer);
  observe([&](Observer& watching) {
    if (status.is_ok())
      watching.memory_freed(MemoryPlace::kDevice, pointer);
    else
      watching.free_refused(MemoryPlace::kDevice, pointer);
  });
  return status;
}

Result<void*> Runtime::allocate_host(size_t size) {
  CAIRN_RETURN_IF_ERROR(check_usable());
  if (size == 0) return error(ACL_ERROR_INVALID_PARAM, "RT-133", "size is 0; allocate at least 1 byte");
  constexpr size_t kMost = size_t{1} << 46;
  void* pointer = nullptr;
  observe([&](Observer& watching) { pointer = watching.host_memory(size); });
  if (pointer == nullptr && size <= kMost)
    pointer = std::aligned_alloc(kHostAlignment, (size + kHostAlignment - 1) & ~(kHostAlignment - 1));
  if (pointer == nullptr)
    return error(ACL_ERROR_RT_MEMORY_ALLOCATION, "RT-193", "the host has no {} bytes of memory left", size);
  try {
    host_allocations_.replace(pointer, size);
  } catch (const std::bad_alloc&) {
    bool kept = false;
    observe([&](Observer& watching) { kept = watching.memory_freed(MemoryPlace::kHost, pointer); });
    if (!kept) std::free(pointer);
    throw;
  }
  observe([&](Observer& watching) { watching.memory_allocated(MemoryPlace::kHost, -1, pointer, size); });
  return pointer;
}

Status Runtime::free_host(void* pointer) {
  if (pointer == nullptr) return error(ACL_ERROR_INVALID_PARAM, "RT-169", "hostPtr is null (0)");
  if (!host_allocations_.remove(pointer)) {
    observe([&](Observer& watching) { watching.free_refused(MemoryPlace::kHost, pointer); });
    return error(ACL_ERROR_RT_PARAM_INVALID, "RT-169",
                 "{} was not allocated by aclrtMallocHost or was freed before{}", pointer,
                 device_of_address(pointer) != nullptr ? "; it is device memory, which aclrtFree frees" : "");
  }
  bool kept = false;
  observe([&](Observer& watching) { kept = watching.memory_freed(MemoryPlace::kHost, pointer); });
  if (!kept) std::free(pointer);
  return {};
}

bool Runtime::is_pinned(const void* pointer, size_t size) const {
  return host_allocations_.contain(pointer, size) || registered_host_memory_.contain(pointer, size);
}

Result<MemoryUse> Runtime::memory_use(aclrtMemAttr attribute) {
  CAIRN_ASSIGN(Device* const device, current_device());
  struct Row {
    bool hbm;
    std::optional<PageKind> pages;  ///< None: all.
  };
  // By the attribute's value. All memory serves for copies between devices (P2P).
  static constexpr std::array<Row, ACL_HBM_MEM_P2P_HUGE1G + 1> kRows = {{{false, std::nullopt},
                                                                         {true, std::nullopt},
                                                                         {false, PageKind::kHuge},
                                                                         {false, PageKind::kNormal},
                                                                         {true, PageKind::kHuge},
                                                                         {true, PageKind::kNormal},
                                                                         {false, PageKind::kHuge},
                                                                         {false, PageKind::kNormal},
                                                                         {true, PageKind::kHuge},
                                                                         {true, PageKind::kNormal},
                                                                         {true, PageKind::kHuge},
                                                                         {true, PageKind::kHuge}}};
  if (attribute < 0 || static_cast<size_t>(attribute) >= kRows.size())
    return error(ACL_ERROR_INVALID_PARAM, "RT-148", "attr = {} is not one of 0 (ACL_DDR_MEM) .. {}",
                 static_cast<int>(attribute), kRows.size() - 1);
  const Row& row = kRows[static_cast<size_t>(attribute)];
  if (row.hbm != device->soc().has_hbm) return MemoryUse{0, 0};  // [RT-149]
  MemoryUse use = row.pages ? device->memory()->use(*row.pages) : device->memory()->use();
  if (attribute == ACL_HBM_MEM_HUGE1G || attribute == ACL_HBM_MEM_P2P_HUGE1G) {
    constexpr size_t kPage = size_t{1} << 30;
    use = {use.free_bytes / kPage * kPage, use.total_bytes / kPage * kPage};
  }
  return use;
}

std::byte* Runtime::own_view(const void* pointer) {
  void* view = const_cast<void*>(pointer);
  observe([&](const Observer& watching) { view = watching.own_view(pointer); });
  return static_cast<std::byte*>(view);
}

Result<std::byte*> Runtime::resolve(const void* pointer, size_t size, const char* argument,
                                    std::string_view rule) const {
  const Device* const device = device_of_address(pointer);
  if (device == nullptr && registered_host_memory_.contain(pointer, size)) return own_view(pointer);
  if (device == nullptr)
    return error(ACL_ERROR_RT_PARAM_INVALID, rule,
                 "{} = {} is no device memory; allocate it with aclrtMalloc and copy with aclrtMemcpy",
                 argument, pointer);
  auto resolved = device->memory()->resolve(pointer, size);
  if (resolved.is_ok()) return resolved;
  observe([&](Observer& watching) { watching.access_refused(pointer, size); });
  const std::string_view text = resolved.status().text();
  return error(resolved.code(), rule, "{}: {}", argument, text.substr(text.find(']') + 2));
}

Result<std::byte*> Runtime::resolve_any(const void* pointer, size_t size, const char* argument,
                                        std::string_view rule) const {
  if (device_of_address(pointer) != nullptr) return resolve(pointer, size, argument, rule);
  if (pointer == nullptr) return error(ACL_ERROR_INVALID_PARAM, rule, "{} is null (0)", argument);
  if (reinterpret_cast<uintptr_t>(pointer) + size < size)
    return error(ACL_ERROR_RT_PARAM_INVALID, rule, "{} = {} with {} bytes wraps around the address space",
                 argument, pointer, size);
  return own_view(pointer);
}

}  // namespace cairn
