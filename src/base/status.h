// Status and Result<T>: how every layer below the C API reports an error.
//
// An error carries a return code of the API and a text that begins with the id of the rule that was broken:
//   return error(ACL_ERROR_RT_PARAM_INVALID, "RT-171", "count {} is larger than maxCount {}", count,
//   max_count);
// The success path is one null pointer; the text is built only on failure.
#pragma once

#include <fmt/format.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace cairn {

class [[nodiscard]] Status {
 public:
  Status() = default;
  Status(int code, std::string text) : state_(std::make_unique<State>(State{code, std::move(text)})) {}
  Status(const Status& other) : state_(other.state_ ? std::make_unique<State>(*other.state_) : nullptr) {}
  Status(Status&&) noexcept = default;
  Status& operator=(const Status& other) {
    if (this != &other) state_ = other.state_ ? std::make_unique<State>(*other.state_) : nullptr;
    return *this;
  }
  Status& operator=(Status&&) noexcept = default;
  ~Status() = default;

  bool is_ok() const { return state_ == nullptr; }
  /// The API's return code, 0 for success.
  int code() const { return state_ ? state_->code : 0; }
  /// "[RULE-ID] what went wrong; what to do", empty for success.
  std::string_view text() const { return state_ ? std::string_view(state_->text) : std::string_view(); }

 private:
  struct State {
    int code;
    std::string text;
  };
  std::unique_ptr<State> state_;
};

/// Makes an error status. `rule` is an id of spec/rules-*.jsonl; the text follows it.
template <class... Args>
Status error(int code, std::string_view rule, fmt::format_string<Args...> text, Args&&... args) {
  return Status(code, fmt::format("[{}] {}", rule, fmt::format(text, std::forward<Args>(args)...)));
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
