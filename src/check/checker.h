// A checker looks for one class of faults. It overrides what it wants to hear of; all calls come under the
// lock of Checks, in the thread that does the thing. call_ended comes for failed calls only.
#pragma once

#include "base/observer.h"
#include "check/facts.h"

namespace cairn::check {

class Checker : public Observer {
 public:
  explicit Checker(Facts& facts) : facts_(facts) {}
  /// The process ends.
  virtual void finish() {}

 protected:
  Facts& facts_;
};

}  // namespace cairn::check
