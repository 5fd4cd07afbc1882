// One step of a program that runs without the engine.
#pragma once

#include <cstddef>
#include <span>

#include "tensor/float_overflow.h"

namespace cairn::direct {

/// Immutable; run by any number of threads. Tensors lie without gaps, rows first, aligned to their elements.
class Stage {
 public:
  Stage() = default;
  Stage(const Stage&) = delete;
  Stage& operator=(const Stage&) = delete;
  virtual ~Stage() = default;

  /// Of all parts in one thread, roughly.
  virtual double nanoseconds() const = 0;
  /// Parts that do not depend on each other; none if there is nothing to compute.
  virtual size_t parts() const = 0;
  /// May throw std::bad_alloc.
  virtual void run(size_t part, std::span<const void* const> inputs, std::span<void* const> outputs,
                   FloatOverflow& overflow) const = 0;
  /// Then addresses may have any alignment, and half floats are saturated already.
  virtual bool works_by_elements() const { return false; }
};

}  // namespace cairn::direct
