#include "compiler/atc_options.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <climits>
#include <numeric>
#include <optional>

#include "compiler/compile_error.h"

namespace cairn {
namespace {

using enum AtcKind;
using enum AtcSupport;

constexpr std::string_view kModel = "Model";
constexpr std::string_view kInputs = "Inputs";
constexpr std::string_view kOutputs = "Outputs";
constexpr std::string_view kPrecision = "Precision and operator variants";
constexpr std::string_view kOther = "Resources, debugging and others";

// Order and texts are those of the help page.
constexpr std::array kOptions = std::to_array<AtcOption>({
    {"mode", kNumber, kWorks, "0", "0|1|3|5|6", kModel,
     "0: model to offline model; 1: model or .om to JSON; 3: check a model and write a report; 5: graph dump "
     "to "
     "JSON; 6: print information about an .om"},
    {"framework", kNumber, kWorks, "", "0|1|3|5", kModel,
     "framework of the model: 0 Caffe, 1 MindSpore AIR, 3 TensorFlow, 5 ONNX"},
    {"model", kInputPath, kWorks, "", "", kModel, "the model file"},
    {"weight", kInputPath, kWorks, "", "", kModel, "weights of a Caffe model"},
    {"output", kOutputPath, kWorks, "", "", kModel, "path and name of the offline model, without .om"},
    {"om", kInputPath, kWorks, "", "", kModel, "with --mode=1 and 6: the .om file; with 5 the graph dump"},
    {"json", kOutputPath, kWorks, "", "", kModel, "with --mode=1 and 5: the JSON file to write"},
    {"soc_version", kText, kWorks, "", "", kModel, "the chip, for instance Ascend310P3"},
    {"singleop", kInputPath, kWorks, "", "", kModel,
     "JSON file of single operators; --output is the folder for an .om of each"},
    {"op_name_map", kInputPath, kWorks, "", "", kModel,
     "file of lines TypeInTheModel:TypeToUse, for operators of one's own in ONNX models"},
    {"enable_scope_fusion_passes", kText, kNoEffect, "", "", kModel, "TensorFlow scope fusion"},
    {"target", kText, kNoEffect, "", "", kModel, "obsolete"},
    {"cal_conf", kInputPath, kNoEffect, "", "", kModel, "obsolete"},

    {"input_shape", kText, kWorks, "", "", kInputs,
     "shapes: \"name1:1,3,224,224;name2:1,8\"; -1 for dims that change"},
    {"input_shape_range", kText, kWorks, "", "", kInputs, "ranges of shapes: \"name1:[1~8,3,-1];name2:[8]\""},
    {"input_format", kText, kWorks, "", "NCHW|NHWC|ND|NCDHW|NDHWC", kInputs,
     "layout of the inputs, for ONNX NCHW, ND or NCDHW"},
    {"dynamic_batch_size", kText, kWorks, "", "", kInputs, "batch sizes to choose from: \"1,2,4,8\""},
    {"dynamic_image_size", kText, kWorks, "", "", kInputs,
     "heights and widths to choose from: \"224,224;448,448\""},
    {"dynamic_dims", kText, kWorks, "", "", kInputs,
     "dims to choose from, with --input_format=ND: \"1,128;4,256\""},
    {"insert_op_conf", kInputPath, kWorks, "", "", kInputs, "AIPP configuration file"},
    {"input_fp16_nodes", kText, kWorks, "", "", kInputs, "inputs that become float16: \"name1;name2\""},
    {"is_input_adjust_hw_layout", kText, kWorks, "", "", kInputs,
     "which of --input_fp16_nodes have the layout NC1HWC0: \"true,false\""},

    {"out_nodes", kText, kWorks, "", "", kOutputs, "outputs: \"node1:0;node2:1\" or names of ONNX outputs"},
    {"output_type", kText, kWorks, "", "", kOutputs,
     "FP32, FP16 or UINT8 for all outputs, or \"node:0:FP16;...\""},
    {"is_output_adjust_hw_layout", kText, kWorks, "", "", kOutputs,
     "which of --out_nodes become float16 in the layout NC1HWC0: \"true,false\""},

    {"precision_mode", kText, kNoEffect, "",
     "force_fp16|force_fp32|cube_fp16in_fp32out|allow_mix_precision|allow_mix_precision_fp16|allow_mix_"
     "precision_bf16|allow_fp32_to_fp16|must_keep_origin_dtype",
     kPrecision, "arithmetic is float32 in all modes, CAIRN_PRECISION changes it when a model runs"},
    {"precision_mode_v2", kText, kNoEffect, "",
     "fp16|origin|cube_fp16in_fp32out|mixed_float16|mixed_bfloat16|mixed_hif8|cube_hif8", kPrecision,
     "newer spelling of precision_mode; arithmetic is float32 in all modes"},
    {"op_precision_mode", kInputPath, kNoEffect, "", "", kPrecision,
     ".ini file of variants by operator type"},
    {"op_select_implmode", kText, kNoEffect, "",
     "high_performance|high_precision|high_performance_for_all|high_precision_for_all", kPrecision,
     "variant of operators"},
    {"optypelist_for_implmode", kText, kNoEffect, "", "", kPrecision,
     "operator types that op_select_implmode is for"},
    {"modify_mixlist", kInputPath, kNoEffect, "", "", kPrecision, "lists of mixed precision"},
    {"keep_dtype", kInputPath, kNoEffect, "", "", kPrecision, "operators that keep their precision"},
    {"customize_dtypes", kInputPath, kNoEffect, "", "", kPrecision, "types by operator"},
    {"fusion_switch_file", kInputPath, kNoEffect, "", "", kPrecision, "switches of fusion passes"},
    {"deterministic", kSwitch01, kNoEffect, "0", "", kPrecision, "results are always deterministic"},
    {"deterministic_level", kNumber, kNoEffect, "", "", kPrecision, "results are always deterministic"},
    {"allow_hf32", kText, kNoEffect, "", "", kPrecision, "32-bit hybrid floats"},
    {"is_weight_clip", kSwitch01, kNoEffect, "", "", kPrecision, "clipping of weights to float16"},

    {"log", kText, kWorks, "", "null|debug|info|warning|error", kOther, "level of log lines"},
    {"help", kText, kWorks, "", "", kOther, "print this page; --h does too"},
    {"display_model_info", kSwitch01, kWorks, "0", "", kOther,
     "1: print information about the offline model"},
    {"save_original_model", kTrueFalse, kWorks, "false", "", kOther, "write <output>_original.om too"},
    {"dump_mode", kSwitch01, kNoEffect, "0", "", kOther, "JSON of --mode=1 always has shapes"},
    {"check_report", kOutputPath, kWorks, "check_result.json", "", kOther, "report of --mode=3"},
    {"external_weight", kNumber, kWorks, "0", "0|1|2", kOther,
     "weights in the folder weight beside the model: 1 a file for each constant, 2 one file"},
    {"core_type", kText, kNoEffect, "", "AiCore|VectorCore", kOther, "kind of cores"},
    {"aicore_num", kText, kNoEffect, "", "", kOther, "number of cores"},
    {"buffer_optimize", kText, kNoEffect, "", "l2_optimize|l1_optimize|off_optimize", kOther,
     "use of on-chip buffers"},
    {"disable_reuse_memory", kSwitch01, kNoEffect, "0", "", kOther, "reuse of memory"},
    {"enable_small_channel", kSwitch01, kNoEffect, "0", "", kOther, "first convolution with few channels"},
    {"enable_compress_weight", kTrueFalse, kNoEffect, "", "", kOther, "compression of weights"},
    {"compress_weight_conf", kInputPath, kNoEffect, "", "", kOther,
     "layers whose weights are compressed, \"name1;name2\"; the names are checked"},
    {"compression_optimize_conf", kInputPath, kNoEffect, "", "", kOther, "compression"},
    {"sparsity", kSwitch01, kNoEffect, "", "", kOther, "structured sparsity"},
    {"enable_single_stream", kTrueFalse, kNoEffect, "", "", kOther, "a model always has one stream"},
    {"ac_parallel_enable", kSwitch01, kNoEffect, "", "", kOther, "AI CPU and AI Core at the same time"},
    {"atomic_clean_policy", kNumber, kNoEffect, "", "", kOther, "clearing of memory"},
    {"tiling_schedule_optimize", kSwitch01, kNoEffect, "", "", kOther, "tiling"},
    {"topo_sorting_mode", kNumber, kNoEffect, "", "", kOther, "order of operators"},
    {"quant_dumpable", kSwitch01, kNoEffect, "", "", kOther, "dump of quantised operators"},
    {"status_check", kSwitch01, kNoEffect, "0", "", kOther, "overflow checks"},
    {"virtual_type", kSwitch01, kNoEffect, "0", "", kOther, "virtual devices"},
    {"host_env_os", kText, kNoEffect, "", "linux", kOther, "system that a dynamic model runs on"},
    {"host_env_cpu", kText, kNoEffect, "", "x86_64|aarch64", kOther, "CPU that a dynamic model runs with"},
    {"shape_generalized_build_mode", kText, kNoEffect, "", "", kOther, "generalised shapes"},
    {"cluster_config", kInputPath, kNoEffect, "", "", kOther, "distribution"},
    {"distributed_cluster_build", kSwitch01, kNoEffect, "", "", kOther, "distribution"},
    {"op_debug_level", kNumber, kNoEffect, "0", "0|1|2|3|4", kOther, "debugging of kernels"},
    {"op_debug_config", kInputPath, kNoEffect, "", "", kOther, "debugging of kernels"},
    {"debug_dir", kOutputPath, kNoEffect, "", "", kOther, "folder of kernels"},
    {"op_compiler_cache_dir", kOutputPath, kNoEffect, "", "", kOther, "cache of kernels"},
    {"op_compiler_cache_mode", kText, kNoEffect, "", "disable|enable|force", kOther, "cache of kernels"},
    {"mdl_bank_path", kInputPath, kNoEffect, "", "", kOther, "tuning"},
    {"op_bank_path", kInputPath, kNoEffect, "", "", kOther, "tuning"},
    {"auto_tune_mode", kText, kNoEffect, "", "", kOther, "tuning"},
    {"device_id", kNumber, kNoEffect, "0", "", kOther, "device used while compiling"},
});

const AtcOption* find_option(std::string_view name) {
  for (const AtcOption& option : kOptions)
    if (option.name == name) return &option;
  return nullptr;
}

/// Letters to add, drop or change to get from one word to the other.
size_t edit_distance(std::string_view from, std::string_view to) {
  std::vector<size_t> row(to.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 0; i < from.size(); ++i) {
    size_t diagonal = row[0]++;
    for (size_t j = 0; j < to.size(); ++j) {
      const size_t change = diagonal + (from[i] == to[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({change, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row.back();
}

Status unknown_option(std::string_view name) {
  const std::string_view shown = name.substr(0, 80);
  const auto nearest =
      std::min_element(kOptions.begin(), kOptions.end(), [&](const AtcOption& a, const AtcOption& b) {
        return edit_distance(shown, a.name) < edit_distance(shown, b.name);
      });
  if (edit_distance(shown, nearest->name) > std::max<size_t>(2, shown.size() / 3))
    return compile_error("E10053", {fmt::format("there is no option --{}", shown)});
  return compile_error("E10053",
                       {fmt::format("there is no option --{}; did you mean --{}?", shown, nearest->name)});
}

bool is_listed(std::string_view value, std::string_view allowed) {
  while (!allowed.empty()) {
    const size_t bar = std::min(allowed.find('|'), allowed.size());
    if (allowed.substr(0, bar) == value) return true;
    allowed.remove_prefix(std::min(bar + 1, allowed.size()));
  }
  return false;
}

std::string with_commas(std::string_view allowed) {
  std::string text;
  for (const char letter : allowed)
    letter == '|' ? text += ", " : text += letter;
  return text;
}

/// Letters of any language, digits and "_-./", as the tool on the card takes them.
Status check_path(const AtcOption& option, std::string_view path) {
  if (path.size() > PATH_MAX)
    return compile_error(
        "E10021", {fmt::format("--{}", option.name), std::to_string(path.size()), std::to_string(PATH_MAX)});
  for (const char letter : path) {
    const auto byte = static_cast<unsigned char>(letter);
    if (byte >= 0x80 || std::isalnum(byte) || std::string_view("_-./").find(letter) != std::string_view::npos)
      continue;
    return compile_error("E10001",
                         {path, fmt::format("--{}", option.name),
                          fmt::format("character '{}' is not allowed; paths have letters, digits and _ - . /",
                                      byte < 0x20 ? '?' : letter)});
  }
  return {};
}

Status check_value(const AtcOption& option, const std::string& value) {
  const std::string name = fmt::format("--{}", option.name);
  if (value.empty()) return compile_error("E10004", {name});
  if (option.name == "log" && !is_listed(value, option.allowed)) return compile_error("E10010", {value});
  if (option.kind == kSwitch01 && value != "0" && value != "1") return compile_error("E10006", {value, name});
  if (option.kind == kTrueFalse && value != "true" && value != "false")
    return compile_error("E10005", {value, name});
  if (option.kind == kNumber) {
    int64_t number = 0;
    const auto [end, failure] = std::from_chars(value.data(), value.data() + value.size(), number);
    if (failure != std::errc() || end != value.data() + value.size())
      return compile_error("E10001", {value, name, "it must be a whole number"});
  }
  if (!option.allowed.empty() && !is_listed(value, option.allowed))
    return compile_error("E10001",
                         {value, name, fmt::format("it must be one of {}", with_commas(option.allowed))});
  if (option.kind == kInputPath || option.kind == kOutputPath)
    CAIRN_RETURN_IF_ERROR(check_path(option, value));
  return {};
}

Status check_support(const AtcOption& option, std::string_view value) {
  if (option.support != kNotYet || value == option.otherwise) return {};
  return compile_error("E10055", {fmt::format("--{} is not supported yet", option.name)});
}

/// Combinations that exclude or need one another.
Status check_combinations(const AtcArguments& arguments) {
  static constexpr std::array<std::string_view, 4> kShapes = {"dynamic_batch_size", "dynamic_image_size",
                                                              "dynamic_dims", "input_shape_range"};
  std::vector<std::string> given;
  for (const std::string_view name : kShapes)
    if (arguments.has(name)) given.push_back(fmt::format("--{}", name));
  if (given.size() > 1) return compile_error("E10009", {fmt::format("{}", fmt::join(given, ", "))});
  if (arguments.has("precision_mode") && arguments.has("precision_mode_v2"))
    return compile_error("E10056", {"--precision_mode", "--precision_mode_v2"});
  if (arguments.has("op_precision_mode") && arguments.has("op_select_implmode"))
    return compile_error("E10056", {"--op_precision_mode", "--op_select_implmode"});
  if (arguments.has("enable_compress_weight") && arguments.has("compress_weight_conf"))
    return compile_error("E10047", {"--enable_compress_weight", "--compress_weight_conf"});
  if (arguments.has("optypelist_for_implmode") && !arguments.has("op_select_implmode"))
    return compile_error("E10057", {"--optypelist_for_implmode", "--op_select_implmode"});
  return {};
}

}  // namespace

std::string_view atc_option_help(std::string_view name) {
  const AtcOption* const option = find_option(name);
  return option ? option->help : std::string_view();
}

bool is_atc_input_path(std::string_view name) {
  const AtcOption* const option = find_option(name);
  return option && option->kind == kInputPath;
}

std::span<const AtcOption> atc_options() {
  return kOptions;
}

Result<AtcArguments> AtcArguments::parse(std::span<const std::string> words) {
  AtcArguments arguments;
  arguments.cmdline_ = "atc";
  for (const std::string& word : words)
    arguments.cmdline_ += " " + word;
  for (size_t i = 0; i < words.size(); ++i) {
    std::string_view word = words[i];
    if (!word.starts_with('-') || word == "-" || word == "--")
      return compile_error("E10053", {fmt::format("[{}] is no option; options begin with --", word)});
    word.remove_prefix(word.starts_with("--") ? 2 : 1);
    const size_t equals = word.find('=');
    const std::string_view name = word.substr(0, equals);
    if (name == "help" || name == "h") {
      arguments.wants_help_ = true;
      return arguments;
    }
    const AtcOption* option = find_option(name);
    if (!option) return unknown_option(name);
    std::string value;
    if (equals != word.npos)
      value = word.substr(equals + 1);
    else if (i + 1 < words.size())
      value = words[++i];
    CAIRN_RETURN_IF_ERROR(check_value(*option, value));
    arguments.values_[std::string(name)] = std::move(value);
  }
  CAIRN_RETURN_IF_ERROR(check_combinations(arguments));
  for (const auto& [name, value] : arguments.values_)
    CAIRN_RETURN_IF_ERROR(check_support(*find_option(name), value));
  return arguments;
}

std::string AtcArguments::get(std::string_view name) const {
  const auto found = values_.find(name);
  if (found != values_.end()) return found->second;
  const AtcOption* option = find_option(name);
  return std::string(option ? option->otherwise : "");
}

std::vector<std::string_view> AtcArguments::without_effect() const {
  std::vector<std::string_view> names;
  for (const auto& [name, value] : values_)
    if (find_option(name)->support == kNoEffect) names.push_back(name);
  return names;
}

std::string atc_help() {
  std::string text =
      "atc converts a model of a framework to an offline model (.om), which acl.mdl.load_from_file loads.\n"
      "\n"
      "Usage: atc --framework=5 --model=FILE.onnx --output=PATH --soc_version=CHIP [OPTION]...\n"
      "Options are written --name=value or --name value.\n"
      "\n"
      "Examples:\n"
      "  atc --framework=5 --model=resnet50.onnx --output=resnet50 --soc_version=Ascend310P3 \\\n"
      "      --input_shape=\"input:1,3,224,224\"\n"
      "  atc --framework=5 --model=resnet50.onnx --output=resnet50_aipp --soc_version=Ascend310B4 \\\n"
      "      --input_shape=\"input:1,3,224,224\" --insert_op_conf=aipp.cfg --output_type=FP16\n"
      "  atc --mode=6 --om=resnet50.om\n"
      "  atc --mode=1 --om=resnet50.om --json=resnet50.json\n";
  std::string_view group;
  for (const AtcOption& option : kOptions) {
    if (option.group != group) text += fmt::format("\n{}:\n", group = option.group);
    std::string note;
    if (option.support == kNoEffect) note = " [no effect on a CPU]";
    if (option.support == kNotYet) note = " [not supported yet]";
    if (!option.otherwise.empty()) note += fmt::format(" (default {})", option.otherwise);
    text += fmt::format("  --{:<29}{}{}\n", option.name, option.help, note);
    if (!option.allowed.empty() && option.kind == kText)
      text += fmt::format("{:33}{}\n", "", with_commas(option.allowed));
  }
  return text;
}

}  // namespace cairn
