// A protobuf message read field by field where it lies, without a schema and without copies.
#pragma once

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/wire_format_lite.h>

#include <cstdint>
#include <string_view>

#include "base/status.h"

namespace cairn {

/// One field of a message: a number, or a range of bytes. Points into the file.
struct ProtobufField {
  using WireFormatLite = google::protobuf::internal::WireFormatLite;

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
class ProtobufMessage {
 public:
  using WireFormatLite = google::protobuf::internal::WireFormatLite;

  explicit ProtobufMessage(std::string_view bytes)
      : bytes_(bytes),
        stream_(reinterpret_cast<const uint8_t*>(bytes.data()), static_cast<int>(bytes.size())) {}

  /// False at the end and on damage; `is_damaged` tells which.
  bool next(ProtobufField& field) {
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
  bool read_value(uint32_t tag, ProtobufField& field) {
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

/// Calls `visit`, which returns Status, for each field; the first error ends it. `damaged` makes the error
/// for a message that is damaged or cut off.
template <class Visit, class Damaged>
Status visit_fields(std::string_view bytes, Visit&& visit, Damaged&& damaged) {
  ProtobufMessage message(bytes);
  ProtobufField field;
  while (message.next(field))
    CAIRN_RETURN_IF_ERROR(visit(field));
  return message.is_damaged() ? damaged() : Status();
}

}  // namespace cairn
