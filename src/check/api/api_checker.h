// Finds misuse that needs no memory or task: return codes that nobody looks at, wrong order, objects used
// after they were destroyed, deprecated functions, functions that the chip lacks, limits nearly reached.
#pragma once

#include <map>
#include <set>
#include <string_view>
#include <thread>
#include <unordered_map>
#include <unordered_set>

#include "check/checker.h"

namespace cairn::check {

class ApiChecker final : public Checker {
 public:
  using Checker::Checker;

  bool wants_calls_of(const char* function) const override { return !known_functions_.contains(function); }
  void call_begins(const char* function) override;
  void call_ended(const char* function, const Status& status) override;
  void code_ignored(const char* function, int code, const void* site) override;
  void object_made(HandleType type, const void* handle, const void* object) override;
  void object_ended(HandleType type, const void* handle, const void* object) override;
  void handle_refused(HandleType wanted, const void* handle) override;
  void memory_allocated(MemoryPlace place, int device, const void* start, size_t size) override;
  void event_recorded(const void* event, const void* stream) override;
  void stream_waits(const void* stream, const void* event) override;
  void callback_begins(uint64_t callback) override;
  void device_released(int device) override;
  void finalized() override;
  void finish() override;

 private:
  void check_function(const char* function);
  /// After a call of aclrtProcessReport that failed.
  void note_report_thread(const Status& status);
  void report_unsubscribed_threads();
  /// Reports once per limit and device when `used` of `most` is 90 % or more.
  void check_limit(std::string_view what, const char* rule, int device, uint64_t used, uint64_t most);
  void report_alive(const Object& object, const char* rule, const std::string& when, const char* repair);

  std::unordered_set<const char*> known_functions_;  ///< Of which there is nothing to say.
  std::unordered_set<std::string> told_limits_;
  std::unordered_set<const void*> recorded_events_;
  std::map<std::thread::id, CallSite> unsubscribed_threads_;
  std::set<std::thread::id>
      served_threads_;  // Were subscribed once: their last calls may come after the end of that.
  CallSite initialized_;
};

}  // namespace cairn::check
