// The checksum of .om files, XXH3 of 64 bits, over bytes that come in pieces.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

namespace cairn {

class OmChecksum {
 public:
  OmChecksum();
  ~OmChecksum();
  OmChecksum(const OmChecksum&) = delete;
  OmChecksum& operator=(const OmChecksum&) = delete;

  void add(std::span<const std::byte> bytes);
  uint64_t value() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace cairn
