#include "singleop/operator_execution.h"

#include <algorithm>
#include <atomic>
#include <type_traits>

#include "kernel/kernel_registry.h"
#include "model/engine_loader.h"
#include "op/op_attributes.h"
#include "singleop/operator_dump.h"
#include "singleop/operator_registry.h"
#include "tensor/tensor_desc.h"

namespace cairn {
namespace {

std::atomic<aclOpCompileFlag> compile_flag{ACL_OP_COMPILE_DEFAULT};

bool fits(const std::vector<int64_t>& dims, const OperatorTensor& pattern) {
  if (pattern.dims == std::vector<int64_t>{-2}) return true;
  if (dims.size() != pattern.dims.size()) return false;
  for (size_t i = 0; i < dims.size(); ++i) {
    if (pattern.dims[i] >= 0 ? dims[i] != pattern.dims[i] : dims[i] < 0) return false;
    if (pattern.dims[i] < 0 && i < pattern.ranges.size() && !pattern.ranges[i].contains(dims[i]))
      return false;
  }
  return true;
}

/// The operator takes inputs of these shapes. Types and formats are the same.
bool accepts(const OperatorSpec& description, std::span<const aclTensorDesc* const> descs) {
  for (size_t i = 0; i < description.inputs.size(); ++i) {
    if (description.inputs[i].is_absent()) continue;
    const Ref<TensorDesc> desc = handle_table<TensorDesc>().find(descs[i]);
    if (!desc || !fits(desc->dims(), description.inputs[i])) return false;
  }
  return true;
}

using Found = std::shared_ptr<const SingleOperator>;

Found find_fixed(const OperatorKey& key) {
  return OperatorRegistry::get().fixed().find(key, [](const OperatorSpec&) { return true; });
}

Result<Found> find_dynamic(const OperatorArguments& arguments, std::span<const OperatorBuffer> inputs) {
  OperatorQueue& queue = OperatorRegistry::get().dynamic();
  if (queue.is_empty()) return Found();
  for (const HostValues host_values : {HostValues::kConstants, HostValues::kData}) {
    CAIRN_ASSIGN(const ArgumentsKey key, key_of(arguments, inputs, /*with_dims=*/false, host_values));
    Found found = queue.find(key.key, [&](const OperatorSpec& description) {
      return accepts(description, arguments.input_descs);
    });
    if (found || !key.has_host_values) return found;
  }
  return Found();
}

bool same_tensors(const std::vector<OperatorTensor>& asked, const std::vector<OperatorTensor>& known) {
  return std::ranges::equal(asked, known, [](const OperatorTensor& a, const OperatorTensor& b) {
    return a.data_type == b.data_type && (a.is_absent() || (a.format == b.format && fits(a.dims, b))) &&
           (!b.constant || a.constant == b.constant);
  });
}

/// Why nothing was found.
Status not_found(const OperatorArguments& arguments, std::span<const OperatorBuffer> inputs) {
  CAIRN_ASSIGN(const OperatorSpec asked, describe_arguments(arguments, inputs, HostValues::kConstants));
  const std::vector<Found> known = OperatorRegistry::get().of_type(asked.type);
  if (known.empty())
    return error(
        ACL_ERROR_OP_NOT_FOUND, "OP-015",
        "no operator {} is loaded; compile a description of {} with atc --singleop, and load the .om "
        "with acl.op.set_model_dir or acl.op.load",
        asked.type, describe(asked));
  int code = ACL_ERROR_OP_INPUT_NOT_MATCH;
  const char* reason = "other inputs";
  std::string others;
  for (size_t i = 0; i < known.size(); ++i) {
    const OperatorSpec& one = known[i]->description();
    if (i < 3) others += (i ? "; " : "") + describe(one);
    if (!same_tensors(asked.inputs, one.inputs) || code == ACL_ERROR_OP_ATTR_NOT_MATCH) continue;
    const bool same = one.has_open_dims() || same_tensors(asked.outputs, one.outputs);
    code = same ? ACL_ERROR_OP_ATTR_NOT_MATCH : ACL_ERROR_OP_OUTPUT_NOT_MATCH;
    reason = same ? "other attributes" : "other outputs";
  }
  return error(code, "OP-015", "{} is loaded only with {}; asked for is {}, loaded are {} of the type: {}",
               asked.type, reason, describe(asked), known.size(), others);
}

/// A kernel of the program goes before the operators of the table [KRN-016]. Null: there is none.
Result<std::shared_ptr<const PreparedKernel>> find_kernel(const OperatorArguments& arguments) {
  KernelRegistry& kernels = KernelRegistry::get();
  if (kernels.is_empty() || arguments.type == nullptr) [[likely]]
    return std::shared_ptr<const PreparedKernel>();
  return kernels.find({arguments.type, arguments.input_descs, arguments.output_descs, arguments.attributes});
}

/// Buffers of a call through a handle, placed as the descriptions were when it was made.
class PlacedBuffers {
 public:
  PlacedBuffers(std::span<const OperatorBuffer> buffers, const std::vector<bool>& on_host) : given_(buffers) {
    if (std::ranges::find(on_host, true) == on_host.end()) return;
    placed_.assign(buffers.begin(), buffers.end());
    for (size_t i = 0; i < placed_.size() && i < on_host.size(); ++i)
      placed_[i].on_host = on_host[i];
  }
  std::span<const OperatorBuffer> span() const { return placed_.empty() ? given_ : placed_; }

 private:
  const std::span<const OperatorBuffer> given_;
  std::vector<OperatorBuffer> placed_;
};

/// An operator or kernel of the program that was looked up once.
template <class Operator>
class OperatorHandle final : public OpHandle {
 public:
  OperatorHandle(Operator op, std::vector<bool> inputs_on_host, std::vector<bool> outputs_on_host)
      : op_(std::move(op)),
        inputs_on_host_(std::move(inputs_on_host)),
        outputs_on_host_(std::move(outputs_on_host)) {}

  Status launch(std::span<const OperatorBuffer> inputs, std::span<const OperatorBuffer> outputs,
                const Ref<Stream>& stream) const override {
    constexpr const char* kFunction = "aclopExecWithHandle";
    const PlacedBuffers in(inputs, inputs_on_host_);
    const PlacedBuffers out(outputs, outputs_on_host_);
    if constexpr (std::is_same_v<Operator, Found>)
      return launch_operator(*op_, {kFunction, in.span(), out.span(), {}, {}, false, stream});
    else
      return PreparedKernel::launch(op_, kFunction, in.span(), out.span(), stream);
  }

 private:
  const Operator op_;
  const std::vector<bool> inputs_on_host_;
  const std::vector<bool> outputs_on_host_;
};

/// Where each tensor lies. With constant inputs none may be in host memory [OP-049].
Result<std::vector<bool>> placements(std::span<const aclTensorDesc* const> descs, bool has_constants,
                                     const char* name) {
  std::vector<bool> on_host;
  for (size_t i = 0; i < descs.size(); ++i) {
    CAIRN_ASSIGN(const Ref<TensorDesc> desc, find<TensorDesc>(descs[i], name, "OP-048"));
    on_host.push_back(desc->placement != ACL_MEMTYPE_DEVICE);
    if (on_host.back() && has_constants)
      return error(
          ACL_ERROR_INVALID_PARAM, "OP-049",
          "{} {} is placed in host memory, which acl.op.create_handle does not support for operators "
          "with constant inputs; use acl.op.execute_v2",
          name, i);
  }
  return on_host;
}

template <class Operator>
Result<std::unique_ptr<OpHandle>> placed_handle(Operator op, const OperatorArguments& arguments,
                                                bool has_constants) {
  CAIRN_ASSIGN(std::vector<bool> inputs, placements(arguments.input_descs, has_constants, "inputDesc"));
  CAIRN_ASSIGN(std::vector<bool> outputs, placements(arguments.output_descs, has_constants, "outputDesc"));
  return std::unique_ptr<OpHandle>(
      std::make_unique<OperatorHandle<Operator>>(std::move(op), std::move(inputs), std::move(outputs)));
}

Result<std::unique_ptr<OpHandle>> handle_of(Found op, const OperatorArguments& arguments) {
  CAIRN_ASSIGN(const bool is_fixed, op->is_fixed());
  if (!is_fixed)
    return error(ACL_ERROR_OP_UNSUPPORTED_DYNAMIC, "OP-027",
                 "{} has shapes that are known only when it runs; use acl.op.execute_v2",
                 describe(op->description()));
  const bool has_constants = std::ranges::any_of(
      op->description().inputs, [](const OperatorTensor& input) { return input.constant.has_value(); });
  return placed_handle(std::move(op), arguments, has_constants);
}

/// All dims become open, but those of constants.
OperatorSpec opened(OperatorSpec description) {
  const auto open = [](OperatorTensor& tensor) {
    if (tensor.takes_memory()) std::ranges::fill(tensor.dims, -1);
  };
  std::ranges::for_each(description.inputs, open);
  std::ranges::for_each(description.outputs, open);
  return description;
}

/// Looks for it, and builds it if that is what is missing.
Result<Found> find_or_compile(const OperatorArguments& arguments, std::span<const OperatorBuffer> inputs) {
  const bool fuzzy = compile_flag.load(std::memory_order_relaxed) == ACL_OP_COMPILE_FUZZ;
  const HostValues host_values = fuzzy ? HostValues::kData : HostValues::kConstants;
  CAIRN_ASSIGN(const ArgumentsKey key, key_of(arguments, inputs, /*with_dims=*/true, host_values));
  if (Found found = find_fixed(key.key)) return found;
  CAIRN_ASSIGN(Found dynamic, find_dynamic(arguments, inputs));
  if (dynamic) return dynamic;
  CAIRN_ASSIGN(OperatorSpec description, describe_arguments(arguments, inputs, host_values));
  if (fuzzy) {
    if (auto open = std::make_shared<SingleOperator>(opened(description));
        open->description().has_open_inputs() && open->prepare().is_ok()) {
      OperatorRegistry::get().add(open, OperatorOrigin::kCompiled);
      return Found(std::move(open));
    }
  }
  auto made = std::make_shared<SingleOperator>(std::move(description));
  const Status status = made->prepare();
  // One that cannot be built for open shapes is built for those of each call.
  if (!status.is_ok() && status.code() != ACL_ERROR_OP_UNSUPPORTED_DYNAMIC) return status;
  OperatorRegistry::get().add(made, OperatorOrigin::kCompiled);
  return Found(std::move(made));
}

}  // namespace

Result<Found> find_operator_of(const OperatorArguments& arguments, std::span<const OperatorBuffer> inputs) {
  CAIRN_ASSIGN(const ArgumentsKey key, key_of(arguments, inputs, /*with_dims=*/true, HostValues::kConstants));
  if (Found found = find_fixed(key.key)) [[likely]]
    return found;
  if (key.has_host_values) {
    CAIRN_ASSIGN(const ArgumentsKey of_data,
                 key_of(arguments, inputs, /*with_dims=*/true, HostValues::kData));
    if (Found found = find_fixed(of_data.key)) return found;
  }
  CAIRN_ASSIGN(Found found, find_dynamic(arguments, inputs));
  if (!found) return not_found(arguments, inputs);
  return found;
}

Status execute_operator(const char* function, const OperatorArguments& arguments, const Ref<Stream>& stream,
                        bool writes_shapes) {
  CAIRN_ASSIGN(const OperatorBuffers inputs,
               OperatorBuffers::read(arguments.inputs, arguments.input_descs, "inputs"));
  CAIRN_ASSIGN(const OperatorBuffers outputs,
               OperatorBuffers::read(arguments.outputs, arguments.output_descs, "outputs"));
  CAIRN_ASSIGN(const auto kernel, find_kernel(arguments));
  if (kernel) [[unlikely]]
    return PreparedKernel::launch(kernel, function, inputs.span(), outputs.span(), stream);
  CAIRN_ASSIGN(const Found op, find_operator_of(arguments, inputs.span()));
  return launch_operator(*op, {function, inputs.span(), outputs.span(), arguments.input_descs,
                               arguments.output_descs, writes_shapes, stream});
}

Status compile_and_execute_operator(const char* function, const OperatorArguments& arguments,
                                    const Ref<Stream>& stream, bool writes_shapes) {
  CAIRN_ASSIGN(const OperatorBuffers inputs,
               OperatorBuffers::read(arguments.inputs, arguments.input_descs, "inputs"));
  CAIRN_ASSIGN(const OperatorBuffers outputs,
               OperatorBuffers::read(arguments.outputs, arguments.output_descs, "outputs"));
  CAIRN_ASSIGN(const Found op, find_or_compile(arguments, inputs.span()));
  return launch_operator(*op, {function, inputs.span(), outputs.span(), arguments.input_descs,
                               arguments.output_descs, writes_shapes, stream});
}

Result<std::unique_ptr<OpHandle>> make_operator_handle(const OperatorArguments& arguments) {
  CAIRN_ASSIGN(auto kernel, find_kernel(arguments));
  if (kernel) return placed_handle(std::move(kernel), arguments, /*has_constants=*/false);
  CAIRN_ASSIGN(Found op, find_operator_of(arguments, {}));
  return handle_of(std::move(op), arguments);
}

Status compile_operator(const OperatorArguments& arguments) {
  return find_or_compile(arguments, {}).status();
}

Status set_compile_flag(aclOpCompileFlag flag) {
  if (flag != ACL_OP_COMPILE_DEFAULT && flag != ACL_OP_COMPILE_FUZZ)
    return error(ACL_ERROR_INVALID_PARAM, "COM-052",
                 "flag = {}; allowed are ACL_OP_COMPILE_DEFAULT (0) and ACL_OP_COMPILE_FUZZ (1)",
                 static_cast<int>(flag));
  compile_flag.store(flag, std::memory_order_relaxed);
  return {};
}

namespace {

/// The attributes of the operator Cast that stand for the arguments of acl.op.cast.
Result<Ref<OpAttributes>> cast_attributes(const OperatorArguments& arguments, bool truncate) {
  CAIRN_ASSIGN(const Ref<TensorDesc> target,
               find<TensorDesc>(arguments.output_descs[0], "dstDesc", "OP-030"));
  auto attributes = std::make_unique<OpAttributes>();
  CAIRN_RETURN_IF_ERROR(attributes->set("dst_type", int64_t{target->type()}));
  CAIRN_RETURN_IF_ERROR(attributes->set("truncate", truncate));
  Ref<OpAttributes> inserted = handle_table<OpAttributes>().insert(std::move(attributes));
  if (!inserted) return error(ACL_ERROR_BAD_ALLOC, "OP-030", "too many lists of attributes exist");
  return inserted;
}

/// Runs `use(arguments of the operator Cast)`.
template <class Use>
auto with_cast(OperatorArguments arguments, bool truncate, Use use) -> decltype(use(arguments)) {
  CAIRN_ASSIGN(const Ref<OpAttributes> attributes, cast_attributes(arguments, truncate));
  arguments.type = "Cast";
  arguments.attributes = static_cast<const aclopAttr*>(attributes.handle());
  auto result = use(arguments);
  handle_table<OpAttributes>().remove(attributes.handle());
  return result;
}

}  // namespace

Status cast_tensor(const OperatorArguments& arguments, bool truncate, const Ref<Stream>& stream) {
  return with_cast(arguments, truncate, [&](const OperatorArguments& cast) {
    return compile_and_execute_operator("aclopCast", cast, stream, false);
  });
}

Result<std::unique_ptr<OpHandle>> make_cast_handle(const OperatorArguments& arguments, bool truncate) {
  return with_cast(arguments, truncate,
                   [&](const OperatorArguments& cast) -> Result<std::unique_ptr<OpHandle>> {
                     CAIRN_ASSIGN(Found op, find_or_compile(cast, {}));
                     return handle_of(std::move(op), cast);
                   });
}

}  // namespace cairn
