// Protobuf messages read in place, without a schema: files of any size are walked without copies.
#pragma once

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/wire_format_lite.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace cairn::wire {

using google::protobuf::internal::WireFormatLite;

/// One field of a message: a number, or a range of bytes. Points into the file.
struct Field {
  int number = 0;
  WireFormatLite::WireType type = WireFormatLite::WIRETYPE_VARINT;
  uint64_t integer = 0;  ///< Varint and fixed types.
  std::string_view bytes;

  bool is_bytes() const { return type == WireFormatLite::WIRETYPE_LENGTH_DELIMITED; }
  int64_t signed_integer() const { return static_cast<int64_t>(integer); }
  float real() const {
    const auto bits = static_cast<uint32_t>(integer);
    float value;
    __builtin_memcpy(&value, &bits, sizeof(value));
    return value;
  }
};

/// Walks the fields of one message in place.
class Message {
 public:
  explicit Message(std::string_view bytes)
      : bytes_(bytes),
        stream_(reinterpret_cast<const uint8_t*>(bytes.data()), static_cast<int>(bytes.size())) {}

  /// False at the end and on damage; `is_damaged` tells which.
  bool next(Field& field) {
    const uint32_t tag = stream_.ReadTag();
    if (tag == 0) {
      damaged_ = stream_.CurrentPosition() != static_cast<int>(bytes_.size());
      return false;
    }
    field.number = WireFormatLite::GetTagFieldNumber(tag);
    field.type = WireFormatLite::GetTagWireType(tag);
    field.bytes = {};
    damaged_ = field.number == 0 || !read_value(tag, field);
    return !damaged_;
  }
  bool is_damaged() const { return damaged_; }

 private:
  bool read_value(uint32_t tag, Field& field) {
    uint32_t small = 0;
    switch (field.type) {
      case WireFormatLite::WIRETYPE_VARINT:
        return stream_.ReadVarint64(&field.integer);
      case WireFormatLite::WIRETYPE_FIXED64:
        return stream_.ReadLittleEndian64(&field.integer);
      case WireFormatLite::WIRETYPE_FIXED32:
        if (!stream_.ReadLittleEndian32(&small)) return false;
        field.integer = small;
        return true;
      case WireFormatLite::WIRETYPE_LENGTH_DELIMITED: {
        if (!stream_.ReadVarint32(&small)) return false;
        const auto at = static_cast<size_t>(stream_.CurrentPosition());
        if (small > bytes_.size() - at) return false;
        field.bytes = bytes_.substr(at, small);
        return stream_.Skip(static_cast<int>(small));
      }
      default:
        return WireFormatLite::SkipField(&stream_, tag);
    }
  }

  std::string_view bytes_;
  google::protobuf::io::CodedInputStream stream_;
  bool damaged_ = false;
};

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
