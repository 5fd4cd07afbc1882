// The engine: reads an .om, compiles its graph with OpenVINO's CPU plugin.
#include <sched.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <openvino/op/constant.hpp>
#include <openvino/op/convolution.hpp>
#include <openvino/op/group_conv.hpp>
#include <openvino/op/matmul.hpp>
#include <openvino/op/parameter.hpp>
#include <openvino/op/util/multi_subgraph_base.hpp>
#include <openvino/op/util/rnn_cell_base.hpp>
#include <openvino/openvino.hpp>
#include <optional>

#include "base/environment.h"
#include "base/log.h"
#include "engine/background_work.h"
#include "engine/blob_cache.h"
#include "engine/direct_executable.h"
#include "engine/direct_network.h"
#include "engine/empty_tensors.h"
#include "engine/engine.h"
#include "engine/engine_executable.h"
#include "engine/engine_profile.h"
#include "engine/loaded_models.h"
#include "engine/lstm_steps.h"
#include "engine/narrowed_numbers.h"
#include "engine/operator_file.h"
#include "engine/operator_network.h"
#include "engine/small_convolutions.h"
#include "ops/signature.h"

namespace cairn {
namespace {

// Below this much work one thread is faster than several, whose meeting after each layer costs more than they
// save. Measured with small convolution networks; about 80 us of one core.
constexpr double kWorkOfOneThread = 5e6;
constexpr double kWorkPerElement = 32;  // Of an element that is written, in multiply-adds.
constexpr double kMostGates = 4;        // Of a recurrent operator.

/// Rough work of one run, in multiply-adds: products of convolutions and matrix products, and memory traffic.
double work_of(const ov::Model& network) {
  double work = 0;
  for (const std::shared_ptr<ov::Node>& node : network.get_ops()) {
    if (ov::is_type<ov::op::v0::Constant>(node) || ov::is_type<ov::op::v0::Parameter>(node)) continue;
    for (const ov::Output<ov::Node>& output : node->outputs()) {
      // Loops and dynamic shapes are not looked into: they count as much work.
      if (output.get_partial_shape().is_dynamic()) return 2 * kWorkOfOneThread;
      work += kWorkPerElement * static_cast<double>(ov::shape_size(output.get_shape()));
    }
    if (ov::is_type<ov::op::util::MultiSubGraphOp>(node)) return 2 * kWorkOfOneThread;
    if (node->get_input_size() < 2) continue;
    // Each element of the result of a product uses every weight that its channel has.
    const ov::Shape result = node->get_output_shape(0);
    const ov::Shape weights = node->get_input_shape(1);
    if (ov::is_type<ov::op::v1::Convolution>(node) || ov::is_type<ov::op::v1::GroupConvolution>(node)) {
      const auto channels = static_cast<double>(result[1]);
      work += static_cast<double>(ov::shape_size(result)) * static_cast<double>(ov::shape_size(weights)) /
              channels;
    } else if (ov::is_type<ov::op::v0::MatMul>(node) && !weights.empty()) {
      work += static_cast<double>(ov::shape_size(result)) *
              static_cast<double>(*std::ranges::max_element(weights));
    } else if (ov::is_type<LstmSteps>(node)) {
      work += kMostGates * static_cast<double>(ov::shape_size(result) * result.back());
    } else if (ov::is_type<ov::op::util::RNNCellBase>(node)) {
      const size_t inputs = result.back() + node->get_input_shape(0).back();
      work += kMostGates * static_cast<double>(ov::shape_size(result) * inputs);
    }
  }
  return work;
}

/// CAIRN_PRECISION. Left alone, OpenVINO would choose bfloat16 by itself on CPUs that have it.
ov::AnyMap precision_setting() {
  const std::string precision = environment_string("CAIRN_PRECISION");
  if (!precision.empty() && precision != "f32" && precision != "bf16")
    log(LogLevel::kWarning, "ASCENDCL", "CAIRN_PRECISION={} is unknown and ignored; known are f32 and bf16",
        precision);
  return {ov::hint::inference_precision(precision == "bf16" ? ov::element::bf16 : ov::element::f32)};
}

/// CAIRN_THREADS, 0 if it is not set.
int wanted_threads() {
  return static_cast<int>(environment_int("CAIRN_THREADS", 0));
}

/// All threads for one run at a time, one for a small network.
ov::AnyMap quick_settings(bool is_small) {
  ov::AnyMap map = precision_setting();
  map.insert(ov::hint::performance_mode(ov::hint::PerformanceMode::LATENCY));
  map.insert(ov::num_streams(1));
  int threads = wanted_threads();
  if (threads == 0 && is_small) threads = 1;
  if (threads != 0) map.insert(ov::inference_num_threads(threads));
  // Binding the calling thread to a core and letting it go again costs a microsecond.
  if (threads == 1) map.insert(ov::hint::enable_cpu_pinning(false));
  return map;
}

/// One thread for each of several runs.
ov::AnyMap wide_settings(int threads) {
  ov::AnyMap map = precision_setting();
  map.insert(ov::hint::performance_mode(ov::hint::PerformanceMode::THROUGHPUT));
  map.insert(ov::num_streams(threads));
  map.insert(ov::inference_num_threads(threads));
  return map;
}

constexpr int kForm = 2;  // Of networks that are kept; another one when we change them in another way.

int core_count() {
  cpu_set_t cores;
  return ::sched_getaffinity(0, sizeof cores, &cores) == 0 ? CPU_COUNT(&cores) : 1;
}

/// Of a network for several runs at once.
int threads_of_wide() {
  return wanted_threads() != 0 ? wanted_threads() : core_count();
}

/// Takes everything but the nodes.
Result<ModelInfo> describe(OmModel& om) {
  ModelInfo info;
  info.has_open_shapes = has_open_shapes(om);
  if (!info.has_open_shapes) {
    CAIRN_ASSIGN(info.gears, shapes_of(om));
  }
  if (om.gears) info.gear_kind = om.gears->kind;
  info.largest_gear = largest_gear(info.gears);
  info.name = std::move(om.name);
  info.soc_version = std::move(om.soc_version);
  info.inputs = std::move(om.inputs);
  info.outputs = std::move(om.outputs);
  info.sizes = {static_cast<size_t>(om.memory_size), static_cast<size_t>(om.weight_size)};
  for (const OmNode& node : om.nodes)
    if (!node.original_names.empty()) info.original_op_names[node.name] = node.original_names;
  return info;
}

Status check_soc(const OmModel& om, const SocProfile* soc) {
  if (soc == nullptr || om.soc_version.empty()) return {};
  const SocProfile* made_for = find_soc_profile(om.soc_version);
  if (made_for != nullptr && made_for->family == soc->family) return {};
  return error(ACL_ERROR_DESERIALIZE_MODEL, "MDL-001",
               "the model was converted for {}, this device is {}; convert it with --soc_version={}, or "
               "unset CAIRN_SOC, with which "
               "any model loads",
               om.soc_version, soc->name, soc->name);
}

/// A tensor over the weights that keeps their memory alive for as long as the engine refers to it.
Result<ov::Tensor> weight_tensor(const OmModel& om, const SharedBytes& file, std::span<std::byte> memory) {
  if (memory.empty()) {
    const ov::Tensor view(ov::element::u8, {om.weights.size()}, static_cast<const void*>(om.weights.data()));
    return ov::Tensor(view, std::const_pointer_cast<std::byte[]>(file.owner));
  }
  if (memory.size() < om.weights.size())
    return error(ACL_ERROR_GE_PARAM_INVALID, "MDL-010",
                 "the weight memory has {} bytes, the model needs {}; ask acl.mdl.query_size", memory.size(),
                 om.weights.size());
  std::memcpy(memory.data(), om.weights.data(), om.weights.size());
  return ov::Tensor(ov::element::u8, {om.weights.size()}, static_cast<void*>(memory.data()));
}

void give_shapes(ov::Model& network, const OmShapes& shapes) {
  const auto inputs = network.inputs();
  std::map<ov::Output<ov::Node>, ov::PartialShape> wanted;
  for (size_t i = 0; i < inputs.size() && i < shapes.network_inputs.size(); ++i) {
    const std::vector<int64_t>& dims = shapes.network_inputs[i].dims;
    wanted[inputs[i]] = ov::PartialShape(std::vector<ov::Dimension>(dims.begin(), dims.end()));
  }
  network.reshape(wanted);
}

/// What a model's networks are made of.
struct NetworkSource {
  std::shared_ptr<const std::string> ir;
  ov::Tensor weights;
  std::shared_ptr<UnreadWeights> unread;
  std::optional<uint64_t> unchecked;  ///< The checksum that weights must have which are read later.
  /// Identifies the file; empty for a model whose weights lie in the user's memory, which is that model's
  /// alone.
  std::optional<BlobCache::Key> content;

  /// Throws if the weights had to be read now and cannot be.
  const ov::Tensor& read_weights() const {
    if (!unchecked) return weights;
    if (const Status status = unread->read_checked(*unchecked); !status.is_ok())
      throw std::runtime_error(std::string(status.text()));
    return weights;
  }
  /// Small networks are compiled as fast as they are read.
  bool is_worth_keeping() const {
    constexpr size_t kManyWeights = size_t{1} << 20;
    constexpr size_t kManyLayers = size_t{256} << 10;  // Bytes of their description.
    return content && (weights.get_byte_size() >= kManyWeights || ir->size() >= kManyLayers);
  }
};

/// What a model would say of the operator's network, so that both are compiled alike.
OmModel model_of(const OperatorSpec& description, const ov::Model& network) {
  OmModel model;
  model.name = description.type;
  for (const OperatorTensor& from : description.inputs) {
    if (!from.takes_memory()) continue;
    OmInput input;
    input.name = fmt::format("{}:{}", description.type, model.inputs.size());
    input.data_type = from.data_type;
    input.format = from.format;
    input.dims = input.dims_v2 = from.dims;
    input.bytes = from.bytes().value_or(0);
    input.ranges = from.ranges;
    model.inputs.push_back(std::move(input));
  }
  for (const OperatorTensor& from : output_tensors(network)) {
    OmTensor output;
    output.name = fmt::format("{}:{}", description.type, model.outputs.size());
    output.data_type = from.data_type;
    output.dims = from.dims;
    if (output.dims == std::vector<int64_t>{-2}) output.dims = {-1};  // Only that it is open counts.
    output.bytes = from.bytes().value_or(0);
    model.outputs.push_back(std::move(output));
  }
  return model;
}

/// Operators that the engine computes; `atc` tells of models.
void warn_of_narrowed_numbers(const OperatorSpec& description, const ov::Model& network) {
  if (!log_enabled(LogLevel::kWarning)) return;
  if (!find_narrowed_numbers(network).doubles.empty())
    log(LogLevel::kWarning, "ASCENDCL", "{} is computed as float32, with 7 digits; see docs/numbers.md",
        describe(description));
}

class OpenVinoEngine final : public Engine {
 public:
  OpenVinoEngine() { core_.add_extension<LstmSteps>(); }  // Networks that were kept have them.

  Result<std::shared_ptr<Executable>> load(SharedBytes file, const LoadOptions& options) override {
    NetworkSource source;
    source.unread = file.unread;
    const bool is_own = !options.weight_memory.empty();
    if (!is_own && file.unread) source.content = cache_.find_content(file.unread->identity());
    const bool is_known = source.content.has_value();
    if (!is_known) CAIRN_RETURN_IF_ERROR(file.read_rest());
    CAIRN_ASSIGN(OmModel om, read_om(file.span(), is_known ? OmUse::kExecuteKnown : OmUse::kExecute));
    CAIRN_RETURN_IF_ERROR(check_soc(om, options.soc));
    if (!is_own) {
      const std::array parts = {file.span()};
      if (!is_known) source.content = cache_.key(parts);
      if (std::shared_ptr<Executable> known = loaded_.find(*source.content)) return known;
    }
    if (is_known) source.unchecked = om.weights_checksum;
    CAIRN_ASSIGN(source.weights, weight_tensor(om, file, options.weight_memory));
    source.ir = std::make_shared<const std::string>(std::move(om.ir_xml));
    CAIRN_ASSIGN(ModelInfo info, describe(om));
    EngineSource inside;
    inside.nodes = std::move(om.nodes);
    inside.open = [this, source](const OmShapes& shapes) {
      return read_network(*source.ir, source.read_weights(), shapes);
    };
    inside.compile = [this](const std::shared_ptr<ov::Model>& network, bool measured) {
      return compile_to_look_inside(network, measured);
    };
    try {
      if (info.has_open_shapes) {
        const auto network = core_.read_model(*source.ir, source.read_weights());
        const bool is_small = work_of(*network) < kWorkOfOneThread;
        CAIRN_ASSIGN(std::shared_ptr<Executable> model,
                     OpenVinoExecutable::create(compile(network, quick_settings(is_small)), std::move(info),
                                                std::move(inside)));
        if (source.content) loaded_.add(*source.content, model);
        return model;
      }
      CAIRN_ASSIGN(std::shared_ptr<Executable> model,
                   OpenVinoExecutable::create(
                       [this, source](const ModelInfo& of, const OmShapes& shapes) {
                         return build(source, of, shapes);
                       },
                       std::move(info), std::move(inside)));
      if (source.content) loaded_.add(*source.content, model);
      return model;
    } catch (const std::exception& problem) {
      return error(ACL_ERROR_GE_LOAD_MODEL, "MDL-001", "the graph of the om file cannot be compiled: {}",
                   problem.what());
    }
  }

  Result<std::vector<OperatorTime>> profile(SharedBytes file, double seconds) override {
    CAIRN_ASSIGN(const OmModel om, read_om(file.span()));
    CAIRN_ASSIGN(const ov::Tensor weights, weight_tensor(om, file, {}));
    try {
      const auto [network, is_small] = read_to_run(om.ir_xml, weights, {});
      ov::AnyMap settings = quick_settings(is_small);
      settings.insert(ov::enable_profiling(true));
      return profile_network(compile(network, settings), seconds);
    } catch (const std::exception& problem) {
      return error(ACL_ERROR_GE_LOAD_MODEL, "MDL-001", "the graph of the om file cannot be measured: {}",
                   problem.what());
    }
  }

  Result<ModelInfo> inspect(std::span<const std::byte> file) override {
    CAIRN_ASSIGN(OmModel om, read_om(file));
    return describe(om);
  }

  Result<std::shared_ptr<Executable>> compile_operator(const OperatorSpec& description) override {
    try {
      auto built = operator_network(description);
      if (!built.is_ok() && description.has_open_inputs() && built.code() != ACL_ERROR_OP_NOT_FOUND)
        return Status(ACL_ERROR_OP_UNSUPPORTED_DYNAMIC, std::string(built.status().text()));
      CAIRN_ASSIGN(const std::shared_ptr<ov::Model> network, std::move(built));
      CAIRN_RETURN_IF_ERROR(check_operator_outputs(description, output_tensors(*network)));
      return compile_network(description, network);
    } catch (const std::exception& problem) {
      return error(
          description.has_open_inputs() ? ACL_ERROR_OP_UNSUPPORTED_DYNAMIC : ACL_ERROR_OP_LOAD_FAILED,
          "OP-014", "{} cannot be compiled: {}", describe(description), problem.what());
    }
  }

  Result<std::vector<OperatorTensor>> infer_operator(const OperatorSpec& description) override {
    try {
      CAIRN_ASSIGN(const std::shared_ptr<ov::Model> network, operator_network(description));
      return output_tensors(*network);
    } catch (const std::exception& problem) {
      return error(ACL_ERROR_OP_INPUT_NOT_MATCH, "OP-052", "no shapes follow for {}: {}",
                   describe(description), problem.what());
    }
  }

  Result<OperatorSpec> read_operator(std::span<const std::byte> file, const SocProfile* soc) override {
    CAIRN_ASSIGN(const OmModel om, read_om(file));
    CAIRN_RETURN_IF_ERROR(check_soc(om, soc));
    return operator_of(om);
  }

  std::vector<std::string> port_names(std::string_view type, bool of_inputs) override {
    const ops::Signature* signature = ops::find_signature(type);
    std::vector<std::string> names;
    if (signature == nullptr) return names;
    for (const ops::Port& port : of_inputs ? signature->inputs : signature->outputs)
      names.push_back(port.kind == ops::PortKind::kList ? port.name + "*" : port.name);
    return names;
  }

 private:
  Result<std::shared_ptr<Executable>> compile_network(const OperatorSpec& description,
                                                      const std::shared_ptr<ov::Model>& network) {
    OmModel om = model_of(description, *network);
    CAIRN_ASSIGN(ModelInfo info, describe(om));
    EngineSource inside;
    inside.nodes = operator_nodes(description, info.inputs);
    if (auto program = info.has_open_shapes ? nullptr : direct_program(*network))
      return std::shared_ptr<Executable>(
          std::make_shared<DirectExecutable>(std::move(info), std::move(inside.nodes), std::move(program)));
    warn_of_narrowed_numbers(description, *network);
    inside.open = [description](const OmShapes&) {
      auto again = operator_network(description);
      if (!again.is_ok()) throw std::runtime_error(std::string(again.status().text()));
      return *again;
    };
    inside.compile = [this](const std::shared_ptr<ov::Model>& of, bool measured) {
      return compile_to_look_inside(of, measured);
    };
    const bool is_small = work_of(*network) < kWorkOfOneThread;
    if (info.has_open_shapes)
      return OpenVinoExecutable::create(compile(network, quick_settings(is_small)), std::move(info),
                                        std::move(inside));
    return OpenVinoExecutable::create(
        [&](const ModelInfo& of, const OmShapes& shapes) {
          const int threads = threads_of_wide();
          ShapedNetwork::Compile compile_wide;
          if (threads > 1)
            compile_wide = [this, network, threads] { return compile(network, wide_settings(threads)); };
          return ShapedNetwork::create(compile(network, quick_settings(is_small)), std::move(compile_wide),
                                       of, shapes);
        },
        std::move(info), std::move(inside));
  }

  ov::CompiledModel compile(const std::shared_ptr<ov::Model>& network, const ov::AnyMap& settings) {
    make_empty_tensors_constant(*network);
    try {
      return core_.compile_model(network, "CPU", settings);
    } catch (const std::exception& problem) {
      // The engine's passes for int8 fail on some quantised networks that it computes well with floats.
      ov::AnyMap with_floats = settings;
      with_floats["LP_TRANSFORMS_MODE"] = false;
      try {
        ov::CompiledModel compiled = core_.compile_model(network, "CPU", with_floats);
        log(LogLevel::kWarning, "ASCENDCL", "a quantised network runs with floats, not as int8: {}",
            problem.what());
        return compiled;
      } catch (const std::exception&) {
        log(LogLevel::kInfo, "ASCENDCL", "the network cannot be compiled without int8 either");
      }
      throw;
    }
  }

  ov::CompiledModel compile_to_look_inside(const std::shared_ptr<ov::Model>& network, bool measured) {
    ov::AnyMap settings = quick_settings(work_of(*network) < kWorkOfOneThread);
    settings.insert(ov::enable_profiling(measured));
    return compile(network, settings);
  }

  /// The network in the shapes of one gear.
  std::shared_ptr<ov::Model> read_network(const std::string& ir, const ov::Tensor& weights,
                                          const OmShapes& shapes) {
    std::shared_ptr<ov::Model> network = core_.read_model(ir, weights);
    if (!shapes.gear.empty()) give_shapes(*network, shapes);
    return network;
  }

  /// The same in the form that runs fastest, and whether it is small.
  std::pair<std::shared_ptr<ov::Model>, bool> read_to_run(const std::string& ir, const ov::Tensor& weights,
                                                          const OmShapes& shapes) {
    std::shared_ptr<ov::Model> network = read_network(ir, weights, shapes);
    divide_lstms(*network);
    const bool is_small = work_of(*network) < kWorkOfOneThread;
    if (is_small) {
      network = read_network(with_direct_convolutions(ir), weights, shapes);
      divide_lstms(*network);
    }
    return {network, is_small};
  }

  Result<std::shared_ptr<ShapedNetwork>> build(const NetworkSource& source, const ModelInfo& info,
                                               const OmShapes& shapes) {
    std::optional<BlobCache::Key> key;
    if (cache_.is_on() && source.is_worth_keeping()) {
      key = blob_key(*source.content, shapes);
      if (auto blob = std::make_shared<Blob>(cache_.find(*key)); *blob) {
        try {
          CAIRN_ASSIGN(std::shared_ptr<ShapedNetwork> network, import_network(blob, info, shapes));
          log(LogLevel::kInfo, "ASCENDCL", "model {} comes from the cache of compiled networks", info.name);
          remember(source);
          return network;
        } catch (const std::exception& problem) {
          log(LogLevel::kWarning, "ASCENDCL", "the kept network of model {} cannot be used: {}", info.name,
              problem.what());
        }
      }
    }
    const auto [network, is_small] = read_to_run(*source.ir, source.read_weights(), shapes);
    const int threads = threads_of_wide();
    ShapedNetwork::Compile compile_wide;
    // The compiled network keeps the graph and its weights anyhow.
    if (threads > 1)
      compile_wide = [this, network = network, threads] { return compile(network, wide_settings(threads)); };
    ov::CompiledModel compiled = compile(network, quick_settings(is_small));
    if (key && !is_small)
      BackgroundWork::get().add([this, source, key = *key, compiled]() mutable {
        cache_.store(key, [&](std::ostream& out) { compiled.export_model(out); });
        remember(source);
      });
    return ShapedNetwork::create(compiled, std::move(compile_wide), info, shapes);
  }

  /// The network that `blob` holds; networks that are kept are never small. Throws what OpenVINO throws.
  Result<std::shared_ptr<ShapedNetwork>> import_network(const std::shared_ptr<Blob>& blob,
                                                        const ModelInfo& info, const OmShapes& shapes) {
    const std::span<const std::byte> bytes = blob->bytes();
    const ov::Tensor view(ov::element::u8, {bytes.size()}, static_cast<const void*>(bytes.data()));
    const ov::Tensor kept(view, blob);
    ov::CompiledModel compiled = core_.import_model(kept, "CPU", quick_settings(false));
    const int threads = threads_of_wide();
    ShapedNetwork::Compile compile_wide;
    if (threads > 1)
      compile_wide = [this, kept, threads] {
        return core_.import_model(kept, "CPU", wide_settings(threads));
      };
    blob->release_pages();
    return ShapedNetwork::create(compiled, std::move(compile_wide), info, shapes);
  }

  /// So that the file's weights are not read the next time.
  void remember(const NetworkSource& source) const {
    if (source.unread) cache_.remember_content(source.unread->identity(), *source.content);
  }

  /// Everything that what the engine exports depends on.
  BlobCache::Key blob_key(const BlobCache::Key& content, const OmShapes& shapes) {
    const std::array<std::span<const std::byte>, 3> parts = {std::as_bytes(std::span(content)),
                                                             std::as_bytes(std::span(platform())),
                                                             std::as_bytes(std::span(shapes.gear))};
    return cache_.key(parts);
  }

  /// The part of it that is the same for all models. Throws if the engine's plugin cannot be opened.
  const std::string& platform() {
    std::call_once(platform_known_, [this] {
      platform_ = fmt::format("{}|{}|{}|{}|{}", kForm, cairn_engine_version(),
                              core_.get_property("CPU", ov::device::full_name),
                              fmt::join(core_.get_property("CPU", ov::device::capabilities), ","),
                              environment_string("CAIRN_PRECISION"));
    });
    return platform_;
  }

  const BlobCache cache_ = BlobCache::of_environment();
  LoadedModels loaded_;
  ov::Core core_;
  std::once_flag platform_known_;
  std::string platform_;
};

}  // namespace
}  // namespace cairn

extern "C" cairn::Engine* cairn_engine() {
  static auto* engine =
      new cairn::OpenVinoEngine;  // Never destroyed: models may live until the process ends.
  return engine;
}

extern "C" const char* cairn_engine_version() {
  return ov::get_openvino_version().buildNumber;
}
