#include <unistd.h>

#include <cstdlib>
#include <string>

#include "app/cli/console.h"
#include "app/commands.h"
#include "app/job/run_inputs.h"
#include "app/look/look_inputs.h"
#include "app/look/look_text.h"
#include "services/s3/address.h"
#include "views/terminal/view.h"

namespace quern::app {
namespace {

// A job file has no names from standard input, and no bucket for bare keys.
JobInputs inputs_for_a_job(const CommandLine& line) {
  JobInputs named{.inputs = {}, .manifest = line.manifest.value_or("")};
  const std::string bucket = bucket_of(line);
  for (const std::string& input : line.inputs) {
    const bool is_bare_key = !bucket.empty() && input.find("://") == std::string::npos;
    if (input != "-") named.inputs.push_back(is_bare_key ? s3::format_s3_url(bucket, input) : input);
  }
  if (named.manifest == "-") named.manifest.clear();
  return named;
}

LookTextOptions text_options(const CommandLine& line) {
  LookTextOptions options{.named = inputs_for_a_job(line)};
  const auto terminal = view::choose_terminal_options(STDOUT_FILENO, ::isatty(STDOUT_FILENO) == 1, std::getenv);
  if (!terminal.is_terminal) return options;
  options.columns = view::screen_size(terminal, Fd(::dup(STDOUT_FILENO))).columns;
  options.color = terminal.style.color;
  return options;
}

Result<int> look_and_print(const CommandLine& line) {
  TRY_ASSIGN(const Look look, look_at_inputs(line, line.look.records));
  const LookTextOptions options = text_options(line);
  TRY(print(line.json ? look_json(look, options) : look_text(look, options)));
  return look.read_inputs == 0 ? kStatusFailed : 0;
}

}  // namespace

int look_command(const CommandLine& line) {
  auto status = look_and_print(line);
  return status.ok() ? status.value() : print_error(status.error());
}

}  // namespace quern::app
