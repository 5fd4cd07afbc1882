// The pages of host memory that are closed to the program because tasks use them: an access of the program
// itself (a NumPy array, a C pointer) faults there, and is seen.
//
// A page is closed only if one task uses all bytes of the allocation in it, so that no access is kept from
// bytes that nobody else uses: system calls that are given closed memory fail.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "check/closable_memory.h"
#include "check/facts.h"
#include "check/sync/access_history.h"
#include "check/sync/vector_clock.h"

namespace cairn::check {

class ClosedPages {
 public:
  using Access = ClosableMemory::Access;
  struct Use {
    TaskMark task;
    bool writes;
  };

  explicit ClosedPages(ClosableMemory& memory) : memory_(memory) {}

  /// A task uses [begin, end) of the allocation: while it may run, the program may read at most, or nothing
  /// if it writes.
  void close(const Allocation& allocation, uintptr_t begin, uintptr_t end, const Use& use);
  /// Opens what only tasks before `clock` use.
  void open(const VectorClock& clock) {
    if (!pieces_.empty()) open_before(clock);
  }
  /// Opens all pages that touch [begin, end).
  void open(uintptr_t begin, uintptr_t end);
  /// The task for which the page of the address is closed to such an access; null if there is none.
  const Use* find(uintptr_t address, bool writes) const;
  bool is_closed(uintptr_t address) const;

 private:
  /// Pages with the same uses.
  struct Piece {
    uintptr_t end = 0;
    Access access = Access::kAll;
    std::vector<Use> uses;  ///< The newest reading and the newest writing one of each stream.
  };
  using Pieces = std::map<uintptr_t, Piece>;

  // Each piece splits a mapping of the process, of which there may be 65,530.
  static constexpr size_t kMostPieces = 4096;

  void open_before(const VectorClock& clock);
  void split(uintptr_t at);
  /// Protects the pages as the uses want it.
  void update(Pieces::iterator piece);

  ClosableMemory& memory_;
  Pieces pieces_;
};

}  // namespace cairn::check
