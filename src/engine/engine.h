// Models as the rest of Cairn sees them: plain C++, no header of the compute engine.
//
// libcairn_engine.so implements this interface with OpenVINO; core opens it when the first model is needed
// (model/engine_loader.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/status.h"
#include "device/soc_profile.h"
#include "om/om_gears.h"
#include "om/om_model.h"
#include "tensor/float_overflow.h"

namespace cairn {

/// Bytes of device memory that aclmdlQuerySize reports.
struct ModelSizes {
  size_t work_bytes = 0;
  size_t weight_bytes = 0;
};

struct ModelInfo {
  std::string name;
  std::string soc_version;      ///< "Ascend310P3": what the model was converted for; may be empty.
  std::vector<OmInput> inputs;  ///< Those of the network first, in its order.
  std::vector<OmTensor> outputs;
  /// The shapes that the model can run with; one without gears.
  std::vector<OmShapes> gears;
  std::optional<OmGearKind> gear_kind;  ///< Empty without gears.
  size_t largest_gear = 0;
  ModelSizes sizes;
  /// Operator -> the layers of the original network that it stands for.
  std::map<std::string, std::vector<std::string>, std::less<>> original_op_names;
};

/// Bytes together with what keeps them alive.
struct SharedBytes {
  std::shared_ptr<const std::byte[]> owner;
  size_t size = 0;
  std::span<const std::byte> span() const { return {owner.get(), size}; }
};

struct LoadOptions {
  /// The chip that must be able to run the model; null: any model loads.
  const SocProfile* soc = nullptr;
  /// Where the weights are kept; empty: with the model. Belongs to the caller and outlives the executable.
  std::span<std::byte> weight_memory;
};

/// A loaded model. Thread-safe.
class Executable {
 public:
  virtual ~Executable() = default;
  virtual const ModelInfo& info() const = 0;
  /// Runs the model once in the calling thread. `gear`: which of info().gears. inputs[i] holds the
  /// input_bytes of the gear, outputs[i] receives its output_bytes. The engine works directly on these
  /// addresses. Several calls may run at once, in any gears. `overflow`: what becomes of half floats of AIPP
  /// that do not fit. Those of the outputs are left as they are. `shares_cores`: the machine has other work
  /// meanwhile, so one core per run gets more done than all cores for one after the other.
  virtual Status run(size_t gear, std::span<const void* const> inputs, std::span<void* const> outputs,
                     FloatOverflow& overflow, bool shares_cores) = 0;
};

/// Thread-safe; one per process.
class Engine {
 public:
  virtual ~Engine() = default;
  /// Parses and compiles an .om. The bytes are kept as long as the engine needs them.
  virtual Result<std::unique_ptr<Executable>> load(SharedBytes om, const LoadOptions& options) = 0;
  virtual Result<ModelInfo> inspect(std::span<const std::byte> om) = 0;
};

}  // namespace cairn

/// The engine of this process; lives until the process ends.
extern "C" cairn::Engine* cairn_engine();
/// The version of the library that does the work.
extern "C" const char* cairn_engine_version();
