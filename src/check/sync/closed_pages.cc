#include "check/sync/closed_pages.h"

#include <algorithm>

namespace cairn::check {
namespace {

constexpr uintptr_t kPage = ClosableMemory::kPageBytes;

constexpr uintptr_t page_of(uintptr_t address) {
  return address / kPage * kPage;
}

uintptr_t number_of(const void* address) {
  return reinterpret_cast<uintptr_t>(address);
}

std::byte* pointer_to(uintptr_t address) {
  return reinterpret_cast<std::byte*>(address);  // NOLINT(performance-no-int-to-ptr)
}

}  // namespace

void ClosedPages::close(const Allocation& allocation, uintptr_t begin, uintptr_t end, const Use& use) {
  const uintptr_t block_end = number_of(allocation.end());
  begin = begin == number_of(allocation.start) ? begin : page_of(begin + kPage - 1);
  end = end >= block_end ? page_of(block_end + kPage - 1) : page_of(end);
  if (begin >= end) return;
  split(begin);
  split(end);
  for (uintptr_t at = begin; at < end;) {
    auto piece = pieces_.lower_bound(at);
    if (piece == pieces_.end() || piece->first > at) {
      if (pieces_.size() >= kMostPieces) return;
      const uintptr_t gap_end = piece == pieces_.end() ? end : std::min(end, piece->first);
      piece = pieces_.emplace_hint(piece, at, Piece{gap_end, Access::kAll, {}});
    }
    std::vector<Use>& uses = piece->second.uses;
    const auto same = std::find_if(uses.begin(), uses.end(), [&](const Use& known) {
      return known.task.stream == use.task.stream && known.writes == use.writes;
    });
    if (same != uses.end())
      *same = use;
    else
      uses.push_back(use);
    at = piece->second.end;
    update(piece);
  }
}

void ClosedPages::open_before(const VectorClock& clock) {
  for (auto piece = pieces_.begin(); piece != pieces_.end();) {
    std::erase_if(piece->second.uses, [&](const Use& use) { return use.task.is_before(clock); });
    const auto changed = piece++;
    update(changed);
  }
}

void ClosedPages::open(uintptr_t begin, uintptr_t end) {
  auto piece = pieces_.upper_bound(begin);
  if (piece != pieces_.begin() && std::prev(piece)->second.end > begin) --piece;
  while (piece != pieces_.end() && piece->first < end) {
    piece->second.uses.clear();
    const auto changed = piece++;
    update(changed);
  }
}

const ClosedPages::Use* ClosedPages::find(uintptr_t address, bool writes) const {
  const auto after = pieces_.upper_bound(address);
  if (after == pieces_.begin()) return nullptr;
  const Piece& piece = std::prev(after)->second;
  if (address >= piece.end) return nullptr;
  const Use* reader = nullptr;
  for (const Use& use : piece.uses) {
    if (use.writes) return &use;
    reader = &use;
  }
  return writes ? reader : nullptr;
}

bool ClosedPages::is_closed(uintptr_t address) const {
  const auto after = pieces_.upper_bound(address);
  return after != pieces_.begin() && address < std::prev(after)->second.end;
}

void ClosedPages::split(uintptr_t at) {
  const auto after = pieces_.upper_bound(at);
  if (after == pieces_.begin()) return;
  const auto piece = std::prev(after);
  if (piece->first == at || piece->second.end <= at) return;
  Piece tail = piece->second;
  piece->second.end = at;
  pieces_.emplace_hint(after, at, std::move(tail));
}

void ClosedPages::update(Pieces::iterator piece) {
  const std::vector<Use>& uses = piece->second.uses;
  const bool written = std::any_of(uses.begin(), uses.end(), [](const Use& use) { return use.writes; });
  const Access wanted = written ? Access::kNone : uses.empty() ? Access::kAll : Access::kRead;
  if (wanted != piece->second.access &&
      memory_.limit(pointer_to(piece->first), pointer_to(piece->second.end), wanted))
    piece->second.access = wanted;
  // A piece that cannot be opened now stays, and is opened when it is touched.
  if (uses.empty() && piece->second.access == Access::kAll) pieces_.erase(piece);
}

}  // namespace cairn::check
