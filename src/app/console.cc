#include "app/console.h"

#include <unistd.h>

#include <cstdlib>

#include "base/fd.h"

namespace quern::app {
namespace {

view::TerminalOptions options_of_stderr() {
  return view::choose_terminal_options(STDERR_FILENO, ::isatty(STDERR_FILENO) == 1, std::getenv);
}

}  // namespace

int status_of(const Error& error) { return error.kind == ErrorKind::kBadConfig ? kStatusBadConfig : kStatusFailed; }

view::TerminalOptions terminal_options(const CommandLine& line) {
  auto options = options_of_stderr();
  options.quiet = line.quiet;
  options.verbose = line.verbose;
  return options;
}

bool has_color() { return options_of_stderr().style.color; }

void print_to_stderr(std::string_view text) { static_cast<void>(write_all(Fd(::dup(STDERR_FILENO)), text).ok()); }

int print_error(const Error& error) {
  print_to_stderr(view::error_text(error, has_color()));
  return status_of(error);
}

}  // namespace quern::app
