#include "app/cli/console.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <system_error>

#include "base/fd.h"
#include "base/shown_url.h"
#include "services/disk/files.h"

namespace quern::app {
namespace {

view::TerminalOptions options_of_stderr() {
  return view::choose_terminal_options(STDERR_FILENO, ::isatty(STDERR_FILENO) == 1, std::getenv);
}

}  // namespace

bool reader_has_gone(const Error& error) { return error.kind == ErrorKind::kStopped && error.code == EPIPE; }

int status_of(const Error& error) {
  if (reader_has_gone(error)) return kStatusReaderGone;
  return error.kind == ErrorKind::kBadConfig ? kStatusBadConfig : kStatusFailed;
}

view::TerminalOptions terminal_options(const CommandLine& line) {
  auto options = options_of_stderr();
  options.quiet = line.quiet;
  options.verbose = line.verbose;
  return options;
}

bool has_color() { return options_of_stderr().style.color; }

Result<void> print(std::string_view text) {
  Fd output(::dup(STDOUT_FILENO));
  auto printed = write_all(output, text);
  if (printed.ok()) printed = output.close();  // reports what a network file system reports only on close
  if (printed.ok()) return {};
  Error error = std::move(printed).error().with_context("standard output");
  if (error.code == EPIPE) error.kind = ErrorKind::kStopped;
  return disk::advise_if_full(std::move(error), "write it elsewhere");
}

int print_and_end(std::string_view text) {
  auto printed = print(text);
  return printed.ok() ? 0 : print_error(printed.error());
}

void print_to_stderr(std::string_view text) { static_cast<void>(write_all(Fd(::dup(STDERR_FILENO)), text).ok()); }

std::string shown_message(const Error& error) {
  return error.kind == ErrorKind::kBadConfig ? with_shown_urls(error.message) : without_passwords(error.message);
}

int print_error(const Error& error) {
  if (!reader_has_gone(error)) {
    Error shown = error;
    shown.message = shown_message(error);
    print_to_stderr(view::error_text(shown, has_color()));
  }
  return status_of(error);
}

std::string docs_folder() {
  std::error_code error;
  const std::filesystem::path program = std::filesystem::read_symlink("/proc/self/exe", error);
  const std::string installed = (program.parent_path().parent_path() / "share/doc/quern/").string();
  return !error && std::filesystem::exists(installed + "job-file.md", error) ? installed : "docs/";
}

void print_previous_result(const Accounting& accounting) {
  if (!accounting.previous_time.has_value()) return;
  print_to_stderr(fmt::format("quern: {} is still that of an earlier run, written {}\n",
                              view::clean(accounting.previous_result), format_utc(*accounting.previous_time)));
}

}  // namespace quern::app
