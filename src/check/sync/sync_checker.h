#pragma once
#include "check/checker.h"
namespace cairn::check {
class SyncChecker final : public Checker {
 public:
  using Checker::Checker;
};
}  // namespace cairn::check
