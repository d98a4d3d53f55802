// A value or an error message for people: how everything that depends on the host or on the user's
// input reports failure before the machine starts. Guest faults are data and do not use it.
#pragma once

#include <optional>
#include <string>
#include <utility>

#include "memory/check.h"

namespace ilse::mem {

// One line that names the thing (file, option) and the cause; no trailing newline.
struct Error {
  std::string message;
};

template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : value_(std::move(value)) {}
  Result(Error error) : error_(std::move(error)) {}

  explicit operator bool() const { return value_.has_value(); }
  T& operator*() {
    ILSE_CHECK(value_, "value of a failed Result");
    return *value_;
  }
  const T& operator*() const {
    ILSE_CHECK(value_, "value of a failed Result");
    return *value_;
  }
  T* operator->() { return &**this; }
  const T* operator->() const { return &**this; }
  const Error& error() const { return error_; }

 private:
  std::optional<T> value_;
  Error error_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : failed_(true), error_(std::move(error)) {}

  explicit operator bool() const { return !failed_; }
  const Error& error() const { return error_; }

 private:
  bool failed_ = false;
  Error error_;
};

}  // namespace ilse::mem
