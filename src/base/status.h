// Status and Result<T>: how every layer below the C API reports an error.
//
// An error carries a return code of the API and a text that begins with the id of the rule that was broken:
//   return error(ACL_ERROR_RT_PARAM_INVALID, "RT-171", "count {} is larger than maxCount {}", count,
//   max_count);
// Success holds no memory; the text is built only on failure. An error that finds no memory for its text
// keeps its code.
#pragma once

#include <fmt/format.h>

#include <memory>
#include <new>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace cairn {

class [[nodiscard]] Status {
 public:
  Status() = default;
  Status(int code, std::string text) noexcept
      : code_(code), text_(new (std::nothrow) std::string(std::move(text))) {}
  /// An error without a text of its own, for when there is no memory.
  explicit Status(int code) noexcept : code_(code) {}
  Status(const Status& other) noexcept : code_(other.code_), text_(copy_of(other.text_.get())) {}
  Status(Status&& other) noexcept : code_(std::exchange(other.code_, 0)), text_(std::move(other.text_)) {}
  Status& operator=(const Status& other) noexcept {
    if (this != &other) *this = Status(other);
    return *this;
  }
  Status& operator=(Status&& other) noexcept {
    code_ = std::exchange(other.code_, 0);
    text_ = std::move(other.text_);
    return *this;
  }
  ~Status() = default;

  bool is_ok() const { return code_ == 0; }
  /// The API's return code, 0 for success.
  int code() const { return code_; }
  /// "[RULE-ID] what went wrong; what to do", empty for success.
  std::string_view text() const {
    if (text_) return *text_;
    return is_ok() ? std::string_view() : "[RT-193] the host has no memory left, not even for this text";
  }

 private:
  static std::unique_ptr<std::string> copy_of(const std::string* text) noexcept {
    if (text == nullptr) return nullptr;
    try {
      return std::make_unique<std::string>(*text);
    } catch (const std::bad_alloc&) {
      return nullptr;
    }
  }

  int code_ = 0;
  std::unique_ptr<std::string> text_;
};

/// Makes an error status. `rule` is an id of spec/rules-*.jsonl; the text follows it.
template <class... Args>
Status error(int code, std::string_view rule, fmt::format_string<Args...> text, Args&&... args) {
  try {
    return Status(code, fmt::format("[{}] {}", rule, fmt::format(text, std::forward<Args>(args)...)));
  } catch (const std::bad_alloc&) {
    return Status(code);
  }
}

/// A value or the Status that says why there is none.
template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : value_(std::move(value)) {}          // NOLINT(google-explicit-constructor)
  Result(Status status) : status_(std::move(status)) {}  // NOLINT(google-explicit-constructor)
  bool is_ok() const { return value_.has_value(); }
  const Status& status() const { return status_; }
  int code() const { return status_.code(); }
  T& operator*() { return *value_; }
  const T& operator*() const { return *value_; }
  T* operator->() { return &*value_; }
  const T* operator->() const { return &*value_; }

 private:
  std::optional<T> value_;
  Status status_;
};

}  // namespace cairn

// The only macros of the project: return early with the Status of a failed expression.
#define CAIRN_RETURN_IF_ERROR(expression)                                         \
  do {                                                                            \
    if (::cairn::Status status_ = (expression); !status_.is_ok()) return status_; \
  } while (false)

#define CAIRN_CONCAT_INNER(a, b) a##b
#define CAIRN_CONCAT(a, b) CAIRN_CONCAT_INNER(a, b)
/// CAIRN_ASSIGN(auto x, expression): x is the value of a Result, or return its Status.
#define CAIRN_ASSIGN(declaration, expression) \
  CAIRN_ASSIGN_INNER(CAIRN_CONCAT(result_, __LINE__), declaration, expression)
#define CAIRN_ASSIGN_INNER(result, declaration, expression) \
  auto result = (expression);                               \
  if (!result.is_ok()) return result.status();              \
  declaration = std::move(*result)
