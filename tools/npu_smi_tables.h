// What npu-smi prints, in the layouts of the card's tool.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "npu_smi_cards.h"

namespace cairn {

/// `npu-smi info`
std::string overview(const Cards& cards, std::string_view version);
/// `npu-smi info -l`
std::string card_list(const Cards& cards);
/// `npu-smi info -m`
std::string chip_map(const Cards& cards);

/// `npu-smi info -t TYPE -i ID`: all chips of a card with a head, or only the facts of one chip.
/// Nothing for a type that these devices do not have.
std::optional<std::string> facts_of_card(std::string_view type, const Cards& cards, const Card& card,
                                         bool of_one_chip, std::string_view version);
/// The types that the card's tool knows, separated by ", ".
std::string known_types();
bool is_known_type(std::string_view type);

/// `npu-smi info watch`: the columns that `items` names, each by its letter of "ptaicmb".
inline constexpr std::string_view kWatchItems = "ptaicmb";
std::string watch_head(std::string_view items);
std::string watch_rows(const Cards& cards, std::optional<int32_t> only, std::string_view items);

}  // namespace cairn
