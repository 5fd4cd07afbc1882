// The devices of this machine as npu-smi shows them: figures summed over the processes of the registry.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace cairn {

struct CardProcess {
  uint64_t pid = 0;
  std::string name;
  uint64_t used_mb = 0;
};

/// One card with one chip.
struct Card {
  int32_t id = 0;
  std::string chip;  ///< "310P3"
  bool has_hbm = false;
  uint64_t memory_mb = 0;
  uint64_t used_mb = 0;
  uint32_t streams = 0;
  /// Share of the time in which a worker of the device ran a task, in percent. 100 if several did all the
  /// time.
  int busy_percent = 0;
  std::vector<CardProcess> processes;

  int used_percent() const;
  /// A board whose programs run beside the NPU; its facts have other names.
  bool is_board() const { return chip.starts_with("310B"); }
};

struct Cards {
  std::vector<Card> cards;
  std::optional<int> celsius;   ///< Of the processor, where the machine tells.
  std::optional<double> watts;  ///< Of the processor.
};

/// Looks at the registry twice, `interval` apart, unless nothing is in use. Number and kind of the cards are
/// those of CAIRN_DEVICES and CAIRN_SOC; what is not set there comes from the processes.
Cards look_at_cards(std::chrono::milliseconds interval);

}  // namespace cairn
