#pragma once

#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

// Errors as values. Nothing in quern throws. Code that calls a library catches the library's exceptions in the same
// file; the start of each thread catches std::bad_alloc. All types here are plain values and never block.

namespace quern {

// What the caller can do about an error. Only the retry rule and the exit code look at this.
enum class ErrorKind {
  kRetry,        // the same call may succeed later
  kNotFound,     // what was named does not exist
  kDenied,       // no permission
  kBadInput,     // external data is not what it claims to be
  kBadConfig,    // the command line or the job file is wrong: exit status 2
  kChildFailed,  // the user's module failed
  kNoSpace,      // a disk, memory, or another limit of the system is used up
  kStopped,      // somebody asked quern to stop
  kInternal,     // a bug, or a system call that should not fail
};

// "not_found" and so on, as written to logs and result.json.
std::string_view name_of(ErrorKind kind);

struct Error {
  ErrorKind kind = ErrorKind::kInternal;
  std::string message;       // One line, outermost context first, without a final full stop. Never a secret.
  int code = 0;              // errno or the HTTP status if there is one, else 0.
  std::string details = {};  // Optional further lines (a traceback, the cause block); "" if none.

  Error with_context(std::string_view context) &&;
};

// Errors of the common kinds that carry only a message.
Error bad_input(std::string message);
Error bad_config(std::string message);
Error not_found(std::string message);
Error stopped();

// Makes an Error from errno: "reading a.gz: No such file or directory". The kind follows from the number.
Error os_error(std::string_view what, int errno_value);

template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}      // NOLINT: implicit on purpose
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}  // NOLINT: implicit on purpose

  bool ok() const { return state_.index() == 0; }
  T& value() & { return *checked(); }
  T&& value() && { return std::move(*checked()); }
  const T& value() const& { return *const_cast<Result*>(this)->checked(); }
  Error& error() & { return std::get<1>(state_); }
  Error&& error() && { return std::move(std::get<1>(state_)); }
  const Error& error() const& { return std::get<1>(state_); }

  // Prepends context to the message of a failure; does nothing to a success.
  Result context(std::string_view what) && {
    if (ok()) return std::move(*this);
    return std::move(error()).with_context(what);
  }

 private:
  T* checked() {
    if (!ok()) std::abort();
    return std::get_if<0>(&state_);
  }
  std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : error_(std::move(error)) {}  // NOLINT: implicit on purpose

  bool ok() const { return !error_.has_value(); }
  void value() const {
    if (!ok()) std::abort();
  }
  Error& error() & { return *error_; }
  Error&& error() && { return std::move(*error_); }
  const Error& error() const& { return *error_; }
  Result context(std::string_view what) && {
    if (ok()) return {};
    return std::move(*error_).with_context(what);
  }

 private:
  std::optional<Error> error_;
};

// Describes the exception that is being handled: call it only in a catch block.
Error error_of_exception();

// Returns what `work` returns, or an Error if memory runs out or a library throws an uncaught exception. Wraps
// everything that a thread does, because an exception that leaves a thread ends the process without a message.
template <typename Work>
auto without_exceptions(const Work& work) -> decltype(work()) {
  try {
    return work();
  } catch (...) {
    return error_of_exception();
  }
}

[[noreturn]] void check_failed(const char* condition, const char* file, int line);

}  // namespace quern

// For bugs only, never to check input. Enabled in every build.
#define CHECK(condition)                                                     \
  do {                                                                       \
    if (!(condition)) ::quern::check_failed(#condition, __FILE__, __LINE__); \
  } while (false)

// If `expression` fails, returns its error from the enclosing function.
#define TRY(expression)                                                           \
  do {                                                                            \
    auto try_result_ = (expression);                                              \
    if (!try_result_.ok()) return ::quern::Error(std::move(try_result_).error()); \
  } while (false)

// NOLINTBEGIN(bugprone-macro-parentheses): the target may be a declaration.
#define QUERN_CONCAT_INNER(a, b) a##b
#define QUERN_CONCAT(a, b) QUERN_CONCAT_INNER(a, b)
#define QUERN_TRY_ASSIGN(temporary, target, expression)                     \
  auto temporary = (expression);                                            \
  if (!temporary.ok()) return ::quern::Error(std::move(temporary).error()); \
  target = std::move(temporary).value()

// NOLINTEND(bugprone-macro-parentheses)

// TRY_ASSIGN(auto file, open(path)): assigns the value of `expression`, or returns its error from the enclosing
// function.
#define TRY_ASSIGN(target, expression) QUERN_TRY_ASSIGN(QUERN_CONCAT(try_result_, __LINE__), target, expression)
