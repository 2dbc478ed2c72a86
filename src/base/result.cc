#include "base/result.h"

#include <cerrno>
#include <cstdio>
#include <exception>
#include <new>
#include <system_error>

namespace quern {
namespace {

ErrorKind kind_of_errno(int errno_value) {
  switch (errno_value) {
    case ENOENT:
    case ENOTDIR:
      return ErrorKind::kNotFound;
    case EACCES:
    case EPERM:
    case EROFS:
      return ErrorKind::kDenied;
    case ENOSPC:
    case EDQUOT:
    case ENOMEM:
    case EFBIG:
    case EMFILE:
    case ENFILE:
      return ErrorKind::kNoSpace;
    case EAGAIN:
    case ETIMEDOUT:
    case ECONNRESET:
    case ECONNREFUSED:
      return ErrorKind::kRetry;
    case EIO:
      return ErrorKind::kBadInput;
    default:
      return ErrorKind::kInternal;
  }
}

// Advice that applies anywhere. What helps against a full disk depends on what is being written (services/disk).
std::string_view advice_for(int errno_value) {
  if (errno_value == EMFILE) return "; let a process open more files (ulimit -n)";
  if (errno_value == ENFILE) return "; let the system open more files (sysctl fs.file-max)";
  return "";
}

}  // namespace

std::string_view name_of(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kRetry:
      return "retry";
    case ErrorKind::kNotFound:
      return "not_found";
    case ErrorKind::kDenied:
      return "denied";
    case ErrorKind::kBadInput:
      return "bad_input";
    case ErrorKind::kBadConfig:
      return "bad_config";
    case ErrorKind::kChildFailed:
      return "child_failed";
    case ErrorKind::kNoSpace:
      return "no_space";
    case ErrorKind::kStopped:
      return "stopped";
    case ErrorKind::kInternal:
      return "internal";
  }
  return "internal";
}

Error Error::with_context(std::string_view context) && {
  std::string longer;
  longer.reserve(context.size() + 2 + message.size());
  longer.append(context).append(": ").append(message);
  message = std::move(longer);
  return std::move(*this);
}

Error bad_input(std::string message) { return Error{.kind = ErrorKind::kBadInput, .message = std::move(message)}; }
Error bad_config(std::string message) { return Error{.kind = ErrorKind::kBadConfig, .message = std::move(message)}; }
Error not_found(std::string message) { return Error{.kind = ErrorKind::kNotFound, .message = std::move(message)}; }
Error stopped() { return Error{.kind = ErrorKind::kStopped, .message = "stopped"}; }

Error os_error(std::string_view what, int errno_value) {
  std::string message(what);
  message += ": ";
  message += std::generic_category().message(errno_value);
  message += advice_for(errno_value);
  return Error{.kind = kind_of_errno(errno_value), .message = std::move(message), .code = errno_value};
}

Error error_of_exception() {
  try {
    throw;
  } catch (const std::bad_alloc&) {
    return Error{.kind = ErrorKind::kNoSpace,
                 .message =
                     "out of memory; lower limits.memory (--memory) or the number of processes (-p), or let quern "
                     "have more (ulimit -v)",
                 .code = ENOMEM};
  } catch (const std::exception& exception) {
    return Error{.message = std::string("bug: ") + exception.what() + "; please report it"};
  } catch (...) {
    return Error{.message = "bug: an unknown exception; please report it"};
  }
}

void check_failed(const char* condition, const char* file, int line) {
  std::fprintf(stderr, "quern: bug: CHECK(%s) failed at %s:%d; please report it\n", condition, file, line);
  std::abort();
}

}  // namespace quern
