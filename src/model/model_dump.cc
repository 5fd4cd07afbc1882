#include "model/model_dump.h"

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "model/operator_overflow.h"

namespace cairn {
namespace {

namespace fs = std::filesystem;

/// Nodes that run nothing: constants, and the end of the graph.
bool is_operator(const OmNode& node) {
  return node.type != "Const" && node.type != "Constant" && node.type != "NetOutput";
}

size_t position_of(const std::vector<OmNode>& nodes, const std::string& name) {
  const auto found =
      std::find_if(nodes.begin(), nodes.end(), [&](const OmNode& node) { return node.name == name; });
  return static_cast<size_t>(found - nodes.begin());
}

/// Positions of the operators that an entry of "dump_list" names; unknown names are logged.
std::vector<bool> chosen_nodes(const std::vector<OmNode>& nodes, const DumpModelChoice& choice) {
  std::vector<bool> chosen(nodes.size(), choice.layers.empty() && choice.ranges.empty());
  const auto find = [&](const std::string& name) {
    const size_t position = position_of(nodes, name);
    if (position == nodes.size())
      log(LogLevel::kWarning, "ASCENDCL",
          "[DUMP-030] model {} has no operator {}; cairn inspect --ops lists them", choice.model_name, name);
    return position;
  };
  for (const std::string& layer : choice.layers)
    if (const size_t position = find(layer); position < nodes.size()) chosen[position] = true;
  for (const DumpRange& range : choice.ranges) {
    const size_t first = find(range.begin);
    const size_t last = find(range.end);
    for (size_t i = first; last < nodes.size() && i <= last; ++i)
      chosen[i] = true;
  }
  return chosen;
}

bool is_excluded(const std::vector<DumpExclusion>& exclusions, const std::string& name) {
  return std::any_of(exclusions.begin(), exclusions.end(),
                     [&](const DumpExclusion& one) { return one.everything && one.name == name; });
}

void hide(std::vector<DumpTensor>& tensors, const std::set<uint64_t>& numbers) {
  for (const uint64_t number : numbers)
    if (number < tensors.size()) tensors[number].bytes = {};
}

void hide(DumpOperator& one, const std::vector<DumpExclusion>& exclusions, const std::string& name) {
  for (const DumpExclusion& exclusion : exclusions) {
    if (exclusion.name != name) continue;
    hide(one.inputs, exclusion.inputs);
    hide(one.outputs, exclusion.outputs);
  }
}

}  // namespace

std::unique_ptr<ModelDump> ModelDump::create(std::shared_ptr<const DumpSession> session,
                                             Executable& executable, uint32_t model_id,
                                             const std::string& file_name) {
  if (!session) return nullptr;
  const DumpConfig& config = session->config;
  std::unique_ptr<ModelDump> dump(new ModelDump(std::move(session), executable, model_id));
  if (config.exceptions) return dump;
  if (config.overflow) {
    dump->choose_all();
    return dump;
  }
  for (const DumpModelChoice& choice : config.models)
    if (choice.model_name == file_name || choice.model_name == executable.info().name) {
      dump->choose(choice);
      return dump->wanted_.empty() ? nullptr : std::move(dump);
    }
  return nullptr;
}

void ModelDump::choose(const DumpModelChoice& choice) {
  choice_ = &choice;
  const std::vector<OmNode>& nodes = executable_.nodes();
  const std::vector<bool> chosen = chosen_nodes(nodes, choice);
  const DumpMode mode = session_->config.mode;
  for (size_t i = 0; i < nodes.size(); ++i)
    if (chosen[i] && is_operator(nodes[i]) && !is_excluded(choice.excluded_names, nodes[i].name) &&
        !is_excluded(choice.excluded_types, nodes[i].type))
      wanted_.push_back({i, mode != DumpMode::kOutput});
}

void ModelDump::choose_all() {
  const std::vector<OmNode>& nodes = executable_.nodes();
  for (size_t i = 0; i < nodes.size(); ++i)
    if (is_operator(nodes[i]) && nodes[i].type != "Data") wanted_.push_back({i, true});
}

InnerView& ModelDump::view(size_t gear) {
  const auto [entry, is_new] = views_.try_emplace(gear, executable_, gear);
  if (is_new) want_all(entry->second);
  return entry->second;
}

void ModelDump::want_all(InnerView& view) const {
  for (const Wanted& one : wanted_)
    view.want(one.node, one.inputs, true);
}

InnerView& ModelDump::open_view(std::span<const ShapedInput> inputs) {
  std::vector<std::vector<int64_t>> dims;
  for (const ShapedInput& input : inputs)
    dims.push_back(input.dims);
  if (open_view_ && dims == open_dims_) return *open_view_;
  open_view_ = std::make_unique<InnerView>(executable_, dims);
  open_dims_ = std::move(dims);
  want_all(*open_view_);
  return *open_view_;
}

void ModelDump::write_open(const TaskPlace& place, std::span<const ShapedInput> inputs) {
  const std::lock_guard lock(mutex_);
  const uint64_t execution = executions_++;
  if (!session_->config.has_step(execution)) return;
  std::vector<const void*> addresses;
  for (const ShapedInput& input : inputs)
    addresses.push_back(input.data);
  InnerView& shown = open_view(inputs);
  if (const Status status = shown.run_inside(addresses); !status.is_ok()) return report(status);
  write(place, shown, execution);
}

Status ModelDump::run(const TaskPlace& place, size_t gear, std::span<const void* const> inputs,
                      std::span<void* const> outputs, FloatOverflow& overflow) {
  const std::lock_guard lock(mutex_);
  const uint64_t execution = executions_++;
  if (!session_->config.has_step(execution)) return executable_.run(gear, inputs, outputs, overflow, false);
  InnerView& shown = view(gear);
  CAIRN_RETURN_IF_ERROR(shown.run(inputs, outputs, overflow));
  write(place, shown, execution);
  return {};
}

void ModelDump::write(const TaskPlace& place, const InnerView& view, uint64_t execution) const {
  const fs::path target = folder(place, execution);
  for (InnerView::Seen& seen : view.operators(place.stream_id)) {
    if (!seen.exists) continue;
    const Status status = session_->config.overflow ? write_overflow(target, seen.one, model_id_)
                                                    : write_operator(target, seen);
    if (status.is_ok()) continue;
    report(status);
    return;  // The next one would fail as well.
  }
}

Status ModelDump::write_operator(const fs::path& target, InnerView::Seen& seen) const {
  const DumpConfig& config = session_->config;
  if (config.mode == DumpMode::kInput) seen.one.outputs.clear();
  if (choice_ != nullptr) {
    hide(seen.one, choice_->excluded_names, executable_.nodes()[seen.node].name);
    hide(seen.one, choice_->excluded_types, executable_.nodes()[seen.node].type);
  }
  const uint64_t time = next_dump_time();
  if (config.statistics) return write_dump_statistics(target, seen.one, time, config.wanted_statistics);
  return write_dump_file(target, seen.one, time);
}

void ModelDump::write_failure(const TaskPlace& place, const DumpOperator& failed) const {
  const fs::path target =
      session_->config.path / "extra-info" / "data-dump" / std::to_string(place.device_id);
  const Status status = write_dump_file(target, failed, next_dump_time());
  if (!status.is_ok()) report(status);
}

fs::path ModelDump::folder(const TaskPlace& place, uint64_t execution) const {
  return session_->folder / std::to_string(place.device_id) / dump_directory_name(executable_.info().name) /
         std::to_string(model_id_) / std::to_string(execution);
}

void ModelDump::report(const Status& status) const {
  log(LogLevel::kError, "ASCENDCL", "{}", status.text());
}

}  // namespace cairn
