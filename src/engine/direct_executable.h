// A single operator that runs without the engine.
#pragma once

#include <memory>
#include <vector>

#include "direct/program.h"
#include "engine/engine.h"

namespace cairn {

class DirectExecutable final : public Executable {
 public:
  DirectExecutable(ModelInfo info, std::vector<OmNode> nodes, std::shared_ptr<const direct::Program> program)
      : info_(std::move(info)), nodes_(std::move(nodes)), program_(std::move(program)) {}

  const ModelInfo& info() const override { return info_; }
  Status run(size_t gear, std::span<const void* const> inputs, std::span<void* const> outputs,
             FloatOverflow& overflow, bool shares_cores) override;
  Status run_open(std::span<const ShapedInput> inputs, const TakeOutput& take,
                  FloatOverflow& overflow) override;
  Status run_limited(size_t gear, std::span<const void* const> inputs, std::span<void* const> outputs,
                     FloatOverflow& overflow, std::chrono::milliseconds limit) override;
  const direct::Program* direct_program() const override { return program_.get(); }
  const std::vector<OmNode>& nodes() const override { return nodes_; }
  Result<std::unique_ptr<Inspection>> inspect(size_t gear, const std::vector<InnerTensorId>& wanted,
                                              bool with_outputs) override;
  Result<std::unique_ptr<Inspection>> inspect_open(const std::vector<std::vector<int64_t>>& dims,
                                                   const std::vector<InnerTensorId>& wanted) override;

 private:
  const ModelInfo info_;
  const std::vector<OmNode> nodes_;
  const std::shared_ptr<const direct::Program> program_;
};

}  // namespace cairn
