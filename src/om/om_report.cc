#include "om/om_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "om/aipp_fields.h"
#include "om/om_types.h"

namespace cairn {
namespace {

using Json = nlohmann::ordered_json;

std::string_view short_type(aclDataType type) {
  const std::string_view name = om::type_name(type);
  return name.substr(3);  // Without "DT_".
}

std::string shape_text(const std::vector<int64_t>& dims) {
  return fmt::format("[{}]", fmt::join(dims, ", "));
}

std::string bytes_text(uint64_t bytes) {
  if (bytes >= 10 * 1024 * 1024) return fmt::format("{:.1f} MiB", static_cast<double>(bytes) / (1024 * 1024));
  if (bytes >= 10 * 1024) return fmt::format("{:.1f} KiB", static_cast<double>(bytes) / 1024);
  return fmt::format("{} bytes", bytes);
}

std::string tensor_text(const OmTensor& tensor) {
  return fmt::format("{:<8} {:<7} {:<22} {}", short_type(tensor.data_type), om::format_name(tensor.format),
                     shape_text(tensor.dims), bytes_text(tensor.bytes));
}

bool is_operator(const OmNode& node) {
  return node.type != "Data" && node.type != "Const" && node.type != "Constant" && node.type != "NetOutput";
}

/// Most frequent first.
std::vector<std::pair<std::string, size_t>> operator_counts(const OmModel& model) {
  std::map<std::string, size_t> counts;
  for (const OmNode& node : model.nodes)
    if (is_operator(node)) ++counts[node.type];
  std::vector<std::pair<std::string, size_t>> sorted(counts.begin(), counts.end());
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const auto& a, const auto& b) { return a.second > b.second; });
  return sorted;
}

std::string_view parameters_name(const OmAipp& aipp, const OmModel& model) {
  return aipp.parameters < model.inputs.size() ? std::string_view(model.inputs[aipp.parameters].name) : "?";
}

std::string dynamic_aipp_text(const OmAipp& aipp, const OmModel& model) {
  return fmt::format("dynamic, images of {} bytes at most, parameters in {}; writes {} {}",
                     aipp.params.max_src_image_size, parameters_name(aipp, model),
                     short_type(aipp.original.data_type), shape_text(aipp.original.dims));
}

std::string aipp_text(const OmAipp& aipp, const OmModel& model) {
  if (aipp.is_dynamic()) return dynamic_aipp_text(aipp, model);
  const AippParams& p = aipp.params;
  std::string text =
      fmt::format("static, {} {} x {}", to_string(p.input_format), p.src_image_size_w, p.src_image_size_h);
  if (p.crop)
    text += fmt::format(", crop {} x {} at ({}, {})", p.crop_size_w, p.crop_size_h, p.load_start_pos_w,
                        p.load_start_pos_h);
  if (p.csc_switch) text += ", colour conversion";
  if (p.rbuv_swap_switch) text += ", channel swap";
  if (p.padding)
    text += fmt::format(", padding {} {} {} {} (left, right, top, bottom)", p.left_padding_size,
                        p.right_padding_size, p.top_padding_size, p.bottom_padding_size);
  return text +
         fmt::format("; writes {} {}", short_type(aipp.original.data_type), shape_text(aipp.original.dims));
}

std::string_view gear_kind_text(OmGearKind kind) {
  switch (kind) {
    case OmGearKind::kBatch:
      return "batch";
    case OmGearKind::kImage:
      return "image size";
    default:
      return "dims";
  }
}

/// "batch: [1], [2], [4]".
std::string gears_text(const OmGears& gears) {
  std::string text = fmt::format("{}:", gear_kind_text(gears.kind));
  for (size_t i = 0; i < gears.list.size(); ++i)
    text += fmt::format("{} {}", i ? "," : "", shape_text(gears.list[i].values));
  return text;
}

/// "[1~8, 3, 0 or more]": the sizes that the dims of an input may have.
std::string ranges_text(const std::vector<DimRange>& ranges) {
  std::string text;
  for (const DimRange& range : ranges) {
    text += (text.empty() ? "" : ", ") + to_text(range);
  }
  return fmt::format("[{}]", text);
}

Json gears_json(const OmGears& gears) {
  Json json = {{"kind", gear_kind_text(gears.kind)}, {"gears", Json::array()}};
  for (const OmGears::Gear& gear : gears.list)
    json["gears"].push_back({{"values", gear.values}, {"output_dims", gear.outputs}});
  return json;
}

/// Control characters of names from files do not reach the terminal.
std::string printable(std::string text) {
  std::replace_if(
      text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; },
      '?');
  return text;
}

Json tensor_json(const OmTensor& tensor) {
  return {{"name", tensor.name},
          {"data_type", short_type(tensor.data_type)},
          {"format", om::format_name(tensor.format)},
          {"dims", tensor.dims},
          {"bytes", tensor.bytes}};
}

Json aipp_json(const OmAipp& aipp, const OmModel& model) {
  if (aipp.is_dynamic())
    return {{"mode", "dynamic"},
            {"max_src_image_size", aipp.params.max_src_image_size},
            {"parameters", parameters_name(aipp, model)},
            {"model_input", tensor_json(aipp.original)}};
  Json json = {{"mode", "static"}};
  om::for_each_aipp_field(aipp.params, [&](std::string_view key, auto value) {
    const std::string name(key);
    if constexpr (std::is_same_v<decltype(value), AippInputFormat>)
      json[name] = to_string(value);
    else if constexpr (!std::is_enum_v<decltype(value)>)
      json[name] = value;
  });
  json["model_input"] = tensor_json(aipp.original);
  return json;
}

}  // namespace

std::string om_display_info(const OmModel& model) {
  const OmPartitionSizes& sizes = model.partition_sizes;
  return fmt::format(
      "============ Display Model Info start ============\n"
      "Original Atc command line: {}\n"
      "system   info: atc_version[{}], soc_version[{}], framework_type[{}].\n"
      "resource info: memory_size[{} B], weight_size[{} B], stream_num[1], event_num[0].\n"
      "om       info: modeldef_size[{} B], weight_data_size[{} B], tbe_kernels_size[{} B], "
      "cust_aicpu_kernel_store_size[{} B], "
      "task_info_size[{} B].\n"
      "============ Display Model Info end   ============\n",
      printable(model.atc_cmdline), printable(model.atc_version), printable(model.soc_version),
      model.framework, model.memory_size, model.weight_size, sizes.model_def, sizes.weights, sizes.kernels,
      sizes.aicpu_kernels, sizes.tasks);
}

std::string om_inspection(const OmModel& model, uint64_t file_bytes, bool list_operators) {
  std::string text = fmt::format("model     {}\nsoc       {}\nmade by   atc {}\ncommand   {}\n", model.name,
                                 model.soc_version, model.atc_version, model.atc_cmdline);
  if (!model.defect.empty()) text += fmt::format("runs      no: {}\n", model.defect);
  text += fmt::format("size      {}: weights {}, graph {}, executable graph {}\n", bytes_text(file_bytes),
                      bytes_text(model.partition_sizes.weights), bytes_text(model.partition_sizes.model_def),
                      bytes_text(model.partition_sizes.kernels));
  text += fmt::format("memory    {} while it runs\n\ninputs\n", bytes_text(model.memory_size));
  for (size_t i = 0; i < model.inputs.size(); ++i) {
    const OmInput& input = model.inputs[i];
    text += fmt::format("  {:<3} {:<24} {}\n", i, input.name, tensor_text(input));
    if (input.aipp) text += fmt::format("      AIPP: {}\n", aipp_text(*input.aipp, model));
    if (!input.ranges.empty()) text += fmt::format("      sizes: {}\n", ranges_text(input.ranges));
  }
  if (model.gears) text += fmt::format("\ngears\n  {}\n", gears_text(*model.gears));
  text += "\noutputs\n";
  for (size_t i = 0; i < model.outputs.size(); ++i)
    text += fmt::format("  {:<3} {:<24} {}\n", i, model.outputs[i].name, tensor_text(model.outputs[i]));
  const auto counts = operator_counts(model);
  size_t total = 0;
  for (const auto& [type, count] : counts)
    total += count;
  text += fmt::format("\noperators {}\n", total);
  for (const auto& [type, count] : counts)
    text += fmt::format("  {:<5} {}\n", count, type);
  if (list_operators) {
    text += '\n';
    for (const OmNode& node : model.nodes) {
      if (!is_operator(node)) continue;
      const std::string shape = node.output_tensors.empty() ? "" : shape_text(node.output_tensors[0].dims);
      text += fmt::format("  {:<20} {:<22} {}\n", node.type, shape, node.name);
    }
  }
  // Lines are ours, what stands in them is the file's.
  std::string shown;
  for (const char letter : text)
    shown += (static_cast<unsigned char>(letter) < 0x20 && letter != '\n') || letter == 0x7F ? '?' : letter;
  return shown;
}

std::string om_inspection_json(const OmModel& model, uint64_t file_bytes, bool list_operators) {
  Json json = {{"name", model.name},
               {"soc_version", model.soc_version},
               {"atc_version", model.atc_version},
               {"atc_cmdline", model.atc_cmdline},
               {"framework", model.framework},
               {"executable", model.defect.empty()},
               {"file_bytes", file_bytes},
               {"memory_bytes", model.memory_size},
               {"weight_bytes", model.weight_size}};
  json["partitions"] = {{"model_def", model.partition_sizes.model_def},
                        {"weights", model.partition_sizes.weights},
                        {"tbe_kernels", model.partition_sizes.kernels},
                        {"cust_aicpu_kernels", model.partition_sizes.aicpu_kernels},
                        {"task_info", model.partition_sizes.tasks}};
  json["inputs"] = Json::array();
  for (const OmInput& input : model.inputs) {
    Json entry = tensor_json(input);
    entry["dims_v2"] = input.dims_v2;
    if (input.aipp) entry["aipp"] = aipp_json(*input.aipp, model);
    for (const DimRange& range : input.ranges)
      entry["ranges"].push_back({range.least, range.most});
    json["inputs"].push_back(std::move(entry));
  }
  if (model.gears) json["dynamic"] = gears_json(*model.gears);
  json["outputs"] = Json::array();
  for (const OmTensor& output : model.outputs)
    json["outputs"].push_back(tensor_json(output));
  json["operator_counts"] = Json::object();
  for (const auto& [type, count] : operator_counts(model))
    json["operator_counts"][type] = count;
  if (list_operators) {
    json["operators"] = Json::array();
    for (const OmNode& node : model.nodes) {
      if (!is_operator(node)) continue;
      Json inputs = Json::array();
      for (const OmSource& source : node.inputs)
        inputs.push_back(source.node.empty() ? "" : fmt::format("{}:{}", source.node, source.output));
      Json outputs = Json::array();
      for (const OmTensor& tensor : node.output_tensors)
        outputs.push_back(tensor_json(tensor));
      json["operators"].push_back(
          {{"name", node.name}, {"type", node.type}, {"inputs", inputs}, {"outputs", outputs}});
    }
  }
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace cairn
