// Random call sequences over the C API with living, stale, forged and wild arguments. Nothing may crash, hang
// or leak.
//
// An input is a program: each operation is one byte that chooses the call; its arguments come from the
// following bytes. A byte for a handle chooses from the living ones, from destroyed ones, or makes a forged
// value. Waits have time limits, and host addresses are either our own buffer or values that no process can
// have mapped. Everything is released at the end.
//
// The functions that make, end or wait for something are called by hand; all others stand in a table that
// api_calls.py makes from spec/c-api.json. With API_FUZZER_CALLS the process ends well after that many calls.
#include <sanitizer/lsan_interface.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <type_traits>
#include <unordered_map>
#include <vector>

#include "acl/acl.h"
#include "acl/acl_op_compiler.h"
#include "acl/ops/acl_cblas.h"
#include "acl/ops/acl_dvpp.h"

namespace {

constexpr size_t kHostBytes = 1 << 16;
constexpr size_t kMostOperations = 400;

/// Handles of one kind: what is alive, and some that no longer are.
template <class Handle>
struct Pool {
  std::vector<Handle> living;
  std::vector<Handle> stale;

  void add(Handle handle) {
    if (handle != nullptr) living.push_back(handle);
  }
  void ended(Handle handle) {
    const auto found = std::find(living.begin(), living.end(), handle);
    if (found == living.end()) return;
    living.erase(found);
    stale.push_back(handle);
  }
  void all_ended() {
    stale.insert(stale.end(), living.begin(), living.end());
    living.clear();
  }
};

class Program {
 public:
  Program(const uint8_t* data, size_t size) : next_(data), end_(data + size) {}

  bool at_end() const { return next_ == end_; }
  uint8_t byte() { return at_end() ? 0 : *next_++; }
  uint64_t bits() {
    uint64_t value = 0;
    for (int i = 0; i < 8; ++i)
      value = value << 8 | byte();
    return value;
  }
  /// Mostly small and valid numbers, sometimes limits, sometimes anything.
  uint64_t number() {
    static constexpr uint64_t kLimits[] = {
        0, 1, 63, 64, 65, 4096, 0xFFFFFFFF, 0x80000000, 0x7FFFFFFF, ~0ULL, 1ULL << 63, (1ULL << 63) - 1};
    const uint8_t choice = byte();
    if (choice < 200) return choice;
    if (choice < 248) return kLimits[choice % std::size(kLimits)];
    return bits();
  }
  /// A size that takes no noticeable memory or time when it is granted.
  size_t small_size() { return size_t{byte()} * (byte() + 1U); }
  template <class Handle>
  Handle handle(const Pool<Handle>& pool) {
    const uint8_t choice = byte();
    if (choice < 160 && !pool.living.empty()) return pool.living[choice % pool.living.size()];
    if (choice < 200 && !pool.stale.empty()) return pool.stale[choice % pool.stale.size()];
    if (choice < 220) return nullptr;
    return forged<Handle>(pool);
  }

 private:
  /// A living handle with bits changed, or a value above all addresses of a process.
  template <class Handle>
  Handle forged(const Pool<Handle>& pool) {
    const uint64_t noise = bits();
    const uint64_t base = pool.living.empty() ? noise : reinterpret_cast<uint64_t>(pool.living.front());
    const uint64_t value = (noise & 1) != 0 ? base ^ (1ULL << (noise >> 1 & 63)) : noise;
    return reinterpret_cast<Handle>(value | 1ULL << 56);
  }

  const uint8_t* next_;
  const uint8_t* end_;
};

void ignore_callback(void* data) {
  ++*static_cast<int*>(data);
}
/// A function of any type that may be given as a callback.
template <class Result, class... Arguments>
Result ignore(Arguments...) {
  return Result();
}
template <class Result, class... Arguments>
Result (*a_function(Result (*)(Arguments...)))(Arguments...) {
  return ignore<Result, Arguments...>;
}

/// Objects of the API are incomplete types; pointers to others are places for results.
template <class T, class = void>
struct IsComplete : std::false_type {};
template <class T>
struct IsComplete<T, std::void_t<decltype(sizeof(T))>> : std::true_type {};

void ignore_exception(aclrtExceptionInfo* info) {
  aclrtGetTaskIdFromExceptionInfo(info);
}

class Machine {
 public:
  Machine(const uint8_t* data, size_t size) : program_(data, size) {
    keep_device(program_.byte() % 8 != 0);
    aclrtSetDevice(0);
    aclrtContext context = nullptr;
    if (aclrtGetCurrentContext(&context) == ACL_SUCCESS) contexts_.add(context);
    aclrtSetOpWaitTimeout(1);
  }

  ~Machine() {
    aclrtSetExceptionInfoCallback(nullptr);
    // A stream that waits for an event which nobody records would hold up its end: drop what is queued.
    for (aclrtContext context : contexts_.living) {
      aclrtSetCurrentContext(context);
      for (aclrtStream stream : std::vector(streams_.living))
        if (aclrtDestroyStreamForce(stream) == ACL_SUCCESS) streams_.ended(stream);
    }
    for (aclrtContext context : contexts_.living)
      aclrtDestroyContext(context);
    aclrtSetDevice(0);
    for (aclrtEvent event : events_.living)
      aclrtDestroyEvent(event);
    for (aclDataBuffer* buffer : buffers_.living)
      aclDestroyDataBuffer(buffer);
    for (aclTensorDesc* desc : descs_.living)
      aclDestroyTensorDesc(desc);
    for (auto& [destroy, pool] : others_)
      for (void* handle : pool.living)
        destroy(handle);
    for (void* pointer : device_.living)
      aclrtFree(pointer);
    for (void* pointer : host_.living)
      aclrtFreeHost(pointer);
    for (int uses = 0; uses < 1000 && aclrtResetDevice(0) == ACL_SUCCESS;)
      ++uses;
    aclGetRecentErrMsg();
  }

  void run() {
    for (size_t i = 0; i < kMostOperations && !program_.at_end(); ++i) {
      step();
      ++calls_made;
    }
  }
  static inline uint64_t calls_made = 0;

  /// A context that no program knows keeps the device in use between inputs, or not: to start and end a
  /// device, its threads and its memory, takes longer than all else that an input does.
  static void keep_device(bool keep) {
    static aclrtContext keeper = nullptr;
    if (!keep) {
      aclrtDestroyContext(keeper);
      keeper = nullptr;
    } else if (aclrtSetCurrentContext(keeper) != ACL_SUCCESS) {
      // None yet, or a forged handle was its own.
      if (aclrtCreateContext(&keeper, 0) != ACL_SUCCESS) keeper = nullptr;
    }
  }

  // --- for the table ---

  aclrtStream stream() { return program_.handle(streams_); }
  aclrtEvent event() { return program_.handle(events_); }
  aclrtContext context() { return program_.handle(contexts_); }

  template <class T>
  T argument() {
    if constexpr (std::is_same_v<T, const char*>) {
      static constexpr const char* kTexts[] = {"",    "name", "/nowhere/at/all", "{}", "0", "\xff\xfe",
                                               "Add", "Cast"};
      const uint8_t choice = program_.byte();
      return choice % 9 == 8 ? nullptr : kTexts[choice % std::size(kTexts)];
    } else if constexpr (std::is_same_v<T, void*> || std::is_same_v<T, const void*>) {
      return any_pointer();
    } else if constexpr (std::is_pointer_v<T> && std::is_function_v<std::remove_pointer_t<T>>) {
      return program_.byte() % 4 == 0 ? nullptr : a_function(T{});
    } else if constexpr (std::is_same_v<T, aclDataBuffer*> || std::is_same_v<T, const aclDataBuffer*>) {
      return program_.handle(buffers_);
    } else if constexpr (std::is_same_v<T, aclTensorDesc*> || std::is_same_v<T, const aclTensorDesc*>) {
      return program_.handle(descs_);
    } else if constexpr (std::is_pointer_v<T>) {
      using Pointed = std::remove_cv_t<std::remove_pointer_t<T>>;
      if constexpr (IsComplete<Pointed>::value)
        return program_.byte() % 8 == 7 ? nullptr : reinterpret_cast<T>(result_buffer().data());
      else
        return static_cast<T>(program_.handle(others_[destroyer<Pointed>()]));
    } else if constexpr (std::is_floating_point_v<T>) {
      return static_cast<T>(static_cast<int64_t>(program_.number()));
    } else {
      return static_cast<T>(program_.number());
    }
  }

  /// Of a list that follows: a few, or a number that no list has.
  int length() { return program_.byte() % 16 == 15 ? negative() : program_.byte() % 5; }
  template <class T>
  std::vector<T> list(int length) {
    std::vector<T> list;
    for (int i = 0; i < length; ++i)
      list.push_back(argument<T>());
    return list;
  }

  template <class T>
  void made(T* handle) {
    if (handle == nullptr) return;
    Pool<void*>& pool = others_[destroyer<T>()];
    pool.add(handle);
    if (pool.living.size() <= 30) return;
    void* const oldest = pool.living.front();
    destroyer<T>()(oldest);
    pool.ended(oldest);
  }

  template <class T>
  void ended(T* handle, aclError ret) {
    if (ret == ACL_SUCCESS)
      others_[destroyer<std::remove_const_t<T>>()].ended(const_cast<std::remove_const_t<T>*>(handle));
  }

 private:
  /// The function that ends objects of a type; it also tells the pools of different types apart.
  template <class T>
  static void (*destroyer())(void*) {
    return [](void* handle) { destroy(static_cast<T*>(handle)); };
  }
  static void destroy(aclrtStreamConfigHandle* handle) { aclrtDestroyStreamConfigHandle(handle); }
  static void destroy(aclrtGroupInfo* handle) { aclrtDestroyGroupInfo(handle); }
  static void destroy(aclmdlDesc* handle) { aclmdlDestroyDesc(handle); }
  static void destroy(aclmdlDataset* handle) { aclmdlDestroyDataset(handle); }
  static void destroy(aclmdlAIPP* handle) { aclmdlDestroyAIPP(handle); }
  static void destroy(aclmdlConfigHandle* handle) { aclmdlDestroyConfigHandle(handle); }
  static void destroy(acldvppChannelDesc* handle) {
    acldvppDestroyChannel(handle);
    acldvppDestroyChannelDesc(handle);
  }
  static void destroy(acldvppPicDesc* handle) { acldvppDestroyPicDesc(handle); }
  static void destroy(acldvppRoiConfig* handle) { acldvppDestroyRoiConfig(handle); }
  static void destroy(acldvppResizeConfig* handle) { acldvppDestroyResizeConfig(handle); }
  static void destroy(acldvppJpegeConfig* handle) { acldvppDestroyJpegeConfig(handle); }
  static void destroy(acldvppStreamDesc* handle) { acldvppDestroyStreamDesc(handle); }
  static void destroy(acldvppBatchPicDesc* handle) { acldvppDestroyBatchPicDesc(handle); }
  static void destroy(acldvppBorderConfig* handle) { acldvppDestroyBorderConfig(handle); }
  static void destroy(aclopAttr* handle) { aclopDestroyAttr(handle); }
  static void destroy(aclopHandle* handle) { aclopDestroyHandle(handle); }
  static void destroy(aclGraphDumpOption* handle) { aclDestroyGraphDumpOpt(handle); }
  template <class T>
  static void destroy(T*) {}  // Of functions that are not there yet.

  static std::array<uint64_t, 8192>& result_buffer() {
    static std::array<uint64_t, 8192> buffer{};
    return buffer;
  }
  static void call_from_table(Machine& machine, uint16_t which);

  void step() {
    const uint8_t operation = program_.byte();
    switch (operation % 8) {
      case 0:
        context_call(operation / 6);
        break;
      case 1:
        stream_call(operation / 6);
        break;
      case 2:
        event_call(operation / 6);
        break;
      case 3:
        memory_call(operation / 6);
        break;
      case 4:
        copy_call(operation / 6);
        break;
      case 5:
        object_call(operation / 6);
        break;
      default:
        call_from_table(*this, static_cast<uint16_t>(operation << 8 | program_.byte()));
        break;
    }
  }

  void context_call(int which) {
    aclrtContext context = nullptr;
    int32_t number = 0;
    uint32_t count = 0;
    aclrtRunMode mode = ACL_HOST;
    switch (which % 12) {
      case 0:
        if (contexts_.living.size() < 20 &&
            aclrtCreateContext(&context, static_cast<int32_t>(program_.number() % 3)) == 0)
          contexts_.add(context);
        break;
      case 1:
        context = program_.handle(contexts_);
        if (aclrtDestroyContext(context) == ACL_SUCCESS) contexts_.ended(context);
        break;
      case 2:
        aclrtSetCurrentContext(program_.handle(contexts_));
        break;
      case 3:
        aclrtGetCurrentContext(&context);
        break;
      case 4:
        aclrtSetDevice(static_cast<int32_t>(program_.number()));
        break;
      case 5:
        if (aclrtResetDevice(static_cast<int32_t>(program_.number())) == ACL_SUCCESS) device_may_have_ended();
        break;
      case 6:
        aclrtGetDevice(&number);
        break;
      case 7:
        aclrtGetDeviceCount(&count);
        break;
      case 8:
        aclrtGetRunMode(&mode);
        break;
      case 9:
        aclrtSetTsDevice(static_cast<aclrtTsId>(program_.number()));
        break;
      case 10:
        aclrtSynchronizeDeviceWithTimeout(patience(true));
        break;
      default:
        aclInit(nullptr);
        break;
    }
  }

  void stream_call(int which) {
    aclrtStream stream = nullptr;
    uint32_t flag = 0;
    switch (which % 16) {
      case 0:
        if (streams_.living.size() < 30 && aclrtCreateStream(&stream) == ACL_SUCCESS) streams_.add(stream);
        break;
      case 1:
        if (streams_.living.size() < 30 &&
            aclrtCreateStreamWithConfig(&stream, static_cast<uint32_t>(program_.number()),
                                        static_cast<uint32_t>(program_.number())) == ACL_SUCCESS)
          streams_.add(stream);
        break;
      case 2:
      case 3:
        stream = program_.handle(streams_);
        if (aclrtDestroyStreamForce(stream) == ACL_SUCCESS) streams_.ended(stream);
        break;
      case 4:
      case 5:
        stream = program_.handle(streams_);
        aclrtSynchronizeStreamWithTimeout(stream, patience(is_busy(stream)));
        break;
      case 6:
        aclrtSynchronizeStreamWithTimeout(program_.handle(streams_), negative());
        break;
      case 7:
        aclrtSetStreamFailureMode(program_.handle(streams_), program_.number());
        break;
      case 8:
        aclrtSetStreamOverflowSwitch(program_.handle(streams_), static_cast<uint32_t>(program_.number()));
        break;
      case 9:
        aclrtGetStreamOverflowSwitch(program_.handle(streams_), &flag);
        break;
      case 10:
        aclrtSubscribeReport(program_.number(), program_.handle(streams_));
        break;
      case 11:
        aclrtUnSubscribeReport(program_.number(), program_.handle(streams_));
        break;
      case 12:
        aclrtLaunchCallback(program_.byte() % 8 == 0 ? nullptr : ignore_callback, &callbacks_,
                            static_cast<aclrtCallbackBlockType>(program_.number()),
                            program_.handle(streams_));
        break;
      case 13:
        aclrtProcessReport(patience(true));
        break;
      case 14:
        aclrtStreamWaitEvent(program_.handle(streams_), program_.handle(events_));
        break;
      default:
        aclrtSetExceptionInfoCallback(program_.byte() % 2 == 0 ? nullptr : ignore_exception);
        break;
    }
  }

  void event_call(int which) {
    aclrtEvent event = nullptr;
    aclrtEventStatus old_status{};
    aclrtEventRecordedStatus status{};
    aclrtEventWaitStatus wait_status{};
    float milliseconds = 0;
    switch (which % 12) {
      case 0:
        if (events_.living.size() < 50 && aclrtCreateEvent(&event) == ACL_SUCCESS) events_.add(event);
        break;
      case 1:
        if (events_.living.size() < 50 &&
            aclrtCreateEventWithFlag(&event, static_cast<uint32_t>(program_.number())) == ACL_SUCCESS)
          events_.add(event);
        break;
      case 2:
        event = program_.handle(events_);
        if (aclrtDestroyEvent(event) == ACL_SUCCESS) events_.ended(event);
        break;
      case 3:
      case 4:
        aclrtRecordEvent(program_.handle(events_), program_.handle(streams_));
        break;
      case 5:
        aclrtResetEvent(program_.handle(events_), program_.handle(streams_));
        break;
      case 6:
        aclrtQueryEvent(program_.handle(events_), &old_status);
        break;
      case 7:
        aclrtQueryEventStatus(program_.handle(events_), &status);
        break;
      case 8:
        aclrtQueryEventWaitStatus(program_.handle(events_), &wait_status);
        break;
      case 9:
        event = program_.handle(events_);
        aclrtSynchronizeEventWithTimeout(event, patience(is_pending(event)));
        break;
      case 10:
        aclrtEventElapsedTime(&milliseconds, program_.handle(events_), program_.handle(events_));
        break;
      default:
        aclrtStreamWaitEvent(program_.handle(streams_), program_.handle(events_));
        break;
    }
  }

  void memory_call(int which) {
    void* pointer = nullptr;
    size_t free = 0;
    size_t total = 0;
    const auto policy = [&] { return static_cast<aclrtMemMallocPolicy>(program_.byte() % 16); };
    switch (which % 10) {
      case 0:
      case 1:
        if (device_.living.size() < 60 &&
            aclrtMalloc(&pointer, program_.small_size(), policy()) == ACL_SUCCESS)
          device_.add(pointer);
        break;
      case 2:
        if (device_.living.size() < 60 &&
            aclrtMallocCached(&pointer, program_.small_size(), policy()) == ACL_SUCCESS)
          device_.add(pointer);
        break;
      case 3:
      case 4:
        pointer = device_pointer();
        if (aclrtFree(pointer) == ACL_SUCCESS) device_.ended(pointer);
        break;
      case 5:
        if (host_.living.size() < 20 && aclrtMallocHost(&pointer, program_.small_size()) == ACL_SUCCESS)
          host_.add(pointer);
        break;
      case 6:
        pointer = program_.handle(host_);
        if (aclrtFreeHost(pointer) == ACL_SUCCESS) host_.ended(pointer);
        break;
      case 7:
        aclrtGetMemInfo(static_cast<aclrtMemAttr>(program_.number()), &free, &total);
        break;
      case 8:
        aclrtMemFlush(device_pointer(), program_.number());
        break;
      default:
        aclrtMemInvalidate(device_pointer(), program_.number());
        break;
    }
  }

  void copy_call(int which) {
    void* to = any_pointer();
    const void* from = any_pointer();
    const auto kind = static_cast<aclrtMemcpyKind>(program_.number());
    // Host buffers of at least this size stand behind every host address, whatever the sizes say.
    const size_t count = count_for(to, from);
    const size_t room = program_.byte() % 4 == 0 ? program_.number() : count;
    switch (which % 7) {
      case 0:
      case 1:
        aclrtMemcpy(to, room, from, count, kind);
        break;
      case 2:
      case 3:
        aclrtMemcpyAsync(to, room, from, count, kind, program_.handle(streams_));
        break;
      case 4:
        aclrtMemset(to, room, static_cast<int32_t>(program_.number()), count);
        break;
      case 5:
        aclrtMemsetAsync(to, room, static_cast<int32_t>(program_.number()), count, program_.handle(streams_));
        break;
      default:
        aclrtMemcpy2d(to, program_.byte(), from, program_.byte(), program_.byte() % 32, program_.byte() % 64,
                      kind);
        break;
    }
  }

  void object_call(int which) {
    const int64_t dims[] = {static_cast<int64_t>(program_.number()), static_cast<int64_t>(program_.number()),
                            3, -1};
    int64_t range[3][2] = {{0, 1}, {static_cast<int64_t>(program_.number()), 5}, {1, -1}};
    int64_t value[4] = {};
    switch (which % 24) {
      case 0:
        if (buffers_.living.size() < 30) buffers_.add(aclCreateDataBuffer(any_pointer(), program_.number()));
        break;
      case 1: {
        aclDataBuffer* buffer = program_.handle(buffers_);
        if (aclDestroyDataBuffer(buffer) == ACL_SUCCESS) buffers_.ended(buffer);
        break;
      }
      case 2:
        aclUpdateDataBuffer(program_.handle(buffers_), any_pointer(), program_.number());
        break;
      case 3:
        aclGetDataBufferAddr(program_.handle(buffers_));
        break;
      case 4:
        aclGetDataBufferSizeV2(program_.handle(buffers_));
        break;
      case 5:
      case 6:
        if (descs_.living.size() < 30)
          descs_.add(aclCreateTensorDesc(static_cast<aclDataType>(program_.byte()), program_.byte() % 5, dims,
                                         static_cast<aclFormat>(program_.number())));
        break;
      case 7: {
        aclTensorDesc* desc = program_.handle(descs_);
        aclDestroyTensorDesc(desc);
        descs_.ended(desc);
        break;
      }
      case 8:
        aclGetTensorDescType(program_.handle(descs_));
        break;
      case 9:
        aclGetTensorDescFormat(program_.handle(descs_));
        break;
      case 10:
        aclGetTensorDescSize(program_.handle(descs_));
        break;
      case 11:
        aclGetTensorDescElementCount(program_.handle(descs_));
        break;
      case 12:
        aclGetTensorDescNumDims(program_.handle(descs_));
        break;
      case 13:
        aclGetTensorDescDimV2(program_.handle(descs_), program_.number(), value);
        break;
      case 14:
        aclGetTensorDescDimRange(program_.handle(descs_), program_.number(), program_.byte() % 4, value);
        break;
      case 15:
        aclSetTensorDescName(program_.handle(descs_), std::string(program_.byte(), 'n').c_str());
        break;
      case 16:
        aclGetTensorDescName(program_.handle(descs_));
        break;
      case 17:
        aclSetTensorShape(program_.handle(descs_), program_.byte() % 5, dims);
        break;
      case 18:
        aclSetTensorShapeRange(program_.handle(descs_), program_.byte() % 4, range);
        break;
      case 19:
        aclSetTensorPlaceMent(program_.handle(descs_), static_cast<aclMemType>(program_.number()));
        break;
      case 20:
        aclDataTypeSize(static_cast<aclDataType>(program_.number()));
        break;
      case 21:
        aclGetRecentErrMsg();
        break;
      case 22:
        aclFloatToFloat16(aclFloat16ToFloat(static_cast<aclFloat16>(program_.number())));
        break;
      default:
        aclSetTensorConst(program_.handle(descs_), host_pointer(), program_.byte());
        break;
    }
  }

  /// After a reset everything of the device may be gone; what is not stays alive until the end.
  void device_may_have_ended() {
    aclrtContext context = nullptr;
    if (aclrtGetCurrentContext(&context) == ACL_SUCCESS) return;
    device_.all_ended();
    aclrtSetDevice(0);
    if (aclrtGetCurrentContext(&context) == ACL_SUCCESS) contexts_.add(context);
  }

  /// A time limit: what would take it whole gets one that is refused at once, most of the time.
  int32_t patience(bool would_wait) { return would_wait && program_.byte() % 16 != 0 ? negative() : 1; }
  static bool is_busy(aclrtStream stream) {
    aclrtStreamStatus status = ACL_STREAM_STATUS_COMPLETE;
    aclrtStreamQuery(stream, &status);
    return status != ACL_STREAM_STATUS_COMPLETE;
  }
  static bool is_pending(aclrtEvent event) {
    aclrtEventRecordedStatus status = ACL_EVENT_RECORDED_STATUS_COMPLETE;
    aclrtQueryEventStatus(event, &status);
    return status != ACL_EVENT_RECORDED_STATUS_COMPLETE;
  }

  int32_t negative() { return -1 - static_cast<int32_t>(program_.byte()) - 1; }

  void* device_pointer() { return program_.handle(device_); }

  /// Our host buffer, or an address that no process can have mapped.
  void* host_pointer() {
    const uint8_t choice = program_.byte();
    if (choice < 200) return host_buffer().data() + choice % 128;
    if (choice < 220) return nullptr;
    return reinterpret_cast<void*>(1ULL << 60 | program_.bits());
  }

  void* any_pointer() {
    switch (program_.byte() % 4) {
      case 0:
        return host_pointer();
      case 1: {
        const uint8_t inside = program_.byte();
        void* start = device_pointer();
        // Inside an allocation of the device; forged values have bit 56 set and stay above all addresses.
        return start == nullptr ? start : static_cast<char*>(start) + inside % 2 * inside;
      }
      default:
        return device_pointer();
    }
  }

  static bool is_host(const void* pointer) {
    const auto* first = reinterpret_cast<const char*>(host_buffer().data());
    return pointer >= first && pointer < first + kHostBytes;
  }

  size_t count_for(const void* to, const void* from) {
    if (is_host(to) || is_host(from)) return size_t{program_.byte()} * 64;
    return program_.number();
  }

  static std::array<uint8_t, kHostBytes>& host_buffer() {
    alignas(64) static std::array<uint8_t, kHostBytes> buffer{};
    return buffer;
  }

  Program program_;
  Pool<aclrtContext> contexts_;
  Pool<aclrtStream> streams_;
  Pool<aclrtEvent> events_;
  Pool<void*> device_;
  Pool<void*> host_;
  Pool<aclDataBuffer*> buffers_;
  Pool<aclTensorDesc*> descs_;
  std::unordered_map<void (*)(void*), Pool<void*>> others_;
  static inline int callbacks_ = 0;
};

void Machine::call_from_table(Machine& machine, uint16_t which) {
  static void (*const kCalls[])(Machine&) = {
#include "api_calls.inc"
  };
  kCalls[which / 8 % std::size(kCalls)](machine);
}

/// After the wanted number of calls: well, unless something leaked.
void end_after_enough_calls() {
  static const char* const text = std::getenv("API_FUZZER_CALLS");
  static const uint64_t wanted = text != nullptr ? std::strtoull(text, nullptr, 10) : 0;
  if (wanted == 0 || Machine::calls_made < wanted) return;
  std::printf("%llu calls made\n", static_cast<unsigned long long>(Machine::calls_made));
  std::fflush(stdout);
  __lsan_do_leak_check();
  _exit(0);
}

}  // namespace

extern "C" int LLVMFuzzerInitialize(int*, char***) {
  // Thousands of expected errors: none of them belongs into a log.
  setenv("ASCEND_GLOBAL_LOG_LEVEL", "4", 1);
  setenv("CAIRN_MEMORY_MB", "256", 0);
  // The time is for calls: there is one thread, so what a stream waits for at the end does not come.
  setenv("CAIRN_GIVE_UP_MS", "0", 0);
  return aclInit(nullptr) == ACL_SUCCESS ? 0 : 1;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Machine(data, size).run();
  end_after_enough_calls();
  return 0;
}
