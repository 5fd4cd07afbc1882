// A checker looks for one class of faults. It overrides what it wants to hear of; all calls come under the
// lock of Checks, in the thread that does the thing. call_ended comes for failed calls only.
#pragma once

#include "base/observer.h"
#include "check/facts.h"

namespace cairn::check {

class Checker : public Observer {
 public:
  explicit Checker(Facts& facts) : facts_(facts) {}
  /// False if it has nothing to say of any call of the function: call_begins need not come again.
  virtual bool wants_calls_of(const char* /*function*/) const { return false; }
  /// The process ends.
  virtual void finish() {}

 protected:
  Facts& facts_;
};

}  // namespace cairn::check
