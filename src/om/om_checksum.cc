#include "om/om_checksum.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "om/om_model.h"

namespace cairn {

struct OmChecksum::State {
  XXH3_state_t xxh;
};

OmChecksum::OmChecksum() : state_(std::make_unique<State>()) {
  XXH3_64bits_reset(&state_->xxh);
}
OmChecksum::~OmChecksum() = default;

void OmChecksum::add(std::span<const std::byte> bytes) {
  XXH3_64bits_update(&state_->xxh, bytes.data(), bytes.size());
}
uint64_t OmChecksum::value() const {
  return XXH3_64bits_digest(&state_->xxh);
}

uint64_t om_checksum(std::span<const std::byte> bytes) {
  return XXH3_64bits(bytes.data(), bytes.size());
}

}  // namespace cairn
