#include "cairn_doctor.h"

#include <dlfcn.h>
#include <fmt/format.h>
#include <jconfig.h>
#include <link.h>
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "base/environment.h"
#include "base/environment_table.h"
#include "base/plog_file.h"
#include "cairn_doctor_report.h"
#include "device/device_memory.h"
#include "device/process_registry.h"
#include "device/runtime.h"
#include "device/soc_profile.h"

#define CAIRN_TEXT_OF(x) #x
#define CAIRN_TEXT_OF_VALUE(x) CAIRN_TEXT_OF(x)

namespace cairn {
namespace {

namespace fs = std::filesystem;

bool is_set(const char* name) {
  return !environment_string(name).empty();
}

/// "CAIRN_DEVICES" if that variable is what makes it so.
std::string why(const char* name, std::string_view otherwise) {
  const EnvironmentVariable* variable = find_environment_variable(name);
  const std::string value = environment_string(name);
  if (value.empty()) return std::string(otherwise);
  return variable != nullptr && defect_of_value(*variable, value).empty() ? fmt::format("{}={}", name, value)
                                                                          : std::string(otherwise);
}

/// The folder of libcairn_core.so, which this program has loaded.
fs::path library_folder() {
  Dl_info about{};
  if (dladdr(reinterpret_cast<const void*>(&find_soc_profile), &about) == 0 || about.dli_fname == nullptr)
    return {};
  return fs::weakly_canonical(about.dli_fname).parent_path();
}

/// Where the library whose file name begins with `name` was loaded from, or nothing.
std::string loaded_from(std::string_view name) {
  struct Search {
    std::string_view name;
    std::string path;
  } search{name, ""};
  dl_iterate_phdr(
      [](dl_phdr_info* library, size_t, void* data) {
        auto& wanted = *static_cast<Search*>(data);
        const std::string_view path = library->dlpi_name;
        if (path.substr(path.rfind('/') + 1).starts_with(wanted.name)) wanted.path = path;
        return 0;
      },
      &search);
  std::error_code failure;
  const fs::path real = fs::canonical(search.path, failure);
  return failure ? search.path : real.string();
}

/// The value behind `key` in a file of lines "key : value", such as /proc/cpuinfo; the first one.
std::string value_in(const char* file, std::string_view key) {
  std::ifstream lines(file);
  for (std::string line; std::getline(lines, line);) {
    const size_t colon = line.find(':');
    if (!line.starts_with(key) || colon == std::string::npos) continue;
    if (line.find_first_not_of(" \t", key.size()) != colon) continue;
    const size_t start = line.find_first_not_of(" \t", colon + 1);
    return start == std::string::npos ? "" : line.substr(start);
  }
  return "";
}

void examine_installation(DoctorReport& report, const fs::path& tree) {
  report.begin("cairn");
  report.fact("version", CAIRN_VERSION);
  report.fact("toolkit", tree.string());
  for (const char* part : {"lib64/libascendcl.so", "lib64/libacl_dvpp.so", "lib64/libcairn_engine.so",
                           "bin/atc", "bin/npu-smi", "include/acl/acl.h"})
    if (!fs::exists(tree / part))
      report.broken(fmt::format("{} is missing", (tree / part).string()), "install Cairn again");
  if (is_set("CAIRN_HOME") && fs::weakly_canonical(environment_string("CAIRN_HOME")) != tree)
    report.note(fmt::format("CAIRN_HOME is {}, but this command belongs to {}",
                            environment_string("CAIRN_HOME"), tree.string()),
                "source the set_env.sh of the one that you want, in a new shell");
}

void examine_chip(DoctorReport& report) {
  const SocProfile& soc = current_soc();
  report.begin("chip");
  const std::string name = environment_string("CAIRN_SOC");
  if (!name.empty() && find_soc_profile(name) == nullptr)
    report.broken(fmt::format("CAIRN_SOC={} is no chip that Cairn knows", name),
                  fmt::format("set it to one of {}", known_soc_names()));
  report.fact(
      "name", soc.name,
      soc.lenient ? "default: every feature works and every .om loads" : fmt::format("CAIRN_SOC={}", name));
  report.fact("run mode", soc.run_mode == ACL_HOST ? "host" : "device",
              soc.run_mode == ACL_HOST ? "device memory is not readable by the program: copy with aclrtMemcpy"
                                       : "device memory is the program's memory, too");
  report.fact("memory kind", soc.has_hbm ? "HBM" : "DDR");

  const int64_t all = environment_int("CAIRN_DEVICES", 1);
  report.fact("devices", all, why("CAIRN_DEVICES", "default"));
  const uint32_t visible = Runtime::get().device_count();
  const char* list = std::getenv("ASCEND_RT_VISIBLE_DEVICES");
  report.fact("visible devices", visible,
              list != nullptr ? fmt::format("ASCEND_RT_VISIBLE_DEVICES={}", list) : std::string("all"));
  if (list != nullptr) {
    const std::string_view entries(list);
    const auto asked = entries.empty() ? 0 : std::ranges::count(entries, ',') + 1;
    if (visible < asked)
      report.broken(
          fmt::format("ASCEND_RT_VISIBLE_DEVICES={} names {} devices, but {} are visible", list, asked,
                      visible),
          fmt::format("the list ends at the first entry that is no device or comes twice; devices are 0 .. "
                      "{}, CAIRN_DEVICES sets how many",
                      all - 1));
    else if (visible == 0)
      report.note("ASCEND_RT_VISIBLE_DEVICES is empty: no device is visible", "unset it to see all");
  }

  const auto megabytes = environment_int("CAIRN_MEMORY_MB", static_cast<int64_t>(soc.memory_bytes >> 20));
  report.fact("memory of each (MB)", megabytes, why("CAIRN_MEMORY_MB", "what the chip has"));
  const auto memory = DeviceMemory::create(0, soc, static_cast<size_t>(megabytes) << 20);
  if (!memory.is_ok())
    report.broken(fmt::format("device memory cannot be made: {}", memory.status().text()),
                  "set CAIRN_MEMORY_MB to less, or raise the limit of address space (ulimit -v)");
  const auto workers = environment_int("CAIRN_THREADS", std::max(2U, std::thread::hardware_concurrency()));
  report.fact("workers of each", workers, why("CAIRN_THREADS", "one for each core, at least 2"));
}

void examine_processor(DoctorReport& report) {
  report.begin("processor");
  std::string model = value_in("/proc/cpuinfo", "model name");
  report.fact("model", model.empty() ? "unknown" : model);
  const long cores = ::sysconf(_SC_NPROCESSORS_ONLN);
  cpu_set_t allowed;
  CPU_ZERO(&allowed);
  const long usable = ::sched_getaffinity(0, sizeof allowed, &allowed) == 0 ? CPU_COUNT(&allowed) : cores;
  report.fact("cores", cores);
  report.fact("cores of this process", usable,
              usable < cores ? "limited by its affinity (taskset, cgroup)" : "all");
  const int64_t threads = environment_int("CAIRN_THREADS", 0);
  if (threads > usable)
    report.note(fmt::format("CAIRN_THREADS={} is more than the {} cores that may be used", threads, usable),
                "more threads than cores make programs slower");

  std::string flags = value_in("/proc/cpuinfo", "flags");
  if (flags.empty()) flags = value_in("/proc/cpuinfo", "Features");
  std::istringstream words(flags);
  std::vector<std::string> found;
  for (std::string word; words >> word;) {
    constexpr auto kVectorSets = std::to_array<std::string_view>(
        {"sse4_2",      "avx",         "avx2",        "fma",      "f16c",     "avx512f",  "avx512bw",
         "avx512_vnni", "avx512_bf16", "avx512_fp16", "avx_vnni", "amx_bf16", "amx_int8", "asimd",
         "asimdhp",     "asimddp",     "bf16",        "i8mm",     "sve",      "sve2"});
    if (std::ranges::find(kVectorSets, word) != kVectorSets.end()) found.push_back(word);
  }
  report.fact("vector sets", found.empty() ? "unknown" : fmt::format("{}", fmt::join(found, " ")));
  const auto has = [&](std::string_view set) { return std::ranges::find(found, set) != found.end(); };
  if (has("sse4_2") && !has("avx2"))
    report.note("the processor has no AVX2",
                "networks run, but several times slower than on one that has it");
  if (environment_string("CAIRN_PRECISION") == "bf16" && !has("avx512_bf16") && !has("amx_bf16") &&
      !has("bf16"))
    report.note("CAIRN_PRECISION=bf16, but the processor has no bfloat16 arithmetic",
                "unset it: it saves no time here");

  report.begin("host memory");
  std::istringstream total(value_in("/proc/meminfo", "MemTotal"));
  std::istringstream available(value_in("/proc/meminfo", "MemAvailable"));
  int64_t total_kb = 0;
  int64_t available_kb = 0;
  total >> total_kb;
  available >> available_kb;
  report.fact("total (MB)", total_kb / 1024);
  report.fact("available (MB)", available_kb / 1024);
  if (available && available_kb < 512 * 1024)
    report.note(fmt::format("{} MB of host memory are available", available_kb / 1024),
                "device memory is host memory: end other programs, or expect this one to be killed");
}

/// What a command of the shell says, and its exit code.
std::string output_of(const std::string& command, int* exit_code = nullptr) {
  std::string text;
  FILE* pipe = ::popen(command.c_str(), "r");
  if (pipe == nullptr) return text;
  std::array<char, 4096> part{};
  while (const size_t length = std::fread(part.data(), 1, part.size(), pipe))
    text.append(part.data(), length);
  const int status = ::pclose(pipe);
  if (exit_code != nullptr) *exit_code = status;
  return text;
}

/// The word as the shell takes it unchanged.
std::string quoted(const std::string& word) {
  std::string text = "'";
  for (const char c : word)
    text += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return text + "'";
}

void examine_engine(DoctorReport& report, const fs::path& tree) {
  report.begin("engine");
  // In a process of its own: atc links the engine, and what goes wrong there goes wrong there.
  int exit_code = 0;
  const std::string said = output_of(quoted((tree / "bin/atc").string()) + " --version 2>&1", &exit_code);
  std::istringstream lines(said);
  std::string line;
  std::string version;
  fs::path openvino;
  while (std::getline(lines, line)) {
    if (line.starts_with("OpenVINO ")) version = line.substr(9);
    if (line.starts_with("path ")) openvino = line.substr(5);
  }
  if (exit_code != 0 || version.empty()) {
    report.fact("OpenVINO", "not found");
    report.broken(
        fmt::format("the model engine cannot be opened: {}", said.substr(0, said.find_last_not_of('\n') + 1)),
        "install the OpenVINO runtime with 'pip install openvino', or put the folder of libopenvino.so on "
        "LD_LIBRARY_PATH; networks need it");
    return;
  }
  report.fact("OpenVINO", version);
  report.fact("path", openvino.string());
  report.fact("precision", environment_string("CAIRN_PRECISION") == "bf16" ? "bf16" : "f32",
              why("CAIRN_PRECISION", "default"));
  const auto has_part = [&](std::string_view name) {
    std::error_code failure;
    for (const auto& entry : fs::directory_iterator(openvino.parent_path(), failure))
      if (entry.path().filename().string().find(name) != std::string::npos) return true;
    return false;
  };
  if (!has_part("_cpu_plugin.so"))
    report.broken(fmt::format("OpenVINO's CPU plugin is not in {}", openvino.parent_path().string()),
                  "install OpenVINO again with 'pip install openvino'");
  if (!has_part("openvino_onnx_frontend.so"))
    report.broken(fmt::format("OpenVINO's reader of ONNX is not in {}", openvino.parent_path().string()),
                  "install OpenVINO again with 'pip install openvino'; atc needs it");
}

void examine_pictures(DoctorReport& report, const fs::path& libraries) {
  report.begin("pictures");
  if (dlopen((libraries / "libacl_dvpp.so").c_str(), RTLD_NOW | RTLD_LOCAL) == nullptr) {
    const char* reason = dlerror();
    report.broken(
        fmt::format("the library of acl.media cannot be opened: {}", reason != nullptr ? reason : "?"),
        "install libjpeg62-turbo and libyuv0 with apt-get");
    return;
  }
  report.fact("libjpeg-turbo", CAIRN_TEXT_OF_VALUE(LIBJPEG_TURBO_VERSION), "what Cairn was built with");
  report.fact("libjpeg", loaded_from("libjpeg"));
  report.fact("libyuv", loaded_from("libyuv"));
}

void examine_python(DoctorReport& report) {
  report.begin("python");
  constexpr const char* kQuestion = R"(python3 -c '
import importlib.util, sys
print(sys.executable)
print(sys.version.split()[0])
found = importlib.util.find_spec("acl")
print(found.origin if found else "")
if found:
    try:
        import acl
        print("Cairn" if hasattr(acl, "_acl") and hasattr(acl, "rt") else "another module")
    except BaseException as problem:
        print(type(problem).__name__ + ": " + " ".join(str(problem).split()))
' 2>/dev/null)";
  std::istringstream answer(output_of(kQuestion));
  std::string program;
  std::string version;
  std::string module;
  std::string state;
  std::getline(answer, program);
  std::getline(answer, version);
  std::getline(answer, module);
  std::getline(answer, state);
  if (version.empty()) {
    report.fact("python3", "not found");
    report.note("python3 is not on the path", "only programs in C and C++ can be run");
    return;
  }
  report.fact("python3", version, program);
  report.fact("module acl", module.empty() ? "not found" : module);
  if (module.empty())
    report.note("Python does not find the module acl",
                "install the wheel with 'pip install', or source set_env.sh of the toolkit tree");
  else if (state == "another module")
    report.broken(fmt::format("{} is another module of the name acl", module),
                  "put Cairn's folder in front of it on PYTHONPATH, or remove the other package");
  else if (state != "Cairn")
    report.broken(fmt::format("Python cannot import acl: {}", state),
                  "use the Python that the module was built for, and install Cairn again");
}

/// True if the folder can be written, or made.
bool is_writable(fs::path folder) {
  std::error_code failure;
  while (!folder.empty() && !fs::exists(folder, failure) && folder != folder.parent_path())
    folder = folder.parent_path();
  // Tried out: for an administrator the permissions say nothing.
  std::string name = (folder / ".cairn-doctor-XXXXXX").string();
  return ::mkdtemp(name.data()) != nullptr && ::rmdir(name.c_str()) == 0;
}

void examine_log(DoctorReport& report) {
  report.begin("log");
  constexpr std::array kLevels = {"debug", "info", "warning", "error", "none"};
  const auto level = static_cast<size_t>(environment_int("ASCEND_GLOBAL_LOG_LEVEL", 3));
  report.fact("level", kLevels.at(level), why("ASCEND_GLOBAL_LOG_LEVEL", "default"));
  if (environment_int("ASCEND_SLOG_PRINT_TO_STDOUT", 0) == 1) {
    report.fact("written to", "stdout", "ASCEND_SLOG_PRINT_TO_STDOUT=1");
    return;
  }
  const std::string folder = plog_directory();
  report.fact("written to", folder,
              is_set("ASCEND_PROCESS_LOG_PATH") ? "ASCEND_PROCESS_LOG_PATH"
              : is_set("ASCEND_WORK_PATH")      ? "ASCEND_WORK_PATH"
                                                : "default");
  if (!is_writable(folder))
    report.broken(fmt::format("log files cannot be written to {}", folder),
                  "set ASCEND_PROCESS_LOG_PATH to a folder of yours");
}

void examine_registry(DoctorReport& report) {
  report.begin("npu-smi");
  const std::vector<std::string> paths = registry_paths();
  if (paths.empty()) {
    report.fact("registry", "off", "CAIRN_REGISTRY=0");
    return;
  }
  const auto others = read_processes(paths);
  const ProcessRegistry registry(paths, current_soc().name, 1);
  report.fact("registry", registry.path().empty() ? "not usable" : registry.path());
  report.fact("processes", others.size(), "programs of this user that use devices now");
  if (!registry.problem().empty())
    report.broken(
        fmt::format("npu-smi will not show programs: {}", registry.problem()),
        "make /dev/shm writable, name another file with CAIRN_REGISTRY=/path, or set CAIRN_REGISTRY=0");
}

/// What a table of ranges cannot tell.
std::string defect_beyond_table(std::string_view name, std::string_view value) {
  if (name == "CAIRN_REGISTRY" && value != "0" && !value.starts_with('/'))
    return "it has to be 0 or a path that begins with /";
  if (name == "ASCEND_MODULE_LOG_LEVEL") {
    std::istringstream entries{std::string(value)};
    for (std::string entry; std::getline(entries, entry, ':');) {
      const size_t sign = entry.find('=');
      if (sign == std::string::npos || sign == 0 || entry.size() != sign + 2 || entry.back() < '0' ||
          entry.back() > '4')
        return fmt::format("'{}' is not of the form MODULE=LEVEL with a level of 0 .. 4", entry);
    }
  }
  return "";
}

void examine_environment(DoctorReport& report) {
  report.begin("environment");
  std::vector<std::string> entries;
  for (char** entry = environ; *entry != nullptr; ++entry)
    if (const std::string_view text = *entry; text.starts_with("CAIRN_") || text.starts_with("ASCEND_"))
      entries.emplace_back(text);
  std::ranges::sort(entries);
  for (const std::string& entry : entries) {
    const std::string name = entry.substr(0, entry.find('='));
    const std::string value = entry.size() > name.size() ? entry.substr(name.size() + 1) : "";
    const EnvironmentVariable* known = find_environment_variable(name);
    if (known == nullptr) {
      const std::string_view nearest = nearest_known_name(name);
      report.fact(name, value, "unknown");
      const std::string advice =
          nearest.empty() ? std::string("docs/environment.md lists those that Cairn knows; unset it")
                          : fmt::format("did you mean {}?", nearest);
      if (name.starts_with("CAIRN_"))
        report.broken(fmt::format("{} is set, but Cairn knows no such variable", name), advice);
      else
        report.note(fmt::format("{} is set, but Cairn does not know it", name), advice);
      continue;
    }
    std::string defect = defect_of_value(*known, value);
    if (defect.empty() && !value.empty()) defect = defect_beyond_table(name, value);
    report.fact(name, value,
                known->kind == EnvironmentVariable::Kind::kNoEffect
                    ? fmt::format("no effect here: {}", known->meaning)
                    : std::string(known->meaning));
    if (!defect.empty())
      report.broken(fmt::format("{}={} has no effect: {}", name, value, defect),
                    known->otherwise.empty()
                        ? std::string("correct or unset it")
                        : fmt::format("correct or unset it; in force is: {}", known->otherwise));
  }
  if (entries.empty()) report.fact("CAIRN_*, ASCEND_*", "none is set");
}

int run_doctor(bool json) {
  DoctorReport report;
  const fs::path libraries = library_folder();
  examine_installation(report, libraries.parent_path());
  examine_chip(report);
  examine_processor(report);
  examine_engine(report, libraries.parent_path());
  examine_pictures(report, libraries);
  examine_python(report);
  examine_log(report);
  examine_registry(report);
  examine_environment(report);
  fmt::print("{}", json ? report.json() : report.text());
  return report.is_well() ? 0 : 1;
}

}  // namespace

void add_doctor(CLI::App& app, int& exit_code) {
  CLI::App* command = app.add_subcommand("doctor", "Print what is in force and why, and what is missing");
  const auto json = std::make_shared<bool>(false);
  command->add_flag("--json", *json, "Print JSON");
  command->callback([json, &exit_code] { exit_code = run_doctor(*json); });
}

}  // namespace cairn
