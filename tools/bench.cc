// cairn-bench: measures a model. `cairn bench` becomes this program, which links the runtime and not the .om
// container: that comes with the engine.
#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "bench_measure.h"
#include "bench_report.h"
#include "bench_scripts.h"

namespace cairn {
namespace {

namespace fs = std::filesystem;

struct Wishes {
  std::string model;
  std::string input_shape;
  BenchOptions bench;
  int threads = 0;
  bool json = false;
  std::string csv;
  std::string plot;
  bool profile = false;
  std::string against;
};

/// A folder that goes with the object.
class Workshop {
 public:
  Workshop() {
    std::string pattern = (fs::temp_directory_path() / "cairn-bench-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr)
      throw std::runtime_error(fmt::format("no folder for temporary files: {}", std::strerror(errno)));
    path_ = pattern;
  }
  Workshop(const Workshop&) = delete;
  Workshop& operator=(const Workshop&) = delete;
  ~Workshop() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

struct Outcome {
  int exit_code = 0;
  std::string output;  ///< stdout, and stderr with it.
};

/// Runs a program with `input` as its stdin.
Outcome run(const std::vector<std::string>& words, const fs::path& folder, const std::string& input = "") {
  const fs::path from = folder / "input";
  const fs::path to = folder / "output";
  std::ofstream(from) << input;
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_addopen(&actions, 0, from.c_str(), O_RDONLY, 0);
  ::posix_spawn_file_actions_addopen(&actions, 1, to.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  ::posix_spawn_file_actions_adddup2(&actions, 1, 2);
  std::vector<char*> arguments;
  for (const std::string& word : words)
    arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  pid_t child = 0;
  const int problem = ::posix_spawnp(&child, arguments.front(), &actions, nullptr, arguments.data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  if (problem != 0)
    throw std::runtime_error(fmt::format("{} cannot be started: {}", words.front(), std::strerror(problem)));
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  std::ifstream file(to);
  return {WIFEXITED(status) ? WEXITSTATUS(status) : 128,
          {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()}};
}

bool is_onnx(const std::string& model) {
  return fs::path(model).extension() == ".onnx";
}

/// The om file to measure: an ONNX file is converted first, by the atc that lies beside this program.
std::string om_of(const std::string& model, const std::string& input_shape, const Workshop& workshop) {
  std::error_code missing;
  if (!fs::is_regular_file(model, missing))
    throw std::runtime_error(fmt::format("{} is no file that can be read", model));
  if (!is_onnx(model)) {
    if (input_shape.empty()) return model;
    throw std::runtime_error("--input-shape is for .onnx files; an .om has the shapes that atc gave it");
  }
  const fs::path own = fs::read_symlink("/proc/self/exe");
  const fs::path target = workshop.path() / "model";
  std::vector<std::string> words = {(own.parent_path() / "atc").string(),
                                    "--model=" + fs::absolute(model).string(), "--framework=5",
                                    "--output=" + target.string(), "--soc_version=Ascend310P3"};
  if (!input_shape.empty()) words.push_back("--input_shape=" + input_shape);
  const Outcome atc = run(words, workshop.path());
  if (atc.exit_code != 0)
    throw std::runtime_error(fmt::format(
        "atc does not convert {}:\n{}\nGive open shapes with --input-shape; convert it with other "
        "options that it needs, then measure the .om",
        model, atc.output));
  return target.string() + ".om";
}

nlohmann::json onnxruntime_times(const Wishes& wishes, const Workshop& workshop) {
  if (!is_onnx(wishes.model))
    throw std::runtime_error(
        "--against runs the original beside the converted model: name the .onnx file instead of the .om");
  const fs::path script = workshop.path() / "bench_onnxruntime.py";
  std::ofstream(script) << kBenchOnnxRuntime;
  const Outcome found = run(
      {"python3", script.string(), fs::absolute(wishes.model).string(), std::to_string(wishes.bench.seconds),
       std::to_string(wishes.bench.warm_up), std::to_string(wishes.threads), wishes.input_shape},
      workshop.path());
  const nlohmann::json times = nlohmann::json::parse(found.output, nullptr, false);
  if (found.exit_code != 0 || !times.is_object())
    throw std::runtime_error(fmt::format(
        "ONNX Runtime cannot be measured (it needs 'pip install onnxruntime'):\n{}", found.output));
  return times;
}

void save_plot(const Wishes& wishes, const BenchResult& result, const nlohmann::json& report,
               const Workshop& workshop) {
  nlohmann::json picture = report;
  picture["latencies"] = result.latencies;
  const fs::path script = workshop.path() / "bench_plot.py";
  std::ofstream(script) << kBenchPlot;
  const Outcome drawn =
      run({"python3", script.string(), fs::absolute(wishes.plot).string()}, workshop.path(), picture.dump());
  if (drawn.exit_code != 0)
    throw std::runtime_error(
        fmt::format("{} cannot be drawn (it needs 'pip install pillow'):\n{}", wishes.plot, drawn.output));
}

void write_file(const std::string& path, const std::string& text) {
  std::ofstream file(path);
  file << text;
  file.close();
  if (!file) throw std::runtime_error(fmt::format("{} cannot be written: {}", path, std::strerror(errno)));
}

void bench(Wishes& wishes) {
  if (wishes.threads > 0) ::setenv("CAIRN_THREADS", std::to_string(wishes.threads).c_str(), 1);
  const Workshop workshop;
  wishes.bench.om = om_of(wishes.model, wishes.input_shape, workshop);
  // The other engine first and in a process of its own: threads of one would disturb the other.
  const nlohmann::json against =
      wishes.against.empty() ? nlohmann::json() : onnxruntime_times(wishes, workshop);
  BenchResult result = measure(wishes.bench);
  if (wishes.profile || !wishes.plot.empty()) profile(wishes.bench, result);
  const nlohmann::json report = bench_json(wishes.model, result, against);
  if (!wishes.csv.empty()) write_file(wishes.csv, bench_csv(result));
  if (!wishes.plot.empty()) save_plot(wishes, result, report, workshop);
  fmt::print("{}", wishes.json ? report.dump(1) + "\n" : bench_text(wishes.model, result, against));
}

}  // namespace
}  // namespace cairn

int main(int argc, char** argv) {
  try {
    cairn::Wishes wishes;
    CLI::App app("Measure a model: latency, throughput, copies, memory, operators", "cairn bench");
    app.add_option("model", wishes.model, "An .om file, or an .onnx file, which is converted first")
        ->required();
    app.add_option("--input-shape", wishes.input_shape,
                   "Shapes of an .onnx file that leaves them open: \"x:1,3,224,224;y:1,8\"");
    app.add_option("--seconds", wishes.bench.seconds, "Seconds of each measurement")
        ->capture_default_str()
        ->check(CLI::Range(0.01, 3600.0));
    app.add_option("--warm-up", wishes.bench.warm_up, "Runs that are not counted")
        ->capture_default_str()
        ->check(CLI::Range(0, 1000000));
    app.add_option("--streams", wishes.bench.streams, "Streams at once, for the throughput")
        ->capture_default_str()
        ->check(CLI::Range(1, 256));
    app.add_option("--threads", wishes.threads, "Threads of a run (CAIRN_THREADS); default: all cores")
        ->check(CLI::Range(1, 1024));
    app.add_option("--device", wishes.bench.device, "The device")->capture_default_str();
    app.add_flag("--profile", wishes.profile, "Measure each operator, too");
    app.add_option("--against", wishes.against, "Run the original .onnx beside it")
        ->check(CLI::IsMember({"onnxruntime"}));
    app.add_flag("--json", wishes.json, "Print JSON");
    app.add_option("--csv", wishes.csv, "Write times and operators to this CSV file");
    app.add_option("--save-plot", wishes.plot, "Draw latencies and operators into this PNG file");
    app.footer(
        "Examples:\n  cairn bench resnet50.om\n  cairn bench resnet50.om --streams 4 --profile\n"
        "  cairn bench resnet50.onnx --against onnxruntime --json\n"
        "  cairn bench open.onnx --input-shape x:8,3,224,224\n"
        "  cairn bench resnet50.om --csv times.csv --save-plot times.png");
    CLI11_PARSE(app, argc, argv);
    cairn::bench(wishes);
    return 0;
  } catch (const std::exception& problem) {
    fmt::print(stderr, "cairn: {}\n", problem.what());
    return 1;
  }
}
