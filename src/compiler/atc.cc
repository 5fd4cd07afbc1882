#include "compiler/atc.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <filesystem>

#include "base/log.h"
#include "compiler/atc_options.h"
#include "compiler/atc_values.h"
#include "compiler/compile.h"
#include "compiler/compile_error.h"
#include "compiler/gear_option.h"
#include "compiler/graph_dump.h"
#include "compiler/import_limits.h"
#include "compiler/name_lists.h"
#include "compiler/output_file.h"
#include "compiler/precheck.h"
#include "compiler/single_op_compile.h"
#include "compiler/weight_folder.h"
#include "device/soc_profile.h"
#include "om/mapped_file.h"
#include "om/om_report.h"

namespace cairn {
namespace {

constexpr int kFailed = 1;
constexpr int kWrongCommandLine = 255;

/// Shows on a terminal what is going on, one line per stage with its time.
class Progress {
 public:
  explicit Progress(std::FILE* file) : file_(file) {}
  ~Progress() { end_stage(); }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void begin_stage(std::string_view what) {
    end_stage();
    log(LogLevel::kInfo, "ATC", "{}", what);
    if (!file_) return;
    fmt::print(file_, "  {} ...", what);
    std::fflush(file_);
    running_ = true;
    start_ = Clock::now();
  }
  void end_stage() {
    if (!running_) return;
    fmt::print(file_, " {:.2f} s\n", std::chrono::duration<double>(Clock::now() - start_).count());
    running_ = false;
  }

 private:
  using Clock = std::chrono::steady_clock;
  std::FILE* file_;
  bool running_ = false;
  Clock::time_point start_;
};

void apply_log_level(const AtcArguments& arguments) {
  if (!arguments.has("log")) return;
  const std::string level = arguments.get("log");
  if (level == "debug") return set_log_level(LogLevel::kDebug);
  if (level == "info") return set_log_level(LogLevel::kInfo);
  if (level == "warning") return set_log_level(LogLevel::kWarning);
  set_log_level(level == "error" ? LogLevel::kError : LogLevel::kNone);
}

Status require(const AtcArguments& arguments, std::string_view name, std::string_view hint) {
  return arguments.has(name) ? Status() : compile_error("E10007", {fmt::format("--{}", name), hint});
}

Status check_framework(const AtcArguments& arguments) {
  CAIRN_RETURN_IF_ERROR(require(arguments, "framework",
                                "Supported are 0 (Caffe), 1 (MindSpore), 3 (TensorFlow) and 5 (ONNX)."));
  if (arguments.get("framework") == "0" && !arguments.has("weight")) return compile_error("E10008", {});
  return {};
}

struct FormatEntry {
  std::string_view name;
  aclFormat format;
};
/// Those that come first are known to more frameworks.
constexpr std::array kInputFormats = std::to_array<FormatEntry>({
    {"NCHW", ACL_FORMAT_NCHW},
    {"ND", ACL_FORMAT_ND},
    {"NCDHW", ACL_FORMAT_NCDHW},
    {"NHWC", ACL_FORMAT_NHWC},
    {"NDHWC", ACL_FORMAT_NDHWC},
});

Result<aclFormat> input_format(const std::string& name, int64_t framework) {
  constexpr int64_t kCaffe = 0;
  constexpr int64_t kTensorFlow = 3;
  const size_t known = framework == kCaffe ? 2 : framework == kTensorFlow ? 5 : 3;
  std::vector<std::string_view> names;
  for (const FormatEntry& entry : std::span(kInputFormats).first(known)) {
    if (entry.name == name) return entry.format;
    names.push_back(entry.name);
  }
  return compile_error(
      "E10001", {name, "--input_format",
                 fmt::format("with --framework={} it must be one of {}", framework, fmt::join(names, ", "))});
}

/// Options about inputs and outputs.
Status read_tensor_options(const AtcArguments& arguments, CompileOptions& options) {
  if (arguments.has("input_shape")) {
    CAIRN_ASSIGN(options.input_shapes, parse_input_shape(arguments.get("input_shape")));
  }
  if (arguments.has("input_shape_range")) {
    if (arguments.has("input_shape"))
      return compile_error("E10056", {"--input_shape", "--input_shape_range"});
    CAIRN_ASSIGN(options.input_shapes, parse_input_shape_range(arguments.get("input_shape_range")));
  }
  if (arguments.has("input_format")) {
    CAIRN_ASSIGN(options.input_format, input_format(arguments.get("input_format"), options.framework));
  }
  for (const OmGearKind kind : {OmGearKind::kBatch, OmGearKind::kImage, OmGearKind::kDims}) {
    const std::string_view option = gear_option_name(kind);
    if (!arguments.has(option)) continue;
    CAIRN_ASSIGN(options.gears, parse_gears(kind, arguments.get(option)));
    CAIRN_RETURN_IF_ERROR(check_gear_shapes(*options.gears, options.input_shapes, options.input_format));
    if (kind == OmGearKind::kDims && arguments.has("insert_op_conf"))
      return compile_error("E10001", {arguments.get("insert_op_conf"), "--insert_op_conf",
                                      "AIPP cannot be used with --dynamic_dims"});
  }
  if (arguments.has("out_nodes")) {
    CAIRN_ASSIGN(options.out_nodes, parse_out_nodes(arguments.get("out_nodes")));
  }
  if (arguments.has("output_type")) {
    CAIRN_ASSIGN(OutputTypes types, parse_output_type(arguments.get("output_type")));
    options.output_type = types.all;
    options.output_types = std::move(types.some);
  }
  options.fp16_inputs = split_list(arguments.get("input_fp16_nodes"));
  options.aipp_config = arguments.get("insert_op_conf");
  if (arguments.has("op_name_map")) {
    CAIRN_ASSIGN(options.op_names, read_operator_names(arguments.get("op_name_map")));
  }
  if (arguments.has("is_input_adjust_hw_layout")) {
    CAIRN_ASSIGN(options.packed_inputs,
                 parse_switches(arguments.get("is_input_adjust_hw_layout"), "--is_input_adjust_hw_layout",
                                options.fp16_inputs.size(), "--input_fp16_nodes"));
  }
  if (arguments.has("is_output_adjust_hw_layout")) {
    CAIRN_ASSIGN(options.packed_outputs,
                 parse_switches(arguments.get("is_output_adjust_hw_layout"), "--is_output_adjust_hw_layout",
                                options.out_nodes.size(), "--out_nodes"));
  }
  return {};
}

/// The value of --soc_version, which is known.
Result<std::string> soc_version(const AtcArguments& arguments) {
  const std::string soc = arguments.get("soc_version");
  const SocProfile* profile = soc.starts_with("Ascend") ? find_soc_profile(soc) : nullptr;
  if (profile) return soc;
  return compile_error("E10001",
                       {soc, "--soc_version", fmt::format("it must be one of {}", known_soc_names())});
}

Result<CompileOptions> compile_options(const AtcArguments& arguments) {
  CompileOptions options;
  CAIRN_RETURN_IF_ERROR(check_framework(arguments));
  CAIRN_RETURN_IF_ERROR(require(arguments, "model", "Name the model file: prototxt, .air, .pb or .onnx."));
  options.weight = arguments.get("weight");
  options.framework = arguments.get("framework").front() - '0';
  options.model = arguments.get("model");
  options.cmdline = arguments.cmdline();
  if (arguments.has("soc_version")) {
    CAIRN_ASSIGN(options.soc_version, soc_version(arguments));
  }
  CAIRN_RETURN_IF_ERROR(read_tensor_options(arguments, options));
  return options;
}

Result<std::filesystem::path> output_path(const AtcArguments& arguments) {
  CAIRN_RETURN_IF_ERROR(
      require(arguments, "output", "Give path and name of the offline model, without .om."));
  const std::string text = arguments.get("output");
  const std::filesystem::path path(text);
  std::error_code ignored;
  if (!path.has_filename() || path.filename() == "." || path.filename() == ".." ||
      std::filesystem::is_directory(text + ".om", ignored))
    return compile_error("E10022", {text});
  return path;
}

Status save_text(const std::string& text, const std::string& path) {
  OutputFile file;
  CAIRN_RETURN_IF_ERROR(file.open(path));
  CAIRN_RETURN_IF_ERROR(file.write(std::as_bytes(std::span(text))));
  return file.commit();
}

class Atc {
 public:
  Atc(const AtcArguments& arguments, std::FILE* out, std::FILE* progress)
      : arguments_(arguments), out_(out), progress_(progress) {}

  Status run() {
    const std::string mode = arguments_.get("mode");
    if (mode == "0") return arguments_.has("singleop") ? convert_operators() : convert();
    if (mode == "1") return write_json();
    if (mode == "3") return precheck();
    if (mode == "5") return convert_dump();
    return print_info();
  }

  /// True if the failure was found before any work began.
  bool is_wrong_command_line() const { return !working_; }

 private:
  Result<CompiledModel> compile(const CompileOptions& options) {
    working_ = true;
    return compile_model(options, [&](std::string_view stage) { progress_.begin_stage(stage); });
  }

  Status convert() {
    CAIRN_ASSIGN(CompileOptions options, compile_options(arguments_));
    CAIRN_RETURN_IF_ERROR(
        require(arguments_, "soc_version", fmt::format("Known are {}.", known_soc_names())));
    CAIRN_ASSIGN(std::filesystem::path path, output_path(arguments_));
    options.name = path.filename().string();
    path += ".om";
    CAIRN_RETURN_IF_ERROR(say_what_has_no_effect());
    if (arguments_.has("weight") && options.framework != 0)
      warnings_ += fmt::format("W10001: --weight is not used with --framework={}.\n", options.framework);

    // An output that cannot be written is found before the long work. Missing folders are made.
    std::error_code ignored;
    if (path.has_parent_path()) std::filesystem::create_directories(path.parent_path(), ignored);
    {
      OutputFile file;
      CAIRN_RETURN_IF_ERROR(file.open(path));
    }
    CAIRN_ASSIGN(const CompiledModel compiled, compile(options));
    warnings_ += compiled.warnings;
    progress_.begin_stage("writing the offline model");
    CAIRN_RETURN_IF_ERROR(save_model(compiled, path));
    CAIRN_ASSIGN(const std::vector<GraphDump> dumps, graph_dumps(compiled.model));
    for (const GraphDump& dump : dumps)
      CAIRN_RETURN_IF_ERROR(save_text(dump.text, dump.path.string()));
    progress_.end_stage();
    CAIRN_RETURN_IF_ERROR(warn_of_missing_nodes(compiled.model));
    if (arguments_.get("save_original_model") == "true") CAIRN_RETURN_IF_ERROR(save_original(options));
    if (arguments_.get("display_model_info") == "1")
      CAIRN_RETURN_IF_ERROR(display(path.string(), "--output"));
    fmt::print(out_, "{}", warnings_);
    return {};
  }

  /// --singleop: an offline model of each operator, in the folder --output.
  Status convert_operators() {
    if (arguments_.has("model")) return compile_error("E10056", {"--singleop", "--model"});
    CAIRN_RETURN_IF_ERROR(require(arguments_, "output", "Give the folder for the offline models."));
    CAIRN_RETURN_IF_ERROR(
        require(arguments_, "soc_version", fmt::format("Known are {}.", known_soc_names())));
    CAIRN_ASSIGN(const std::string soc, soc_version(arguments_));
    CAIRN_RETURN_IF_ERROR(say_what_has_no_effect());
    const std::string path = arguments_.get("singleop");
    working_ = true;
    progress_.begin_stage("reading the operators");
    std::string reason;
    const MappedFile file = MappedFile::open(path, reason);
    if (file.bytes().empty()) return compile_error("E10024", {path, reason});
    limit_import(file.bytes().size());
    CAIRN_ASSIGN(
        std::vector<SingleOpEntry> entries,
        read_single_ops({reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size()}, path));
    const std::filesystem::path folder(arguments_.get("output"));
    std::error_code ignored;
    std::filesystem::create_directories(folder, ignored);
    for (SingleOpEntry& entry : entries) {
      progress_.begin_stage(entry.file_name);
      const std::filesystem::path target = folder / (entry.file_name + ".om");
      CAIRN_ASSIGN(const CompiledModel compiled,
                   compile_single_op(std::move(entry), {soc, arguments_.cmdline()}));
      OutputFile output;
      CAIRN_RETURN_IF_ERROR(output.open(target));
      CAIRN_RETURN_IF_ERROR(write_om(compiled.model, compiled.weights,
                                     [&](std::span<const std::byte> bytes) { return output.write(bytes); }));
      CAIRN_RETURN_IF_ERROR(output.commit());
    }
    progress_.end_stage();
    return {};
  }

  /// The weights first: a model appears when all that it needs is there.
  Status save_model(const CompiledModel& compiled, const std::filesystem::path& path) const {
    const std::string apart = arguments_.get("external_weight");
    WeightFolder folder(path.parent_path() / kOmWeightFolder);
    if (apart != "0" && compiled.weights.bytes > 0)
      CAIRN_RETURN_IF_ERROR(folder.write(
          compiled.weights, apart == "2" ? std::vector<uint64_t>() : constant_offsets(compiled.model)));
    OutputFile file;
    CAIRN_RETURN_IF_ERROR(file.open(path));
    CAIRN_RETURN_IF_ERROR(write_om(
        compiled.model, compiled.weights, [&](std::span<const std::byte> bytes) { return file.write(bytes); },
        folder.parts()));
    CAIRN_RETURN_IF_ERROR(file.commit());
    folder.keep();
    return {};
  }

  /// Their files are looked for all the same: a name that is misspelt is told here, not on the card.
  Status say_what_has_no_effect() const {
    for (const std::string_view name : arguments_.without_effect()) {
      std::error_code failure;
      if (is_atc_input_path(name) && !std::filesystem::exists(arguments_.get(name), failure))
        return compile_error("E10410", {arguments_.get(name), fmt::format("--{}", name),
                                        failure ? failure.message() : "No such file or directory"});
      log(LogLevel::kInfo, "ATC", "--{} has no effect on a CPU: {}", name, atc_option_help(name));
    }
    return {};
  }

  /// The names in --compress_weight_conf are layers of the model.
  Status warn_of_missing_nodes(const OmModel& model) {
    if (!arguments_.has("compress_weight_conf")) return {};
    CAIRN_ASSIGN(const std::vector<std::string> names,
                 read_name_list(arguments_.get("compress_weight_conf"), "--compress_weight_conf"));
    for (const std::string& name : names)
      if (std::ranges::find(model.nodes, name, &OmNode::name) == model.nodes.end())
        warnings_ +=
            fmt::format("W11002: Node [{}] of [--compress_weight_conf] is not in the model.\n", name);
    return {};
  }

  /// The model as it was before AIPP and changes of types: <output>_original.om.
  Status save_original(CompileOptions options) {
    options.aipp_config.clear();
    options.fp16_inputs.clear();
    options.packed_inputs.clear();
    options.packed_outputs.clear();
    options.output_type.reset();
    options.output_types.clear();
    CAIRN_ASSIGN(const CompiledModel original, compile(options));
    progress_.begin_stage("writing the original model");
    OutputFile file;
    CAIRN_RETURN_IF_ERROR(file.open(arguments_.get("output") + "_original.om"));
    CAIRN_RETURN_IF_ERROR(write_om(original.model, original.weights,
                                   [&](std::span<const std::byte> bytes) { return file.write(bytes); }));
    CAIRN_RETURN_IF_ERROR(file.commit());
    progress_.end_stage();
    return {};
  }

  /// The report is written in any case; layers that cannot be converted are a failure.
  Status precheck() {
    CAIRN_ASSIGN(CompileOptions options, compile_options(arguments_));
    working_ = true;
    progress_.begin_stage("checking the model");
    CAIRN_ASSIGN(const Precheck found, precheck_model(options));
    progress_.end_stage();
    const std::string path = arguments_.get("check_report");
    CAIRN_RETURN_IF_ERROR(save_text(found.json, path));
    if (found.failed == 0) return {};
    return compile_error("E10042", {fmt::format("{} of {} layers cannot be converted, see {}", found.failed,
                                                found.layers, path)});
  }

  /// The text of a graph dump (ge_proto_*.txt) as JSON.
  Status convert_dump() {
    CAIRN_RETURN_IF_ERROR(require(arguments_, "om", "Name the graph dump (ge_proto_*.txt)."));
    CAIRN_RETURN_IF_ERROR(require(arguments_, "json", "Name the JSON file to write."));
    CAIRN_ASSIGN(const MappedFile file, open_om(arguments_.get("om"), "--om"));
    const auto json =
        graph_dump_json({reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size()});
    if (!json.is_ok()) return compile_error("E19018", {arguments_.get("om"), json.status().text()});
    return save_text(*json, arguments_.get("json"));
  }

  Status write_json() {
    CAIRN_RETURN_IF_ERROR(require(arguments_, "json", "Name the JSON file to write."));
    std::string json;
    if (arguments_.has("framework")) {
      CAIRN_ASSIGN(CompileOptions options, compile_options(arguments_));
      options.name = options.model.stem().string();
      CAIRN_ASSIGN(const CompiledModel compiled, compile(options));
      CAIRN_ASSIGN(json, om_json(compiled.model));
    } else {
      CAIRN_RETURN_IF_ERROR(
          require(arguments_, "om", "Name the .om file, or a model with --framework and --model."));
      CAIRN_ASSIGN(const MappedFile file, open_om(arguments_.get("om"), "--om"));
      auto converted = om_json(file.bytes());
      if (!converted.is_ok())
        return compile_error("E19005", {arguments_.get("om"), converted.status().text()});
      json = std::move(*converted);
    }
    progress_.end_stage();
    return save_text(json, arguments_.get("json"));
  }

  Status print_info() {
    CAIRN_RETURN_IF_ERROR(require(arguments_, "om", "Name the .om file."));
    return display(arguments_.get("om"), "--om");
  }

  Result<MappedFile> open_om(const std::string& path, std::string_view parameter) {
    working_ = true;
    std::string reason;
    MappedFile file = MappedFile::open(path, reason);
    if (file.bytes().empty()) return compile_error("E10410", {path, parameter, reason});
    return file;
  }

  Status display(const std::string& path, std::string_view parameter) {
    CAIRN_ASSIGN(const MappedFile file, open_om(path, parameter));
    const auto model = read_om(file.bytes(), OmUse::kDescribe);
    if (!model.is_ok()) return compile_error("E19005", {path, model.status().text()});
    fmt::print(out_, "{}", om_display_info(*model));
    return {};
  }

  const AtcArguments& arguments_;
  std::FILE* out_;
  Progress progress_;
  std::string warnings_;
  bool working_ = false;
};

/// Errors of the container have a rule id in front, those of the compiler an E-code.
Status with_code(const Status& status) {
  return status.text().starts_with('[') ? compile_error("E10042", {status.text()}) : status;
}

int report(const Status& status, std::FILE* out, int code) {
  fmt::print(out, "ATC run failed, Please check the detail log, Try 'atc --help' for more information\n{}\n",
             status.text());
  std::fflush(out);
  log(LogLevel::kError, "ATC", "{}", status.text());
  return code;
}

}  // namespace

int run_atc(std::span<const std::string> words, std::FILE* out, std::FILE* progress) {
  const Result<AtcArguments> arguments = AtcArguments::parse(words);
  if (arguments.is_ok() && arguments->wants_help()) {
    fmt::print(out, "{}", atc_help());
    return 0;
  }
  fmt::print(out, "ATC start working now, please wait for a moment.\n");
  std::fflush(out);
  if (!arguments.is_ok()) return report(arguments.status(), out, kWrongCommandLine);
  apply_log_level(*arguments);
  Status status;
  bool wrong_command_line = false;
  {
    Atc atc(*arguments, out, progress);
    try {
      status = with_code(atc.run());
    } catch (const std::bad_alloc&) {
      status = compile_error("E10044", {"It ran out while the model was read."});
    }
    wrong_command_line = atc.is_wrong_command_line();
  }
  if (!status.is_ok()) return report(status, out, wrong_command_line ? kWrongCommandLine : kFailed);
  fmt::print(out, "ATC run success, welcome to the next use.\n");
  return 0;
}

}  // namespace cairn
