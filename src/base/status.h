// Status and Result<T>: how every layer below the C API reports an error.
//
// An error carries a return code of the API and a text that begins with the id of the rule that was broken:
//   return error(ACL_ERROR_RT_PARAM_INVALID, "RT-171", "count {} is larger than maxCount {}", count,
//   max_count);
// Success holds no memory; the text is built only on failure. An error that finds no memory for its text
// keeps its code.
#pragma once

#include <fmt/format.h>

#include <cstdint>
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
  Status(int code, std::string text) noexcept : bits_(with_text(code, std::move(text))) {}
  /// An error without a text of its own, for when there is no memory.
  explicit Status(int code) noexcept : bits_(without_text(code)) {}
  Status(const Status& other) noexcept : bits_(other.copy()) {}
  Status(Status&& other) noexcept : bits_(std::exchange(other.bits_, 0)) {}
  Status& operator=(Status other) noexcept {
    std::swap(bits_, other.bits_);
    return *this;
  }
  ~Status() {
    if (has_text()) delete state();
  }

  bool is_ok() const { return bits_ == 0; }
  /// The API's return code, 0 for success.
  int code() const { return has_text() ? state()->code : static_cast<int>(static_cast<int64_t>(bits_) >> 1); }
  /// "[RULE-ID] what went wrong; what to do", empty for success.
  std::string_view text() const {
    if (has_text()) return state()->text;
    return is_ok() ? std::string_view() : "[RT-193] the host has no memory left, not even for this text";
  }

 private:
  struct State {
    int code;
    std::string text;
  };

  static uint64_t without_text(int code) { return static_cast<uint64_t>(int64_t{code}) << 1 | 1; }
  static uint64_t with_text(int code, std::string text) noexcept {
    auto* state = new (std::nothrow) State{code, std::move(text)};
    return state != nullptr ? reinterpret_cast<uint64_t>(state) : without_text(code);
  }
  uint64_t copy() const noexcept {
    if (!has_text()) return bits_;
    try {
      return with_text(state()->code, state()->text);
    } catch (const std::bad_alloc&) {
      return without_text(state()->code);
    }
  }
  bool has_text() const { return bits_ != 0 && (bits_ & 1) == 0; }
  State* state() const { return reinterpret_cast<State*>(bits_); }

  uint64_t bits_ = 0;  ///< 0: success; even: the address of the State; odd: twice the code, plus 1.
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
