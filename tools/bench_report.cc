#include "bench_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace cairn {
namespace {

constexpr size_t kOperatorsShown = 15;
constexpr double kIdle = 0.85;          ///< Below this share of the cores there is room for more.
constexpr double kCopiesMatter = 0.15;  ///< Share of the latency.

using Named = std::pair<const char*, const BenchTimes*>;

std::array<Named, 5> times_of(const BenchResult& result) {
  return {{{"latency", &result.latency},
           {"host to device", &result.host_to_device},
           {"enqueue", &result.enqueue},
           {"compute", &result.compute},
           {"device to host", &result.device_to_host}}};
}

std::string megabytes(size_t bytes) {
  return fmt::format("{:.1f} MB", static_cast<double>(bytes) / 1e6);
}

std::string tensor_text(const BenchTensor& tensor) {
  return fmt::format("{} [{}] {} bytes", tensor.name, fmt::join(tensor.dims, ", "), tensor.bytes);
}

nlohmann::json times_json(const BenchTimes& times) {
  return {{"count", times.count}, {"mean", times.mean}, {"min", times.least}, {"p50", times.p50},
          {"p90", times.p90},     {"p95", times.p95},   {"p99", times.p99},   {"max", times.most}};
}

nlohmann::json tensor_json(const BenchTensor& tensor) {
  return {
      {"name", tensor.name}, {"dims", tensor.dims}, {"data_type", tensor.data_type}, {"bytes", tensor.bytes}};
}

/// A field of a CSV file: quoted where it has to be.
std::string csv_field(const std::string& text) {
  if (text.find_first_of(",\"\n\r") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char letter : text)
    quoted += letter == '"' ? std::string("\"\"") : std::string(1, letter);
  return quoted + '"';
}

std::string operators_text(const BenchResult& result) {
  double total = 0;
  for (const BenchOperator& each : result.operators)
    total += each.us;
  std::string text = fmt::format("\nOperators, {:.1f} us in all (with the cost of measuring)\n", total);
  text += fmt::format("{:>10} {:>6}  {:<18} {:<24} {}\n", "us", "share", "type", "kernel", "name");
  for (size_t i = 0; i < std::min(kOperatorsShown, result.operators.size()); ++i) {
    const BenchOperator& each = result.operators[i];
    text += fmt::format("{:>10.1f} {:>5.1f}%  {:<18} {:<24} {}\n", each.us,
                        total > 0 ? 100 * each.us / total : 0, each.type, each.kernel, each.name);
  }
  if (result.operators.size() > kOperatorsShown)
    text += fmt::format("{:>10} {} more; --json and --csv have them all\n", "...",
                        result.operators.size() - kOperatorsShown);
  return text;
}

}  // namespace

std::string bench_hint(const BenchResult& result) {
  const double copies = result.host_to_device.p50 + result.device_to_host.p50;
  if (result.busy < kIdle && result.streams < result.cores)
    return fmt::format("The cores were {:.0f} % busy: try --streams {} for more runs per second.",
                       100 * result.busy, std::min(result.cores, 2 * result.streams));
  if (result.busy < kIdle)
    return fmt::format(
        "The cores were {:.0f} % busy on as many streams as cores: other programs, or steps that run in one "
        "thread, hold the network up; --profile shows the operators, a larger batch gives each more work.",
        100 * result.busy);
  if (copies > kCopiesMatter * result.latency.p50)
    return fmt::format(
        "Copies are {:.0f} % of the latency: keep data on the device, use memory of acl.rt.malloc_host, or "
        "put "
        "the conversion of pictures into the model with AIPP (atc --insert_op_conf).",
        100 * copies / result.latency.p50);
  return {};
}

std::string bench_text(const std::string& model, const BenchResult& result, const nlohmann::json& against) {
  std::string text = model + "\n";
  for (const BenchTensor& input : result.inputs)
    text += "  input   " + tensor_text(input) + "\n";
  for (const BenchTensor& output : result.outputs)
    text += "  output  " + tensor_text(output) + "\n";
  text += fmt::format("\n{:<16}{:>10}{:>10}{:>10}{:>10}{:>10}{:>10}  us, {} runs\n", "", "mean", "p50", "p90",
                      "p95", "p99", "max", result.latency.count);
  for (const auto& [name, times] : times_of(result))
    text += fmt::format("{:<16}{:>10.1f}{:>10.1f}{:>10.1f}{:>10.1f}{:>10.1f}{:>10.1f}\n", name, times->mean,
                        times->p50, times->p90, times->p95, times->p99, times->most);
  text += fmt::format("\nthroughput      {:.1f} runs/s on {} stream{}, {} cores {:.0f} % busy\n",
                      result.runs_per_second, result.streams, result.streams == 1 ? "" : "s", result.cores,
                      100 * result.busy);
  text += fmt::format("load            {:.1f} ms\n", result.load_ms);
  text += fmt::format("memory          work {}, weights {}, loaded {}, peak {}\n",
                      megabytes(result.work_bytes), megabytes(result.weight_bytes),
                      megabytes(result.loaded_bytes), megabytes(result.peak_bytes));
  if (!against.is_null())
    text += fmt::format(
        "{:<16}latency p50 {:.1f} us, {:.1f} runs/s: Cairn's latency is {:.2f} x, its throughput {:.2f} x\n",
        against.at("engine").get<std::string>(), against.at("latency").at("p50").get<double>(),
        against.at("runs_per_second").get<double>(),
        result.latency.p50 / against.at("latency").at("p50").get<double>(),
        result.runs_per_second / against.at("runs_per_second").get<double>());
  if (!result.operators.empty()) text += operators_text(result);
  if (const std::string hint = bench_hint(result); !hint.empty()) text += "\n" + hint + "\n";
  return text;
}

nlohmann::json bench_json(const std::string& model, const BenchResult& result,
                          const nlohmann::json& against) {
  nlohmann::json report = {{"model", model},
                           {"unit", "us"},
                           {"load_ms", result.load_ms},
                           {"streams", result.streams},
                           {"runs_per_second", result.runs_per_second},
                           {"cores", result.cores},
                           {"busy", result.busy},
                           {"hint", bench_hint(result)}};
  for (const BenchTensor& input : result.inputs)
    report["inputs"].push_back(tensor_json(input));
  for (const BenchTensor& output : result.outputs)
    report["outputs"].push_back(tensor_json(output));
  for (auto [name, times] : times_of(result)) {
    std::string key = name;
    std::ranges::replace(key, ' ', '_');
    report[key] = times_json(*times);
  }
  report["memory"] = {{"work", result.work_bytes},
                      {"weights", result.weight_bytes},
                      {"loaded", result.loaded_bytes},
                      {"peak", result.peak_bytes}};
  report["operators"] = nlohmann::json::array();
  for (const BenchOperator& each : result.operators)
    report["operators"].push_back(
        {{"name", each.name}, {"type", each.type}, {"kernel", each.kernel}, {"us", each.us}});
  report["against"] = against;
  return report;
}

std::string bench_csv(const BenchResult& result) {
  std::string text = "kind,name,type,kernel,count,mean_us,min_us,p50_us,p90_us,p95_us,p99_us,max_us\n";
  for (const auto& [name, times] : times_of(result))
    text +=
        fmt::format("time,{},,,{},{:.3f},{:.3f},{:.3f},{:.3f},{:.3f},{:.3f},{:.3f}\n", name, times->count,
                    times->mean, times->least, times->p50, times->p90, times->p95, times->p99, times->most);
  for (const BenchOperator& each : result.operators)
    text += fmt::format("operator,{},{},{},,{:.3f},,,,,,\n", csv_field(each.name), csv_field(each.type),
                        csv_field(each.kernel), each.us);
  return text;
}

}  // namespace cairn
