#include "op/operator_key.h"

#include <sys/random.h>

#include <algorithm>
#include <random>

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace cairn {
namespace {

using Secret = std::array<unsigned char, XXH3_SECRET_SIZE_MIN + 56>;

Secret draw_secret() {
  Secret secret{};
  if (::getrandom(secret.data(), secret.size(), 0) == static_cast<ssize_t>(secret.size())) return secret;
  std::random_device source;  // Throws where there is no randomness at all.
  std::ranges::generate(secret, [&] { return static_cast<unsigned char>(source()); });
  return secret;
}

OperatorKey digest(std::span<const std::byte> bytes) {
  static const Secret secret = draw_secret();
  const XXH128_hash_t hash =
      XXH3_128bits_withSecret(bytes.data(), bytes.size(), secret.data(), secret.size());
  return {hash.low64, hash.high64};
}

uint64_t bits_of(float value) {
  uint32_t bits = 0;
  std::memcpy(&bits, &value, sizeof bits);
  return bits;
}

void add_value(OperatorKeyWriter& writer, bool value) {
  writer.add(uint64_t{value});
}
void add_value(OperatorKeyWriter& writer, int64_t value) {
  writer.add(static_cast<uint64_t>(value));
}
void add_value(OperatorKeyWriter& writer, float value) {
  writer.add(bits_of(value));
}
void add_value(OperatorKeyWriter& writer, const std::string& value) {
  writer.add(std::string_view(value));
}
template <class Element>
void add_value(OperatorKeyWriter& writer, const std::vector<Element>& list) {
  writer.add(uint64_t{list.size()});
  for (const Element& each : list)
    add_value(writer, each);
}

}  // namespace

void OperatorKeyWriter::fold() {
  const OperatorKey folded = digest(std::span(buffer_).first(used_));
  std::memcpy(buffer_.data(), &folded, sizeof folded);
  used_ = sizeof folded;
}

void OperatorKeyWriter::add(std::span<const std::byte> bytes) {
  if (bytes.size() > buffer_.size() - used_) {
    const OperatorKey folded = digest(bytes);
    add(folded.low);
    add(folded.high);
    return;
  }
  if (!bytes.empty()) std::memcpy(buffer_.data() + used_, bytes.data(), bytes.size());
  used_ += bytes.size();
}

OperatorKey OperatorKeyWriter::key() {
  return digest(std::span(buffer_).first(used_));
}

OperatorKey key_of(const OmAttribute& attribute) {
  OperatorKeyWriter writer;
  writer.add(std::string_view(attribute.name));
  writer.add(uint64_t{attribute.value.index()});
  std::visit([&](const auto& value) { add_value(writer, value); }, attribute.value);
  return writer.key();
}

void OperatorKeyParts::add_dims(std::span<const int64_t> dims) {
  if (!with_dims_) return;
  writer_.add(uint64_t{dims.size()});
  for (const int64_t dim : dims)
    writer_.add(static_cast<uint64_t>(dim));
}

void OperatorKeyParts::add_input(aclDataType type, aclFormat format, std::span<const int64_t> dims,
                                 const std::span<const std::byte>* constant) {
  if (type == ACL_DT_UNDEFINED) {
    ++absent_;
    return;
  }
  constexpr uint64_t kAbsent = 0xAB;
  for (; absent_ > 0; --absent_)
    writer_.add(kAbsent);
  writer_.add(static_cast<uint64_t>(static_cast<uint32_t>(type)) << 32 | static_cast<uint32_t>(format));
  add_dims(dims);
  writer_.add(uint64_t{constant != nullptr});
  if (constant == nullptr) return;
  writer_.add(uint64_t{constant->size()});
  writer_.add(*constant);
}

void OperatorKeyParts::add_output(aclDataType type, aclFormat format, std::span<const int64_t> dims) {
  writer_.add(static_cast<uint64_t>(static_cast<uint32_t>(type)) << 32 | static_cast<uint32_t>(format));
  add_dims(dims);
}

OperatorKey OperatorKeyParts::key() {
  writer_.add(attributes_.low);
  writer_.add(attributes_.high);
  return writer_.key();
}

OperatorKey key_of(const OperatorSpec& description) {
  OperatorKeyParts parts(description.type, !description.has_open_dims());
  for (const OperatorTensor& input : description.inputs) {
    std::span<const std::byte> bytes;
    if (input.constant) bytes = *input.constant;
    parts.add_input(input.data_type, input.format, input.dims, input.constant ? &bytes : nullptr);
  }
  parts.end_inputs();
  for (const OperatorTensor& output : description.outputs)
    parts.add_output(output.data_type, output.format, output.dims);
  for (const OmAttribute& attribute : description.attributes)
    parts.add_attribute(key_of(attribute));
  return parts.key();
}

}  // namespace cairn
