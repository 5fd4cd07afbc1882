// Models as the rest of Cairn sees them: plain C++, no header of the compute engine.
//
// libcairn_engine.so implements this interface with OpenVINO; core opens it when the first model is needed
// (model/engine_loader.h).
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
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
#include "om/unread_weights.h"
#include "op/operator_spec.h"
#include "tensor/float_overflow.h"

namespace cairn {

namespace direct {
class Program;
}

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
  /// The shapes that the model can run with; one without gears, none if it has open shapes.
  std::vector<OmShapes> gears;
  /// Dims of -1 are known only when the model runs: Executable::run_open.
  bool has_open_shapes = false;
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
  std::string file_name;  ///< Without directory and suffix; empty for bytes from memory.
  /// Null if all bytes are there; else span() holds the weights only after read_rest().
  std::shared_ptr<UnreadWeights> unread = nullptr;
  Status read_rest() const { return unread ? unread->read() : Status(); }
  std::span<const std::byte> span() const { return {owner.get(), size}; }
};

/// Output `output` of the node `node` of Executable::nodes().
struct InnerTensorId {
  size_t node = 0;
  size_t output = 0;
};

/// A tensor inside a network as a run left it.
struct InnerTensor {
  aclDataType data_type = ACL_DT_UNDEFINED;
  std::vector<int64_t> dims;
  std::span<const std::byte> bytes;
  bool exists = false;  ///< The engine's graph has it: it was not folded away or merged into another.
};

/// A network compiled once more, so that tensors inside it can be seen. Several times slower than the
/// executable. Not thread-safe.
class Inspection {
 public:
  virtual ~Inspection() = default;
  /// Runs once like Executable::run. found[i] is the i-th wanted tensor, valid until the next run.
  /// `outputs`: empty for an inspection without the network's own outputs.
  virtual Status run(std::span<const void* const> inputs, std::span<void* const> outputs,
                     FloatOverflow& overflow, std::vector<InnerTensor>& found) = 0;
};

struct LoadOptions {
  /// The chip that must be able to run the model; null: any model loads.
  const SocProfile* soc = nullptr;
  /// Where the weights are kept; empty: with the model. Belongs to the caller and outlives the executable.
  std::span<std::byte> weight_memory;
};

/// An input of a run whose shapes are not known before.
struct ShapedInput {
  const void* data = nullptr;
  std::vector<int64_t> dims;  ///< Of the network's input; not looked at with static AIPP.
};

/// Takes an output of such a run: its index, dims and bytes, which end with the call.
using TakeOutput =
    std::function<Status(size_t index, const std::vector<int64_t>& dims, std::span<const std::byte> bytes)>;

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
  /// The same for a model with open shapes. `inputs`: those of the network, then the model's others. `take`
  /// is called once for each output, in order.
  virtual Status run_open(std::span<const ShapedInput> inputs, const TakeOutput& take,
                          FloatOverflow& overflow) = 0;

  /// Runs like run(), alone, and looks at the time that each operator takes: the error
  /// ACL_ERROR_RT_AICORE_TIMEOUT if one takes longer than `limit`. It is not interrupted.
  virtual Status run_limited(size_t gear, std::span<const void* const> inputs, std::span<void* const> outputs,
                             FloatOverflow& overflow, std::chrono::milliseconds limit) = 0;

  /// What runs without the engine, on any thread and in parts; null for all but single operators of nodes
  /// that programs know.
  virtual const direct::Program* direct_program() const { return nullptr; }

  /// The shown graph, in the order of execution.
  virtual const std::vector<OmNode>& nodes() const = 0;
  /// Compiles the network of a gear so that these tensors can be seen. `with_outputs`: its own outputs are
  /// computed, too; without them only what the wanted tensors need runs.
  virtual Result<std::unique_ptr<Inspection>> inspect(size_t gear, const std::vector<InnerTensorId>& wanted,
                                                      bool with_outputs) = 0;
  /// The same for a model with open shapes whose inputs have these dims, without the network's own outputs.
  virtual Result<std::unique_ptr<Inspection>> inspect_open(const std::vector<std::vector<int64_t>>& dims,
                                                           const std::vector<InnerTensorId>& wanted) = 0;
};

/// What one operator of a compiled network costs.
struct OperatorTime {
  std::string name;
  std::string type;
  std::string kernel;  ///< The engine's implementation.
  double us = 0;       ///< Of one run, the mean.
};

/// Thread-safe; one per process.
class Engine {
 public:
  virtual ~Engine() = default;
  /// Parses and compiles an .om. The bytes are kept as long as the engine needs them.
  virtual Result<std::shared_ptr<Executable>> load(SharedBytes om, const LoadOptions& options) = 0;
  virtual Result<ModelInfo> inspect(std::span<const std::byte> om) = 0;
  /// Compiles the network of an .om so that its operators are measured, and runs it for `seconds`, at least
  /// once. The times are larger than without measuring.
  virtual Result<std::vector<OperatorTime>> profile(SharedBytes om, double seconds) = 0;

  /// Builds and compiles an operator for the shapes of its description. The executable's inputs are those
  /// that take memory. ACL_ERROR_OP_NOT_FOUND for an unknown operator; ACL_ERROR_OP_UNSUPPORTED_DYNAMIC if it
  /// needs dims that the description leaves open.
  virtual Result<std::shared_ptr<Executable>> compile_operator(const OperatorSpec& description) = 0;
  /// The outputs that such an operator gives; the outputs of the description only count. Dims of -1, with
  /// their ranges, or -2 stand for what is known only when it runs.
  virtual Result<std::vector<OperatorTensor>> infer_operator(const OperatorSpec& description) = 0;
  /// The single operator that an .om holds. `soc`: see LoadOptions.
  virtual Result<OperatorSpec> read_operator(std::span<const std::byte> om, const SocProfile* soc) = 0;
  /// The names of an operator's inputs or outputs in order, as its prototype has them; a '*' stands behind
  /// one that any number of tensors can take [OP-060]. Empty for an unknown operator.
  virtual std::vector<std::string> port_names(std::string_view type, bool of_inputs) = 0;
};

}  // namespace cairn

/// The engine of this process; lives until the process ends.
extern "C" cairn::Engine* cairn_engine();
/// The version of the library that does the work.
extern "C" const char* cairn_engine_version();
