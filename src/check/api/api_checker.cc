#include "check/api/api_checker.h"

#include <fmt/format.h>

#include "acl/acl_base.h"
#include "check/api/function_facts.h"
#include "check/function_names.h"
#include "device/device.h"
#include "device/event.h"
#include "device/missing_functions.h"
#include "device/runtime.h"

namespace cairn::check {
namespace {

/// Codes and rules that say that a call came at the wrong time.
struct OrderFault {
  int code;
  std::string_view rule;  ///< Empty: any.
  const char* title;
  const char* repair;
};
constexpr OrderFault kOrderFaults[] = {
    {ACL_ERROR_UNINITIALIZE, "", "a function is called before aclInit or after aclFinalize",
     "call aclInit (acl.init) first and aclFinalize (acl.finalize) last"},
    {ACL_ERROR_REPEAT_INITIALIZE, "", "aclInit is called again", "call it once in a process"},
    {ACL_ERROR_REPEAT_FINALIZE, "", "aclFinalize is called again", "call it once, at the end of the process"},
    {ACL_ERROR_RT_CONTEXT_NULL, "", "the thread has no context",
     "call aclrtSetCurrentContext (acl.rt.set_context) at the start of each thread"},
    {ACL_ERROR_RT_STREAM_CONTEXT, "", "a stream or event of another context is used",
     "call aclrtSetCurrentContext (acl.rt.set_context) with its context first"},
    {ACL_ERROR_RT_MODEL_CONTEXT, "", "a model of another context is used",
     "call aclrtSetCurrentContext (acl.rt.set_context) with the context in which it was loaded"},
    {ACL_ERROR_RT_STREAM_NO_CB_REG, "", "a callback has no thread that handles it",
     "call aclrtSubscribeReport (acl.rt.subscribe_report) with the id of the thread that calls "
     "aclrtProcessReport"},
    {ACL_ERROR_RT_PARAM_INVALID, "GDE-019", "a device is reset more often than it was set",
     "call aclrtResetDevice once for each aclrtSetDevice"},
    {ACL_ERROR_RT_PARAM_INVALID, "RT-080", "an event is reset that was never recorded",
     "call aclrtRecordEvent (acl.rt.record_event) first"},
    {ACL_ERROR_RT_PARAM_INVALID, "RT-089", "the host waits for an event that was never recorded",
     "call aclrtRecordEvent (acl.rt.record_event) first"},
    {ACL_ERROR_RT_EVENT_TIMESTAMP_INVALID, "", "an event has no time yet",
     "record both events in one stream and synchronize it before aclrtEventElapsedTime"},
};

/// "GDE-019" of "[GDE-019] text".
std::string_view rule_in(std::string_view text) {
  const size_t end = text.find(']');
  return text.starts_with('[') && end != std::string_view::npos ? text.substr(1, end - 1)
                                                                : std::string_view();
}

std::string_view without_rule(std::string_view text) {
  const std::string_view rule = rule_in(text);
  return rule.empty() ? text : text.substr(rule.size() + 3);
}

bool is_call(const CallSite& site, std::string_view function) {
  return site.function != nullptr && function == site.function;
}

}  // namespace

void ApiChecker::call_begins(const char* function) {
  if (!known_functions_.contains(function)) check_function(function);
}

void ApiChecker::check_function(const char* function) {
  const Deprecation* const deprecation = deprecation_of(function);
  const SocProfile& soc = Runtime::get().soc();
  // Functions that Cairn does not have yet are announced by their Python names.
  const char* const in_c = c_name(function);
  const MissingFunction* const missing = find_missing_function(soc, in_c != nullptr ? in_c : function);
  if (deprecation == nullptr && missing == nullptr) {
    known_functions_.insert(function);
    if (std::string_view(function) == "aclInit") initialized_ = facts_.here();
    return;
  }
  const Place at{fmt::format("{} is called", shown_name(function)), facts_.here().stack};
  if (deprecation != nullptr)
    facts_.reports.add({Kind::kApi,
                        deprecation->rule,
                        fmt::format("{} is deprecated", shown_name(function)),
                        "",
                        {at},
                        fmt::format("use {}", deprecation->instead)});
  if (missing != nullptr)
    facts_.reports.add({Kind::kApi,
                        std::string(missing->rule),
                        fmt::format("{} does not have {}", soc.name, shown_name(function)),
                        "",
                        {at},
                        fmt::format("ask acl.get_soc_name, and on this chip {}", missing->instead)});
}

void ApiChecker::note_report_thread(const Status& status) {
  const std::thread::id thread = std::this_thread::get_id();
  if (status.code() != ACL_ERROR_RT_THREAD_SUBSCRIBE) {
    unsubscribed_threads_.erase(thread);
    served_threads_.insert(thread);
  } else if (!served_threads_.contains(thread)) {
    unsubscribed_threads_.try_emplace(thread, facts_.here());
  }
}

void ApiChecker::callback_begins(uint64_t /*callback*/) {
  unsubscribed_threads_.erase(std::this_thread::get_id());
  served_threads_.insert(std::this_thread::get_id());
}

void ApiChecker::report_unsubscribed_threads() {
  for (const auto& [thread, site] : unsubscribed_threads_)
    facts_.reports.add({Kind::kApi,
                        "RT-109",
                        "a thread handles callbacks, but was never subscribed",
                        "",
                        {place_of(site, "finds no subscription of its thread")},
                        "call aclrtSubscribeReport (acl.rt.subscribe_report) with the id of that thread"});
  unsubscribed_threads_.clear();
  served_threads_.clear();
}

void ApiChecker::call_ended(const char* function, const Status& status) {
  // A thread may ask in a loop, from before it is subscribed.
  if (std::string_view(function) == "aclrtProcessReport") {
    note_report_thread(status);
    return;
  }
  const std::string_view rule = rule_in(status.text());
  for (const OrderFault& fault : kOrderFaults) {
    if (fault.code != status.code() || (!fault.rule.empty() && fault.rule != rule)) continue;
    facts_.reports.add(
        {Kind::kApi,
         std::string(rule),
         fault.title,
         std::string(without_rule(status.text())),
         {{fmt::format("{} fails with {}", shown_name(function), status.code()), facts_.here().stack}},
         fault.repair});
    return;
  }
}

void ApiChecker::code_ignored(const char* function, int code, const void* site) {
  facts_.reports.add(
      {Kind::kApi,
       "SYS-031",
       "the return code of a failed call is not looked at",
       fmt::format("{} returned {}", function, code),
       {{fmt::format("{} failed with {}", function, code), static_cast<const CallStack*>(site)},
        {"the program goes on", current_call_stack()}},
       "compare the code with 0 after each call; acl.get_recent_err_msg tells what went wrong"});
}

// --- objects ---

void ApiChecker::object_made(HandleType type, const void* /*handle*/, const void* object) {
  if (type == HandleType::kStream) {
    const Device& device = static_cast<const Stream*>(object)->device();
    check_limit("streams", "RT-043", device.id(), device.stream_count.load(), device.soc().most_streams);
  } else if (type == HandleType::kEvent) {
    recorded_events_.erase(object);
    const Device& device = static_cast<const Event*>(object)->device();
    check_limit("events with ACL_EVENT_SYNC", "RT-069", device.id(), device.sync_event_count.load(),
                device.soc().most_sync_events);
  }
}

void ApiChecker::event_recorded(const void* event, const void* /*stream*/) {
  recorded_events_.insert(event);
  const Device& device = static_cast<const Event*>(event)->device();
  check_limit("events that hold a record", "RT-077", device.id(), device.recorded_event_count.load(),
              device.soc().most_recorded_events);
}

void ApiChecker::stream_waits(const void* /*stream*/, const void* event) {
  if (recorded_events_.contains(event)) return;
  const Object* const object = facts_.objects.at(event);
  const CallSite here = facts_.here();
  Finding finding{Kind::kApi,
                  "GDE-127",
                  "a stream waits for an event that was not recorded",
                  object != nullptr ? describe(*object) : "",
                  {{fmt::format("{} is called", shown_name(here.function)), here.stack}},
                  "call aclrtRecordEvent (acl.rt.record_event) before aclrtStreamWaitEvent"};
  if (object != nullptr) finding.places.push_back(place_of(object->made, "made it"));
  facts_.reports.add(finding);
}

void ApiChecker::memory_allocated(MemoryPlace place, int device, const void* start, size_t /*size*/) {
  if (place != MemoryPlace::kDevice) return;
  const MemoryUse use = Runtime::get().device_of_address(start)->memory()->use();
  check_limit("bytes of memory", "RT-193", device, use.total_bytes - use.free_bytes, use.total_bytes);
}

void ApiChecker::check_limit(std::string_view what, const char* rule, int device, uint64_t used,
                             uint64_t most) {
  if (used < most - most / 10) return;
  if (!told_limits_.insert(fmt::format("{} {}", device, what)).second) return;
  facts_.reports.add({Kind::kApi,
                      rule,
                      fmt::format("a limit is nearly reached: {}", what),
                      fmt::format("{} of {} of device {}", used, most, device),
                      {place_of(facts_.here(), "made the newest")},
                      "destroy or free what is no longer used, or use it again"});
}

void ApiChecker::handle_refused(HandleType /*wanted*/, const void* handle) {
  const Object* const ended = facts_.objects.find_ended(handle);
  if (ended == nullptr) return;
  const CallSite here = facts_.here();
  facts_.reports.add(
      {Kind::kApi,
       "GDE-150",
       fmt::format("a {} is used after it was destroyed", handle_type_name(ended->type)),
       describe(*ended),
       {{fmt::format("{} is given it", shown_name(here.function)), here.stack},
        place_of(ended->ended, "destroyed it"),
        place_of(ended->made, "made it")},
       "destroy it after the last use, and set the variable to None (a null pointer) after that"});
}

void ApiChecker::report_alive(const Object& object, const char* rule, const std::string& when,
                              const char* repair) {
  const CallSite here = facts_.here();
  facts_.reports.add({Kind::kApi,
                      rule,
                      fmt::format("a {} is alive when {}", handle_type_name(object.type), when),
                      describe(object),
                      {{fmt::format("{} is called", shown_name(here.function)), here.stack},
                       place_of(object.made, "made it")},
                      repair});
}

void ApiChecker::object_ended(HandleType type, const void* handle, const void* /*object*/) {
  const Object* const object = facts_.objects.find(handle);
  if (object == nullptr || object->is_internal) return;
  const CallSite here = facts_.here();
  if (type == HandleType::kStream && is_call(here, "aclrtDestroyContext"))
    report_alive(*object, "GDE-059", "its context is destroyed",
                 "destroy the streams of a context before it");
  else if (is_call(here, "aclrtResetDevice"))
    report_alive(*object, "RT-019", "its device is reset",
                 "destroy events and streams, then contexts, then reset");
}

void ApiChecker::device_released(int device) {
  if (!is_call(facts_.here(), "aclrtResetDevice")) return;
  for (const Object& object : facts_.objects.living())
    if (object.type == HandleType::kEvent &&
        static_cast<const Event*>(object.object)->device().id() == device)
      report_alive(object, "RT-019", "its device is reset",
                   "destroy events and streams, then contexts, then reset");
}

void ApiChecker::finalized() {
  report_unsubscribed_threads();
  for (const Object& object : facts_.objects.living()) {
    if (object.type != HandleType::kContext || !object.is_internal) continue;
    const CallSite here = facts_.here();
    facts_.reports.add({Kind::kApi,
                        "GDE-042",
                        "a device is in use when aclFinalize is called",
                        "",
                        {{fmt::format("{} is called", shown_name(here.function)), here.stack},
                         place_of(object.made, "took the device")},
                        "call aclrtResetDevice (acl.rt.reset_device) once for each aclrtSetDevice before"});
  }
}

void ApiChecker::finish() {
  report_unsubscribed_threads();
  if (initialized_.function == nullptr || !Runtime::get().is_initialized()) return;
  facts_.reports.add({Kind::kApi,
                      "SYS-022",
                      "the process ends without aclFinalize",
                      "",
                      {place_of(initialized_, "was called")},
                      "call aclFinalize (acl.finalize) when everything is done"});
}

}  // namespace cairn::check
