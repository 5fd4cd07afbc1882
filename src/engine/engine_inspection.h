// Looks inside a network: compiles it once more with inner tensors as results.
#pragma once

#include <memory>
#include <openvino/openvino.hpp>
#include <optional>
#include <vector>

#include "aipp/aipp_kernel.h"
#include "engine/engine.h"
#include "engine/engine_executable.h"
#include "engine/request_pool.h"

namespace cairn {

class OpenVinoInspection final : public Inspection {
 public:
  /// The arguments but `wanted` belong to the executable, which outlives the result. Throws what OpenVINO
  /// throws.
  static Result<std::unique_ptr<Inspection>> create(const EngineSource& source, const ModelInfo& info,
                                                    const OmShapes& shapes,
                                                    const std::vector<InnerTensorId>& wanted,
                                                    bool with_outputs);
  /// The same without outputs, in shapes that the result keeps.
  static Result<std::unique_ptr<Inspection>> create_open(const EngineSource& source, const ModelInfo& info,
                                                         OmShapes shapes,
                                                         const std::vector<InnerTensorId>& wanted);

  Status run(std::span<const void* const> inputs, std::span<void* const> outputs, FloatOverflow& overflow,
             std::vector<InnerTensor>& found) override;

 private:
  /// Where a wanted tensor is found after a run.
  struct Place {
    enum class Kind : uint8_t {
      kNowhere,
      kUserInput,  ///< The caller's input `index`.
      kConstant,   ///< `constant`.
      kBytes,      ///< The bytes of a constant of the shown graph.
      kResult,     ///< Output `index` of the compiled network.
    };
    Kind kind = Kind::kNowhere;
    size_t index = 0;
    ov::Tensor constant;
    std::span<const std::byte> bytes;
    OmTensor described;  ///< As the shown graph has it.
  };

  OpenVinoInspection(const OmShapes& shapes, std::vector<AippStage> stages)
      : shapes_(shapes), stages_(std::move(stages)) {}
  /// The caller's input as a run in these shapes has it.
  OmTensor user_input(const Place& place) const;
  InnerTensor look(const Place& place, std::span<const void* const> inputs) const;

  std::unique_ptr<const OmShapes> own_shapes_;  ///< Null where they are the executable's.
  const OmShapes& shapes_;
  const std::vector<AippStage> stages_;
  std::vector<Place> places_;                ///< One for each wanted tensor.
  std::unique_ptr<RequestPool> pool_;        ///< Null if nothing has to be computed.
  std::unique_ptr<RequestPool::Slot> last_;  ///< The request of the last run, with what it computed.
};

}  // namespace cairn
