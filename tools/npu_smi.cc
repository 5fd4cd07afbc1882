// npu-smi: which devices there are and who uses them.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <exception>
#include <optional>
#include <string>
#include <thread>

#include "npu_smi_cards.h"
#include "npu_smi_tables.h"

namespace {

constexpr std::chrono::milliseconds kInterval{100};
constexpr const char* kVersion = CAIRN_VERSION;

struct Options {
  bool list = false;
  bool map = false;
  std::string type;
  int32_t card = -1;  ///< -1: not given.
  int32_t chip = -1;
  int seconds = 1;
  std::string items = std::string(cairn::kWatchItems);
};

int refuse(const std::string& text) {
  fmt::print(stderr, "npu-smi: {}\n", text);
  return 1;
}

/// The message for a card or chip that does not exist, or none.
std::optional<std::string> wrong_place(const Options& options, const cairn::Cards& found) {
  const auto count = static_cast<int32_t>(found.cards.size());
  if (options.card != -1 && (options.card < 0 || options.card >= count))
    return fmt::format("there is no NPU {}; NPU IDs are 0 .. {} ('npu-smi info -l' lists them)", options.card,
                       count - 1);
  if (options.chip != -1 && options.chip != 0)
    return fmt::format("there is no chip {}; each NPU has the chip 0 ('npu-smi info -m' lists them)",
                       options.chip);
  return std::nullopt;
}

int info(const Options& options) {
  if (!options.type.empty() && !cairn::is_known_type(options.type))
    return refuse(fmt::format("there is no type {}; types are: {}", options.type, cairn::known_types()));
  if (!options.type.empty() && options.card == -1)
    return refuse(fmt::format("-t {} needs the NPU: add -i ID", options.type));
  const cairn::Cards found = cairn::look_at_cards(kInterval);
  if (const auto problem = wrong_place(options, found)) return refuse(*problem);
  if (options.list) {
    fmt::print("{}", cairn::card_list(found));
  } else if (options.map) {
    fmt::print("{}", cairn::chip_map(found));
  } else if (options.type.empty()) {
    fmt::print("{}", cairn::overview(found, kVersion));
  } else {
    const cairn::Card& card = found.cards[static_cast<size_t>(options.card)];
    const auto facts = cairn::facts_of_card(options.type, found, card, options.chip != -1, kVersion);
    if (!facts) return refuse(fmt::format("This device does not support querying {}.", options.type));
    fmt::print("{}", *facts);
  }
  return 0;
}

int watch(const Options& options) {
  const size_t wrong = options.items.find_first_not_of(cairn::kWatchItems);
  if (options.items.empty() || wrong != std::string::npos)
    return refuse(fmt::format("-s {}: items are letters of {}", options.items, cairn::kWatchItems));
  cairn::Cards found = cairn::look_at_cards(kInterval);
  if (const auto problem = wrong_place(options, found)) return refuse(*problem);
  const auto only = options.card == -1 ? std::nullopt : std::optional(options.card);
  fmt::print("{}", cairn::watch_head(options.items));
  // Until the user ends it, or whoever reads goes away.
  while (true) {
    fmt::print("{}", cairn::watch_rows(found, only, options.items));
    if (std::fflush(stdout) != 0) return 1;
    const auto next = std::chrono::steady_clock::now() + std::chrono::seconds(options.seconds) - kInterval;
    std::this_thread::sleep_until(next);
    found = cairn::look_at_cards(kInterval);
  }
}

}  // namespace

int main(int argc, char** argv) {
  try {
    CLI::App app("npu-smi shows the devices of Cairn on this machine and the processes that use them.",
                 "npu-smi");
    app.set_version_flag("-v,--version", fmt::format("npu-smi version: {}", kVersion));
    app.require_subcommand(1);
    app.footer(
        "Examples:\n  npu-smi info\n  npu-smi info -t usages -i 0\n  npu-smi info watch -i 0 -d 5 -s ptam\n\n"
        "Figures are sums over all programs of this user. AICore is the share of the time in which tasks "
        "ran.\n"
        "NA stands for what a CPU has no figure for.");
    Options options;
    CLI::App* about = app.add_subcommand("info", "Show devices, memory and processes");
    auto* list = about->add_flag("-l", options.list, "List the NPUs");
    auto* map = about->add_flag("-m", options.map, "List the chips with their numbers")->excludes(list);
    auto* type =
        about->add_option("-t", options.type, "Facts of this kind about one NPU: " + cairn::known_types());
    type->excludes(list)->excludes(map);
    about->add_option("-i", options.card, "The NPU ID");
    about->add_option("-c", options.chip, "The chip of the NPU");
    CLI::App* watching = about->add_subcommand("watch", "Show figures again and again");
    watching->add_option("-i", options.card, "The NPU ID");
    watching->add_option("-c", options.chip, "The chip of the NPU");
    watching->add_option("-d", options.seconds, "Seconds between two rows, 1 .. 100")
        ->check(CLI::Range(1, 100));
    watching->add_option(
        "-s", options.items,
        "What to show, letters of: p power, t temperature, a AI core, i AI CPU, c control CPU, m "
        "memory, b memory bandwidth");
    CLI11_PARSE(app, argc, argv);
    return watching->parsed() ? watch(options) : info(options);
  } catch (const std::exception& failure) {
    std::fprintf(stderr, "npu-smi: %s\n", failure.what());
    return 1;
  }
}
