// What readers and writers of protobuf messages without a schema share, beside the walk over a message's
// fields.
#pragma once

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/wire_format_lite.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/protobuf_message.h"

namespace cairn::wire {

using google::protobuf::internal::WireFormatLite;

using Field = ProtobufField;
using Message = ProtobufMessage;

/// Numbers of a repeated field, packed or one by one. False if they are damaged.
inline bool read_numbers(const Field& field, std::vector<int64_t>& numbers) {
  if (!field.is_bytes()) {
    numbers.push_back(field.signed_integer());
    return true;
  }
  const auto size = static_cast<int>(field.bytes.size());
  google::protobuf::io::CodedInputStream stream(reinterpret_cast<const uint8_t*>(field.bytes.data()), size);
  uint64_t number = 0;
  while (stream.CurrentPosition() < size) {
    if (!stream.ReadVarint64(&number)) return false;
    numbers.push_back(static_cast<int64_t>(number));
  }
  return true;
}

/// Calls `take` for each field of a message.
template <class Take>
void each(std::string_view bytes, Take&& take) {
  Message message(bytes);
  for (Field field; message.next(field);)
    take(field);
}

// --- writing ---

inline void append_number(std::string& to, uint64_t number) {
  for (; number > 0x7F; number >>= 7)
    to.push_back(static_cast<char>(number | 0x80));
  to.push_back(static_cast<char>(number));
}

inline void append_bytes(std::string& to, int field, std::string_view bytes) {
  append_number(to, static_cast<uint64_t>(field) << 3 | WireFormatLite::WIRETYPE_LENGTH_DELIMITED);
  append_number(to, bytes.size());
  to += bytes;
}

inline void append(std::string& to, const Field& field) {
  if (field.is_bytes()) return append_bytes(to, field.number, field.bytes);
  append_number(to, static_cast<uint64_t>(field.number) << 3 | field.type);
  if (field.type == WireFormatLite::WIRETYPE_VARINT) return append_number(to, field.integer);
  const size_t size = field.type == WireFormatLite::WIRETYPE_FIXED64 ? 8 : 4;
  to.append(reinterpret_cast<const char*>(&field.integer), size);
}

}  // namespace cairn::wire
