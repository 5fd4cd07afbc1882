// Finds what is left over: objects and allocations that are alive at aclFinalize or at the end of the
// process, and memory of a device that is reset.
#pragma once

#include <set>

#include "check/checker.h"

namespace cairn::check {

class LeakChecker final : public Checker {
 public:
  using Checker::Checker;

  void device_released(int device) override;
  void finalized() override { report_all("aclFinalize was called"); }
  void finish() override { report_all("the process ended"); }

 private:
  void report_all(const std::string& when);
  void report_memory(const std::vector<Allocation>& allocations, const std::string& when);
  void report_reservations(const std::string& when, int device);
  void report_objects(const std::string& when);

  std::set<const void*> told_;  ///< Handles and addresses: what aclFinalize found is no news at the end.
};

}  // namespace cairn::check
