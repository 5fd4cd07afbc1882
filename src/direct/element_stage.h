// A stage that works element by element.
#pragma once

#include <algorithm>

#include "direct/stage.h"
#include "element/element_program.h"

namespace cairn::direct {

class ElementStage final : public Stage {
 public:
  explicit ElementStage(element::ElementProgram program) : program_(std::move(program)) {}

  double nanoseconds() const override { return program_.nanoseconds(); }
  size_t parts() const override {
    return (program_.elements() + program_.elements_of_part() - 1) / program_.elements_of_part();
  }
  void run(size_t part, std::span<const void* const> inputs, std::span<void* const> outputs,
           FloatOverflow& overflow) const override {
    const size_t size = program_.elements_of_part();
    program_.run(inputs, outputs, part * size, std::min((part + 1) * size, program_.elements()), overflow);
  }
  bool works_by_elements() const override { return true; }

 private:
  const element::ElementProgram program_;
};

}  // namespace cairn::direct
