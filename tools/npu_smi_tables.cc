#include "npu_smi_tables.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

namespace cairn {
namespace {

constexpr std::string_view kNotAvailable = "NA";

using Facts = std::vector<std::pair<std::string, std::string>>;

std::string celsius(const Cards& cards) {
  return cards.celsius ? fmt::format("{}", *cards.celsius) : std::string(kNotAvailable);
}

std::string watts(const Cards& cards) {
  return cards.watts ? fmt::format("{:.1f}", *cards.watts) : std::string(kNotAvailable);
}

std::string of_total(uint64_t used, uint64_t total) {
  return fmt::format("{:<4} / {}", used, total);
}

/// A line between rows; the widths of the cells with their blanks.
template <size_t N>
std::string rule(const std::array<int, N>& widths, char sign) {
  std::string line = "+";
  for (const int width : widths)
    line += std::string(static_cast<size_t>(width), sign) + "+";
  return line + "\n";
}

constexpr std::array kOneCell = {104};
constexpr std::array kChipCells = {31, 17, 54};

std::string chip_row(std::string_view first, std::string_view second, std::string_view third) {
  return fmt::format("| {:<29} | {:<15} | {:<52} |\n", first, second, third);
}

std::string process_row(std::string_view chip, std::string_view pid, std::string_view name,
                        std::string_view memory) {
  return fmt::format("| {:<29} | {:<15} | {:<24} | {:<25} |\n", chip, pid, name, memory);
}

std::string key_values(const Facts& facts) {
  std::string text;
  for (const auto& [key, value] : facts)
    text += fmt::format("\t{:<31}: {}\n", key, value);
  return text;
}

// The names of the facts are those of the vendor's pages where they show them: for the Atlas 200I A2 (310B)
// all of `common`, `memory` and `usages`. Those of the other cards come from print-outs of users.

Facts memory_facts(const Card& card) {
  if (card.is_board())
    return {{"Total Capacity(MB)", fmt::format("{}", card.memory_mb)},
            {"Capacity(MB)", fmt::format("{}", card.memory_mb)},
            {"Clock Speed(MHz)", std::string(kNotAvailable)}};
  if (card.has_hbm)
    return {{"DDR Capacity(MB)", "0"},
            {"DDR Clock Speed(MHz)", std::string(kNotAvailable)},
            {"HBM Capacity(MB)", fmt::format("{}", card.memory_mb)},
            {"HBM Clock Speed(MHz)", std::string(kNotAvailable)},
            {"HBM Temperature(C)", std::string(kNotAvailable)},
            {"HBM Manufacturer ID", std::string(kNotAvailable)}};
  return {{"DDR Capacity(MB)", fmt::format("{}", card.memory_mb)},
          {"DDR Clock Speed(MHz)", std::string(kNotAvailable)}};
}

Facts usage_facts(const Card& card) {
  const std::string na(kNotAvailable);
  // In front of the names of what is counted.
  const std::string_view kind = card.is_board() ? "Memory" : card.has_hbm ? "HBM" : "DDR";
  Facts facts;
  if (card.is_board())
    facts = {{"Memory Capacity(MB)", fmt::format("{}", card.memory_mb)},
             {"Memory Usage Rate(%)", fmt::format("{}", card.used_percent())},
             {"Hugepages Total(page)", "0"},
             {"Hugepages Usage Rate(%)", "0"}};
  else if (card.has_hbm)
    facts = {{"HBM Capacity(MB)", fmt::format("{}", card.memory_mb)},
             {"HBM Usage Rate(%)", fmt::format("{}", card.used_percent())}};
  else
    facts = {{"DDR Capacity(MB)", fmt::format("{}", card.memory_mb)},
             {"DDR Usage Rate(%)", fmt::format("{}", card.used_percent())},
             {"DDR Hugepages Total(page)", "0"},
             {"DDR Hugepages Usage Rate(%)", "0"}};
  facts.emplace_back("Aicore Usage Rate(%)", fmt::format("{}", card.busy_percent));
  facts.emplace_back("Aicpu Usage Rate(%)", na);
  facts.emplace_back("Ctrlcpu Usage Rate(%)", na);
  facts.emplace_back(fmt::format("{} Bandwidth Usage Rate(%)", kind), na);
  return facts;
}

Facts common_facts(const Cards& cards, const Card& card) {
  const std::string used = fmt::format("{}", card.used_percent());
  if (card.is_board())
    return {{"Memory Usage Rate(%)", used},
            {"Aicore Usage Rate(%)", fmt::format("{}", card.busy_percent)},
            {"Temperature(C)", celsius(cards)},
            {"Rated Power Dissipation(W)", std::string(kNotAvailable)}};
  return {{"Memory Usage Rate(%)", card.has_hbm ? "0" : used},
          {"HBM Usage Rate(%)", card.has_hbm ? used : std::string(kNotAvailable)},
          {"Aicore Usage Rate(%)", fmt::format("{}", card.busy_percent)},
          {"Aicore Freq(MHZ)", std::string(kNotAvailable)},
          {"Aicore curFreq(MHZ)", std::string(kNotAvailable)},
          {"Aicore Count", std::string(kNotAvailable)},
          {"Temperature(C)", celsius(cards)},
          {"NPU Real-time Power(W)", watts(cards)}};
}

Facts board_facts(const Card& card, std::string_view version) {
  const std::string na(kNotAvailable);
  return {{"Product Name", fmt::format("Ascend{} (Cairn)", card.chip)},
          {"Model", na},
          {"Manufacturer", "Cairn"},
          {"Serial Number", na},
          {"Software Version", std::string(version)},
          {"Firmware Version", na},
          {"Compatibility", "OK"},
          {"Board ID", na},
          {"PCB ID", na},
          {"BOM ID", na},
          {"PCIe Bus Info", na},
          {"Slot ID", na},
          {"Class ID", na},
          {"PCI Vendor ID", na},
          {"PCI Device ID", na},
          {"Subsystem Vendor ID", na},
          {"Subsystem Device ID", na}};
}

Facts process_facts(const Card& card) {
  Facts facts;
  for (const CardProcess& process : card.processes) {
    facts.emplace_back("Process id", fmt::format("{}", process.pid));
    facts.emplace_back("Process name", process.name);
    facts.emplace_back("Process memory(MB)", fmt::format("{}", process.used_mb));
  }
  if (facts.empty()) facts.emplace_back("Process id", "no running processes");
  return facts;
}

// What a chip on a card has, and nothing on a CPU stands for.
constexpr std::array<std::string_view, 7> kForeignTypes = {"volt", "ecc",         "flash",  "p2p-enable",
                                                           "topo", "cpu-num-cfg", "sensors"};
constexpr std::array<std::string_view, 9> kTypes = {"common", "board", "health",  "usages",  "memory",
                                                    "temp",   "power", "product", "proc-mem"};

std::optional<Facts> facts_of_type(std::string_view type, const Cards& cards, const Card& card,
                                   std::string_view version) {
  if (type == "common") return common_facts(cards, card);
  if (type == "board") return board_facts(card, version);
  if (type == "health")
    return Facts{{"Health", "OK"},
                 {"Error Code", std::string(kNotAvailable)},
                 {"Error Information", std::string(kNotAvailable)}};
  if (type == "usages") return usage_facts(card);
  if (type == "memory") return memory_facts(card);
  if (type == "temp") return Facts{{"NPU Temperature (C)", celsius(cards)}};
  if (type == "power") return Facts{{"NPU Real-time Power(W)", watts(cards)}};
  if (type == "product") return Facts{{"Product Type", fmt::format("Ascend{} (Cairn)", card.chip)}};
  if (type == "proc-mem") return process_facts(card);
  return std::nullopt;
}

std::string watch_cell(const Cards& cards, const Card& card, char item) {
  switch (item) {
    case 'p':
      return watts(cards);
    case 't':
      return celsius(cards);
    case 'a':
      return fmt::format("{}", card.busy_percent);
    case 'm':
      return fmt::format("{}", card.used_percent());
    default:
      return std::string(kNotAvailable);
  }
}

constexpr std::array<std::pair<char, std::string_view>, 7> kWatchColumns = {{{'p', "Pwr(W)"},
                                                                             {'t', "Temp(C)"},
                                                                             {'a', "AI Core(%)"},
                                                                             {'i', "AI Cpu(%)"},
                                                                             {'c', "Ctrl Cpu(%)"},
                                                                             {'m', "Memory(%)"},
                                                                             {'b', "Memory BW(%)"}}};

std::string columns_of_12(const std::vector<std::string>& cells) {
  std::string line;
  for (size_t i = 0; i < cells.size(); ++i)
    line += i + 1 == cells.size() ? cells[i] : fmt::format("{:<12}", cells[i]);
  return line + "\n";
}

}  // namespace

std::string overview(const Cards& cards, std::string_view version) {
  const bool has_hbm = std::ranges::any_of(cards.cards, &Card::has_hbm);
  std::string text = rule(kOneCell, '-');
  text += fmt::format("| {:<49}{:<53} |\n", fmt::format("npu-smi {}", version),
                      fmt::format("Version: {}", version));
  text += rule(kChipCells, '-');
  text += chip_row("NPU     Name", "Health", "Power(W)     Temp(C)           Hugepages-Usage(page)");
  text += has_hbm ? chip_row("Chip", "Bus-Id", "AICore(%)    Memory-Usage(MB)  HBM-Usage(MB)")
                  : chip_row("Chip    Device", "Bus-Id", "AICore(%)    Memory-Usage(MB)");
  text += rule(kChipCells, '=');
  for (const Card& card : cards.cards) {
    text += chip_row(fmt::format("{:<8}{}", card.id, card.chip), "OK",
                     fmt::format("{:<13}{:<18}{}", watts(cards), celsius(cards), "0     / 0"));
    const std::string used = of_total(card.used_mb, card.memory_mb);
    const std::string memory = !has_hbm ? used
                                        : fmt::format("{:<18}{}", card.has_hbm ? of_total(0, 0) : used,
                                                      card.has_hbm ? used : of_total(0, 0));
    text += chip_row(has_hbm ? "0" : fmt::format("{:<8}{}", 0, card.id), kNotAvailable,
                     fmt::format("{:<13}{}", card.busy_percent, memory));
    text += rule(kChipCells, '=');
  }
  text += rule(kChipCells, '-');
  text += process_row("NPU     Chip", "Process id", "Process name", "Process memory(MB)");
  text += rule(kChipCells, '=');
  for (const Card& card : cards.cards) {
    for (const CardProcess& process : card.processes)
      text += process_row(fmt::format("{:<8}{}", card.id, 0), fmt::format("{}", process.pid),
                          process.name.substr(0, 24), fmt::format("{}", process.used_mb));
    if (card.processes.empty())
      text += fmt::format("| {:<102} |\n", fmt::format("No running processes found in NPU {}", card.id));
    text += rule(kChipCells, '=');
  }
  return text;
}

std::string card_list(const Cards& cards) {
  std::string text = key_values({{"Total Count", fmt::format("{}", cards.cards.size())}});
  for (const Card& card : cards.cards)
    text += "\n" + key_values({{"NPU ID", fmt::format("{}", card.id)}, {"Chip Count", "1"}});
  return text;
}

std::string chip_map(const Cards& cards) {
  const auto row = [](std::string_view npu, std::string_view chip, std::string_view logic,
                      std::string_view name) {
    return fmt::format("\t{:<31}{:<31}{:<31}{}\n", npu, chip, logic, name);
  };
  std::string text = row("NPU ID", "Chip ID", "Chip Logic ID", "Chip Name");
  for (const Card& card : cards.cards) {
    const std::string id = fmt::format("{}", card.id);
    text += row(id, "0", id, "Ascend " + card.chip);
    text += row(id, "1", "-", "Mcu");
  }
  return text;
}

std::optional<std::string> facts_of_card(std::string_view type, const Cards& cards, const Card& card,
                                         bool of_one_chip, std::string_view version) {
  const std::optional<Facts> facts = facts_of_type(type, cards, card, version);
  if (!facts) return std::nullopt;
  if (of_one_chip) return key_values(*facts);
  std::string text = key_values({{"NPU ID", fmt::format("{}", card.id)}});
  if (type == "board" || type == "product")  // These belong to the card.
    return text + key_values(*facts) + key_values({{"Chip Count", "1"}});
  return text + key_values({{"Chip Count", "1"}}) + "\n" + key_values({{"Chip ID", "0"}}) +
         key_values(*facts);
}

std::string known_types() {
  return fmt::format("{}, {}", fmt::join(kTypes, ", "), fmt::join(kForeignTypes, ", "));
}

bool is_known_type(std::string_view type) {
  return std::ranges::find(kTypes, type) != kTypes.end() ||
         std::ranges::find(kForeignTypes, type) != kForeignTypes.end();
}

std::string watch_head(std::string_view items) {
  std::vector<std::string> cells{"NpuID(Idx)", "ChipId(Idx)"};
  for (const auto& [item, title] : kWatchColumns)
    if (items.find(item) != std::string_view::npos) cells.emplace_back(title);
  return columns_of_12(cells);
}

std::string watch_rows(const Cards& cards, std::optional<int32_t> only, std::string_view items) {
  std::string text;
  for (const Card& card : cards.cards) {
    if (only && *only != card.id) continue;
    std::vector<std::string> cells{fmt::format("{}", card.id), "0"};
    for (const auto& [item, title] : kWatchColumns)
      if (items.find(item) != std::string_view::npos) cells.push_back(watch_cell(cards, card, item));
    text += columns_of_12(cells);
  }
  return text;
}

}  // namespace cairn
