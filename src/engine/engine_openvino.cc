// The engine: reads an .om, compiles its graph with OpenVINO's CPU plugin.
#include <cstring>
#include <openvino/openvino.hpp>

#include "base/environment.h"
#include "base/log.h"
#include "engine/engine.h"
#include "engine/engine_executable.h"

namespace cairn {
namespace {

constexpr int64_t kMostThreads = 4096;

/// CAIRN_PRECISION and CAIRN_THREADS. Left alone, OpenVINO would choose bfloat16 by itself on CPUs that have
/// it.
ov::AnyMap settings() {
  ov::AnyMap map{ov::hint::performance_mode(ov::hint::PerformanceMode::LATENCY), ov::num_streams(1)};
  const std::string precision = environment_string("CAIRN_PRECISION");
  if (!precision.empty() && precision != "f32" && precision != "bf16")
    log(LogLevel::kWarning, "ASCENDCL", "CAIRN_PRECISION={} is unknown and ignored; known are f32 and bf16",
        precision);
  map.insert(ov::hint::inference_precision(precision == "bf16" ? ov::element::bf16 : ov::element::f32));
  if (const int64_t threads = environment_int("CAIRN_THREADS", 0, 1, kMostThreads); threads != 0)
    map.insert(ov::inference_num_threads(static_cast<int>(threads)));
  return map;
}

ModelInfo describe(OmModel&& om) {
  ModelInfo info;
  info.name = std::move(om.name);
  info.soc_version = std::move(om.soc_version);
  info.inputs = std::move(om.inputs);
  info.outputs = std::move(om.outputs);
  info.sizes = {static_cast<size_t>(om.memory_size), static_cast<size_t>(om.weight_size)};
  for (OmNode& node : om.nodes)
    if (!node.original_names.empty())
      info.original_op_names[std::move(node.name)] = std::move(node.original_names);
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

class OpenVinoEngine final : public Engine {
 public:
  Result<std::unique_ptr<Executable>> load(SharedBytes file, const LoadOptions& options) override {
    CAIRN_ASSIGN(OmModel om, read_om(file.span()));
    CAIRN_RETURN_IF_ERROR(check_soc(om, options.soc));
    CAIRN_ASSIGN(const ov::Tensor weights, weight_tensor(om, file, options.weight_memory));
    try {
      const std::shared_ptr<ov::Model> network = core_.read_model(om.ir_xml, weights);
      return OpenVinoExecutable::create(core_.compile_model(network, "CPU", settings()),
                                        describe(std::move(om)));
    } catch (const std::exception& problem) {
      return error(ACL_ERROR_GE_LOAD_MODEL, "MDL-001", "the graph of the om file cannot be compiled: {}",
                   problem.what());
    }
  }

  Result<ModelInfo> inspect(std::span<const std::byte> file) override {
    CAIRN_ASSIGN(OmModel om, read_om(file));
    return describe(std::move(om));
  }

 private:
  ov::Core core_;
};

}  // namespace
}  // namespace cairn

extern "C" cairn::Engine* cairn_engine() {
  static auto* engine =
      new cairn::OpenVinoEngine;  // Never destroyed: models may live until the process ends.
  return engine;
}
