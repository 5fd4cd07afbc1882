// cairn: looks into files and what is in force, measures and compares models, and checks programs.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>
#include <string>

#include "cairn_check.h"
#include "cairn_doctor.h"
#include "model/model_load.h"
#include "om/mapped_file.h"
#include "om/om_report.h"
#include "om/om_weight_files.h"
#include "other_programs.h"

namespace {

struct InspectOptions {
  std::string file;
  bool json = false;
  bool operators = false;
};

/// Why the model cannot be executed; empty if it can. Weights may lie in files beside it.
std::string defect_of(const std::string& path, const cairn::MappedFile& file, const cairn::OmModel& model) {
  if (cairn::find_weight_files(file.bytes()).empty()) return model.defect;
  const auto whole = cairn::read_model_file(path.c_str());
  if (!whole.is_ok()) return std::string(whole.status().text());
  const auto complete = cairn::read_om(whole->span(), cairn::OmUse::kDescribe);
  return complete.is_ok() ? complete->defect : std::string(complete.status().text());
}

int inspect(const InspectOptions& options) {
  std::string reason;
  const cairn::MappedFile file = cairn::MappedFile::open(options.file, reason);
  if (file.bytes().empty()) {
    fmt::print(stderr, "cairn: {} cannot be read: {}\n", options.file, reason);
    return 1;
  }
  auto model = cairn::read_om(file.bytes(), cairn::OmUse::kDescribe);
  if (!model.is_ok()) {
    fmt::print(stderr, "cairn: {}: {}\n", options.file, model.status().text());
    return 1;
  }
  model->defect = defect_of(options.file, file, *model);
  const auto describe = options.json ? cairn::om_inspection_json : cairn::om_inspection;
  fmt::print("{}", describe(*model, file.bytes().size(), options.operators));
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    CLI::App app(
        "Cairn runs programs for Ascend NPUs on any machine. This command looks into its files "
        "and settings, measures and compares models, and checks programs.",
        "cairn");
    int exit_code = 0;
    app.set_version_flag("--version", "cairn " CAIRN_VERSION);
    app.require_subcommand(1);
    app.footer(
        "Examples:\n  cairn inspect resnet50.om\n  cairn inspect --json --ops resnet50.om\n  cairn doctor\n"
        "  cairn bench resnet50.om\n  cairn check -- python app.py\n  cairn compare net.om net.onnx");

    InspectOptions options;
    CLI::App* command = app.add_subcommand(
        "inspect", "Print what an offline model holds: inputs, outputs, AIPP, operators, sizes");
    command->add_option("file", options.file, "The .om file")->required();
    command->add_flag("--json", options.json, "Print JSON");
    command->add_flag("--ops", options.operators, "List each operator");
    command->callback([&] { exit_code = inspect(options); });
    cairn::add_doctor(app, exit_code);
    const CLI::App* const bench = cairn::add_bench_command(app);
    const CLI::App* const check = cairn::add_check_command(app);
    const CLI::App* const compare = cairn::add_compare_command(app);
    CLI11_PARSE(app, argc, argv);
    if (compare->parsed()) return cairn::run_compare(*compare);
    if (bench->parsed()) return cairn::run_bench(*bench);
    return check->parsed() ? cairn::run_check() : exit_code;
  } catch (const std::exception& failure) {
    std::fprintf(stderr, "cairn: %s\n", failure.what());
    return 1;
  }
}
