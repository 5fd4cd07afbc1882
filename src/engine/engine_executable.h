// A loaded model: its gears, compiled when they are first used.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "engine/engine.h"
#include "engine/measured_network.h"
#include "engine/open_network.h"
#include "engine/shaped_network.h"

namespace cairn {

/// What a look inside needs: the graph that users see, and the network behind it.
struct EngineSource {
  std::vector<OmNode> nodes;
  /// Reads the network in the shapes of a gear. This and `compile` throw what OpenVINO throws.
  std::function<std::shared_ptr<ov::Model>(const OmShapes&)> open;
  /// `measured`: its requests tell how long each operator took.
  std::function<ov::CompiledModel(const std::shared_ptr<ov::Model>&, bool measured)> compile;
};

class OpenVinoExecutable final : public Executable {
 public:
  /// Reads the network, gives it the shapes of one gear and compiles it. May throw what OpenVINO throws. All
  /// networks share the model's weights as the file holds them.
  using Build = std::function<Result<std::shared_ptr<ShapedNetwork>>(const ModelInfo&, const OmShapes&)>;

  /// A model without gears is compiled at once; it can throw what `build` throws.
  static Result<std::shared_ptr<Executable>> create(Build build, ModelInfo info, EngineSource source);
  /// A model with open shapes.
  static Result<std::shared_ptr<Executable>> create(const ov::CompiledModel& network, ModelInfo info,
                                                    EngineSource source);

  const ModelInfo& info() const override { return info_; }
  Status run(size_t gear, std::span<const void* const> inputs, std::span<void* const> outputs,
             FloatOverflow& overflow, bool shares_cores) override;
  Status run_open(std::span<const ShapedInput> inputs, const TakeOutput& take,
                  FloatOverflow& overflow) override;
  Status run_limited(size_t gear, std::span<const void* const> inputs, std::span<void* const> outputs,
                     FloatOverflow& overflow, std::chrono::milliseconds limit) override;
  const std::vector<OmNode>& nodes() const override { return source_.nodes; }
  Result<std::unique_ptr<Inspection>> inspect(size_t gear, const std::vector<InnerTensorId>& wanted,
                                              bool with_outputs) override;
  Result<std::unique_ptr<Inspection>> inspect_open(const std::vector<std::vector<int64_t>>& dims,
                                                   const std::vector<InnerTensorId>& wanted) override;

 private:
  OpenVinoExecutable(Build build, ModelInfo info, EngineSource source);
  /// The gear's network, compiled now if it is not.
  Result<std::shared_ptr<ShapedNetwork>> network(size_t gear);
  std::shared_ptr<ShapedNetwork> find_compiled(size_t gear);
  /// Gives up gears that were not used for longest until the others fit into CAIRN_GEAR_MEMORY_MB.
  void trim(size_t newest);

  /// The gear's network once more, measured. Under measuring_.
  Result<MeasuredNetwork*> measured(size_t gear);

  struct Gear {
    std::shared_ptr<ShapedNetwork> network;  ///< Null: not compiled.
    uint64_t last_use = 0;
  };

  const ModelInfo info_;
  const EngineSource source_;
  Build build_;
  std::shared_ptr<ShapedNetwork> only_;  ///< Of a model without gears.
  std::unique_ptr<OpenNetwork> open_;    ///< Of a model with open shapes.
  std::atomic<uint32_t> runs_{0};        ///< Under way.
  std::mutex measuring_;
  std::map<size_t, std::unique_ptr<MeasuredNetwork>> measured_;  ///< By gear.
  std::mutex compiling_;                                         ///< One gear at a time; before mutex_.
  std::mutex mutex_;
  std::vector<Gear> gears_;  ///< Under mutex_, as is uses_.
  uint64_t uses_ = 0;
};

}  // namespace cairn
