#include <span>
#include <string>

#include "app/cli/command_line.h"
#include "app/cli/console.h"
#include "app/cli/signals.h"
#include "app/commands.h"
#include "services/process/guard.h"
#include "services/process/spawn.h"

namespace {

// Prints what the command line asked for, or what is wrong with it.
int say(const quern::app::CommandLine& line) {
  if (line.exit_status == 0) return quern::app::print_and_end(line.text);
  quern::app::print_to_stderr(line.text);
  return line.exit_status;
}

int run(std::span<const char* const> arguments) {
  using quern::app::CommandLine;
  auto parsed = quern::app::parse_command_line(arguments);
  if (!parsed.ok()) return quern::app::print_error(parsed.error());
  const CommandLine& line = parsed.value();
  switch (line.command) {
    case CommandLine::Command::kRun:
    case CommandLine::Command::kMap:
    case CommandLine::Command::kReduce:
      return quern::app::run_command(line);
    case CommandLine::Command::kTry:
      return quern::app::try_command(line);
    case CommandLine::Command::kPlan:
      return quern::app::plan_command(line);
    case CommandLine::Command::kSubmit:
      return quern::app::submit_command(line);
    case CommandLine::Command::kWatch:
      return quern::app::watch_command(line);
    case CommandLine::Command::kFetch:
      return quern::app::fetch_command(line);
    case CommandLine::Command::kCancel:
      return quern::app::cancel_command(line);
    case CommandLine::Command::kRetry:
      return quern::app::retry_command(line);
    case CommandLine::Command::kCheck:
      return quern::app::check_command(line);
    case CommandLine::Command::kGuard:
      return quern::process::run_guard(line.guard_marker);
    case CommandLine::Command::kKeygen:
    case CommandLine::Command::kSeal:
    case CommandLine::Command::kOpen:
    case CommandLine::Command::kFederate:
      return quern::app::credentials_command(line);
    case CommandLine::Command::kDoctor:
      return quern::app::doctor_command(line);
    case CommandLine::Command::kLook:
      return quern::app::look_command(line);
    case CommandLine::Command::kInit:
      return quern::app::init_command(line);
    default:
      return say(line);
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (!quern::open_standard_descriptors().ok()) return quern::app::kStatusFailed;
  quern::app::Signals::prepare();
  quern::process::raise_open_files();
  const std::span<const char* const> arguments(argv, static_cast<std::size_t>(argc));
  auto status = quern::without_exceptions([&]() -> quern::Result<int> { return run(arguments); });
  return status.ok() ? status.value() : quern::app::print_error(status.error());
}
