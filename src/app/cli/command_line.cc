#include "app/cli/command_line.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <regex>
#include <string_view>
#include <utility>

#include "app/cli/command_line_table.h"
#include "app/cli/completion.h"
#include "app/cli/given_options.h"
#include "app/cli/one_line.h"
#include "app/cli/setting_help.h"
#include "base/duration.h"
#include "base/nearest.h"
#include "base/shown_url.h"
#include "base/text.h"
#include "job_file/job_file_aggregate.h"
#include "job_file/job_file_settings.h"
#include "model/aggregate.h"
#include "model/limits.h"

namespace quern::app {
namespace {

using Command = CommandLine::Command;

bool asks_for_help(std::string_view argument) { return argument == "-h" || argument == "--help"; }

// Returns the setting that aggregates as an option of this name would, if there were one: "aggregate.p90=p90 PATH" for
// --p90. "" if the name is not that of an aggregation, or the command does not take any.
std::string aggregate_setting(const CommandRow& command, std::string_view option) {
  const bool aggregates = std::any_of(command.options.begin(), command.options.end(),
                                      [](const OptionRow& row) { return row.long_name == "--count"; });
  if (!aggregates || !option.starts_with("--")) return "";
  const std::string name(option.substr(2));
  const std::string written = name == "top" ? "top:10" : name;
  if (!job_file::read_aggregate(written, AggregatedBy::kColumn).ok()) return "";
  return fmt::format("aggregate.{}={} PATH", name.substr(0, name.find(':')), written);
}

Error unknown_option(const CommandRow& command, std::string_view word) {
  std::string_view name = word.substr(0, word.find('='));
  if (const std::string wanted = aggregate_setting(command, name); !wanted.empty()) {
    return bad_config(fmt::format("{}: {} is not an option; say --set '{}'", command.name, name, wanted));
  }
  std::vector<std::string> names;
  for (const OptionRow& row : command.options) {
    // A name of one letter is never similar to another.
    if (name.size() > 2) names.emplace_back(row.long_name);
  }
  std::optional<std::string> meant = nearest(name, names);
  std::string hint = meant.has_value() ? fmt::format("; did you mean {}?", *meant) : "";
  return bad_config(
      fmt::format("{}: {} is not an option{} (quern {} --help lists them)", command.name, name, hint, command.name));
}

Error unknown_command(const std::string& given) {
  const std::string word = shell_word(given);
  const std::vector<std::string> names = command_names();
  if (std::optional<std::string> meant = nearest(given, names)) {
    return bad_config(fmt::format("{} is not a command; did you mean {}? (quern --help lists them)", word, *meant));
  }
  if (word.find_first_of("./") != std::string::npos) {
    return bad_config(fmt::format("{} is not a command; to run the job of that name: quern run {}", word, word));
  }
  return bad_config(fmt::format("{} is not a command; they are {} (quern --help says more)", word, one_of(names)));
}

// Neither a command, a setting nor another word.
Error unknown_topic(const std::string& given) {
  const std::string word = shell_word(given);
  const std::optional<std::string> meant = nearest(given, help_topics());
  if (meant.has_value() && find_command(*meant) != nullptr) return unknown_command(given);
  if (meant.has_value() && !job_file::shape_of(*meant).has_value()) {
    return bad_config(fmt::format("{} is neither a command nor a word of job files; did you mean {}?", word, *meant));
  }
  Error error = job_file::unknown_setting(given, word);
  error.message = fmt::format("{} is not a command, and {} (quern --help lists the commands)", word, error.message);
  return error;
}

// A value that is in quotes itself would lose them when --set is parsed; an additional pair of quotes keeps them.
std::string setting(std::string_view key, const std::string& value) {
  bool is_quoted = value.size() >= 2 && value.front() == value.back() && (value[0] == '"' || value[0] == '\'');
  if (!is_quoted) return fmt::format("{}={}", key, value);
  std::string escaped;
  for (char letter : value) {
    if (letter == '"' || letter == '\\') escaped += '\\';
    escaped += letter;
  }
  return fmt::format("{}=\"{}\"", key, escaped);
}

// Whether the job was named before the first -i, so that additional words are inputs that the shell has expanded.
bool job_stands_first(std::span<const std::string> arguments, const std::string& job) {
  auto is_input = [](const std::string& word) {
    return word.starts_with("-i") || word.starts_with("--input") || word.starts_with("--from");
  };
  auto first_input = std::find_if(arguments.begin(), arguments.end(), is_input);
  return std::find(arguments.begin(), first_input, job) != first_input && first_input != arguments.end();
}

bool takes_inputs(const CommandRow& command) {
  return command.name == "run" || command.name == "try" || command.name == "plan" || command.name == "submit" ||
         command.name == "doctor";
}

Result<void> take_job_and_inputs(const CommandRow& command, std::span<const std::string> arguments, const Given& given,
                                 CommandLine& line) {
  line.inputs = given.all("--input");
  if (given.positionals.empty()) return {};
  line.job = given.positionals[0];
  if (given.positionals.size() == 1) return {};
  if (!job_stands_first(arguments, given.positionals[0])) {
    std::string advice = takes_inputs(command) ? "; inputs follow -i, after the job" : "";
    return bad_config(fmt::format("{}: there is one job, and both {} and {} are named{}", command.name,
                                  given.positionals[0], given.positionals[1], advice));
  }
  line.inputs.insert(line.inputs.end(), given.positionals.begin() + 1, given.positionals.end());
  return {};
}

Command job_command(std::string_view name) {
  if (name == "map") return Command::kMap;
  if (name == "reduce") return Command::kReduce;
  if (name == "doctor") return Command::kDoctor;
  if (name == "plan") return Command::kPlan;
  if (name == "submit") return Command::kSubmit;
  if (name == "try") return Command::kTry;
  return name == "run" ? Command::kRun : Command::kCheck;
}

Result<std::chrono::milliseconds> poll_interval(const CommandRow& command, const Given& given) {
  auto text = given.last("--poll");
  if (!text.has_value()) return std::chrono::milliseconds(limits::kPollInterval);
  auto interval = parse_duration(*text);
  if (interval.ok() && interval.value() >= limits::kLeastPollInterval &&
      interval.value() <= limits::kMostPollInterval) {
    return interval.value();
  }
  return bad_config(fmt::format("{}: --poll is '{}'; it must be a time from {} to {}, such as 10s", command.name, *text,
                                format_duration(limits::kLeastPollInterval),
                                format_duration(limits::kMostPollInterval)));
}

Result<std::size_t> retry_count(const CommandRow& command, const Given& given) {
  TRY_ASSIGN(const auto count, number_of(command.name, given, "--retry", 0, limits::kMaxTaskRetries));
  return static_cast<std::size_t>(count.value_or(0));
}

// Parses a command about an existing task group, which has one positional argument.
Result<CommandLine> parse_group_command(const CommandRow& command, const Given& given) {
  CommandLine line;
  line.command = command.name == "watch"    ? Command::kWatch
                 : command.name == "fetch"  ? Command::kFetch
                 : command.name == "cancel" ? Command::kCancel
                                            : Command::kRetry;
  if (given.positionals.size() > 1) {
    return bad_config(fmt::format("{}: takes one task group or job, and {} and {} are two", command.name,
                                  given.positionals[0], given.positionals[1]));
  }
  if (!given.positionals.empty()) line.tasks.target = given.positionals[0];
  line.tasks.output = given.last("--output");
  TRY_ASSIGN(line.tasks.poll, poll_interval(command, given));
  TRY_ASSIGN(line.tasks.retries, retry_count(command, given));
  line.quiet = given.has("--quiet");
  line.verbose = given.has("--verbose");
  line.json = given.has("--json");
  return line;
}

bool is_about_a_group(const CommandRow& command) {
  constexpr std::array<std::string_view, 4> kNames = {"watch", "fetch", "cancel", "retry"};
  return std::find(kNames.begin(), kNames.end(), command.name) != kNames.end();
}

constexpr std::string_view kStandardInput = "/dev/stdin";

Result<void> take_standard_input(const CommandRow& command, const Given& given, CommandLine& line) {
  if (!given.has("--stdin-records")) return {};
  if (!line.inputs.empty() || given.last("--manifest").has_value()) {
    return bad_config(fmt::format("{}: --stdin-records is the only input of a job, and {} names others", command.name,
                                  line.inputs.empty() ? "--manifest" : "-i"));
  }
  line.inputs.emplace_back(kStandardInput);
  return {};
}

// The aggregations in the order in which they were given.
std::vector<std::pair<std::string, std::string>> aggregates_of(std::span<const std::string> arguments,
                                                               const Given& given) {
  constexpr std::array<std::string_view, 9> kAggregates = {"--count", "--sum", "--mean", "--min",     "--max",
                                                           "--p50",   "--p95", "--p99",  "--distinct"};
  std::vector<std::pair<std::string, std::string>> aggregates;
  std::map<std::string_view, std::size_t> taken;
  for (std::string_view word : arguments) {
    if (word == "--") break;
    const auto* name = std::find(kAggregates.begin(), kAggregates.end(), word.substr(0, word.find('=')));
    if (name == kAggregates.end()) continue;
    const std::vector<std::string> values = given.all(*name);
    const std::size_t number = taken[*name]++;
    if (*name != "--count" && number >= values.size()) continue;
    aggregates.emplace_back(name->substr(2), *name == "--count" ? "" : values[number]);
  }
  return aggregates;
}

// `--order count desc` without quotes: desc would be the name of a job or an input.
Result<void> refuse_unquoted_order(const CommandRow& command, std::span<const std::string> arguments) {
  for (std::size_t i = 0; i + 1 < arguments.size() && arguments[i] != "--"; ++i) {
    const bool is_joined = arguments[i].starts_with("--order=");
    if (!is_joined && arguments[i] != "--order") continue;
    const std::size_t next = is_joined ? i + 1 : i + 2;
    if (next >= arguments.size() || (arguments[next] != "desc" && arguments[next] != "asc")) continue;
    const std::string column = is_joined ? arguments[i].substr(arguments[i].find('=') + 1) : arguments[i + 1];
    const std::string value = fmt::format("{} {}", column, arguments[next]);
    return bad_config(
        fmt::format("{}: quote the column and the direction: --order {}", command.name, shell_word(value)));
  }
  return {};
}

// A job that the options describe; words after -i are inputs that a shell has expanded.
Result<void> take_one_line(const CommandRow& command, std::span<const std::string> arguments, const Given& given,
                           OneLine one, CommandLine& line) {
  line.key = given.last("--key-file");
  line.inputs = given.all("--input");
  const std::vector<std::string>& words = given.positionals;
  if (!words.empty() && (line.inputs.empty() || job_stands_first(arguments, words.front()))) {
    const std::string hint = given.has("--count") ? " (--count takes no path)" : "";
    return bad_config(fmt::format("{}: the options describe a job, and {} is another one; inputs follow -i{}",
                                  command.name, words.front(), hint));
  }
  line.inputs.insert(line.inputs.end(), words.begin(), words.end());
  TRY(take_standard_input(command, given, line));
  one.inputs = line.inputs;
  auto text = job_text_of(one);
  if (!text.ok()) return std::move(text).error().with_context(command.name);
  line.job_text = std::move(text).value();
  return {};
}

// Whether --set has what --key needs, and no job file is named.
bool sets_aggregate(std::span<const std::string> arguments, const Given& given) {
  if (!given.positionals.empty() &&
      (given.all("--input").empty() || job_stands_first(arguments, given.positionals[0]))) {
    return false;
  }
  const std::vector<std::string> set = given.all("--set");
  return std::any_of(set.begin(), set.end(), [](std::string_view one) {
    return one.starts_with("aggregate=") || one.starts_with("aggregate.");
  });
}

// Without a job that the options describe, --key is the file of the private key.
Result<void> take_job(const CommandRow& command, std::span<const std::string> arguments, const Given& given,
                      CommandLine& line) {
  const bool is_check = line.command == Command::kCheck;
  const bool may_be_one_line = is_check || line.command == Command::kRun || line.command == Command::kTry;
  if (!may_be_one_line) return take_job_and_inputs(command, arguments, given, line);
  OneLine one{.keys = given.all("--key"),
              .values = given.all("--value"),
              .aggregates = aggregates_of(arguments, given),
              .map = given.last("--map"),
              .reduce = given.last("--reduce"),
              .sets_aggregate = sets_aggregate(arguments, given),
              .is_javascript = given.has("--js"),
              .inputs = {}};
  if (one.has_job()) return take_one_line(command, arguments, given, std::move(one), line);
  TRY(take_job_and_inputs(command, arguments, given, line));
  if (one.is_javascript) return bad_config(fmt::format("{}: --js needs --map or --reduce", command.name));
  if (is_check && !one.keys.empty()) return bad_config(fmt::format("check: {}", kNothingForEachKey));
  if (is_check && (!line.inputs.empty() || given.has("--stdin-records"))) {
    return bad_config("check: -i and --stdin-records are for a job without a file, as in -i 'e/*' --count");
  }
  line.key = given.last("--key-file");
  if (!line.key.has_value() && !one.keys.empty()) {
    line.key = one.keys.back();
    line.key_may_be_path = true;
  }
  return take_standard_input(command, given, line);
}

Result<void> take_try(const Given& given, CommandLine& line) {
  line.trial = {.records = {},
                .at = given.last("--at").value_or(""),
                .seed = {},
                .debug = given.has("--debug"),
                .profile = given.has("--profile")};
  TRY_ASSIGN(line.trial.records, number_of("try", given, "--records", 1));
  TRY_ASSIGN(line.trial.seed, number_of("try", given, "--random", 0));
  auto refused = [](std::string_view one, std::string_view other) {
    return bad_config(fmt::format("try: {} and {} exclude each other; name one of them", one, other));
  };
  if (line.trial.debug && line.trial.profile) return refused("--debug", "--profile");
  if (!line.trial.at.empty() && line.trial.seed.has_value()) return refused("--at", "--random");
  if (!line.trial.at.empty() && !line.inputs.empty()) return refused("--at", "-i");
  return {};
}

// The long name of an option, or the short one if it was given.
std::string as_written(const CommandRow& command, std::span<const std::string> arguments, std::string_view long_name) {
  const std::string_view short_name =
      std::find_if(command.options.begin(), command.options.end(), [&](const OptionRow& row) {
        return row.long_name == long_name;
      })->short_name;
  const bool is_short =
      !short_name.empty() && std::any_of(arguments.begin(), arguments.end(),
                                         [&](const std::string& argument) { return argument.starts_with(short_name); });
  return std::string(is_short ? short_name : long_name);
}

Result<CommandLine> parse_job_command(const CommandRow& command, std::span<const std::string> arguments,
                                      const Given& given) {
  CommandLine line;
  TRY(refuse_unquoted_order(command, arguments));
  line.command = job_command(command.name);
  line.key = given.last("--key");
  if (line.command == Command::kMap || line.command == Command::kReduce) {
    line.job = given.last("--job");
    line.inputs = given.positionals;
  } else {
    TRY(take_job(command, arguments, given, line));
  }
  line.settings = given.all("--set");
  // The output of submit is a path on this machine, and no task writes to it.
  if (line.command == Command::kSubmit) line.tasks.output = given.last("--output");
  for (auto [option, key] : {std::pair{"--output", "output"},
                             {"--order", "order"},
                             {"--first", "first"},
                             {"--format", "format"},
                             {"--processes", "limits.processes"},
                             {"--memory", "limits.memory"},
                             {"--records", "limits.records"}}) {
    if (line.command == Command::kSubmit) break;
    if (line.command == Command::kTry && std::string_view(option) == "--records") continue;
    if (auto value = given.last(option); value.has_value()) {
      line.settings.push_back(setting(key, *value));
      line.options[key] = as_written(command, arguments, option);
    }
  }
  for (const std::string& where : given.all("--where")) {
    const bool is_whole = where.starts_with('{');
    if (!is_whole && (where.find('=') == std::string::npos || where.starts_with('='))) {
      return bad_config(
          fmt::format("{}: --where is '{}'; it must be PATH=VALUE, as in --where country=de", command.name, where));
    }
    line.settings.push_back(is_whole ? "where=" + where : "where." + where);
    line.options[is_whole ? "where" : "where." + std::string(trimmed(where.substr(0, where.find('=')), " "))] =
        "--where";
  }
  if (line.command == Command::kTry) TRY(take_try(given, line));
  line.manifest = given.last("--manifest");
  line.scratch = given.last("--scratch").value_or("");
  line.log = given.last("--log").value_or("");
  line.bucket = given.last("--bucket");
  line.endpoint = given.last("--endpoint");
  line.no_sign_request = given.has("--no-sign-request");
  line.tasks.group = given.last("--group");
  line.tasks.now = given.last("--now");
  line.tasks.no_watch = given.has("--no-watch");
  line.tasks.no_fetch = given.has("--no-fetch");
  TRY_ASSIGN(line.tasks.poll, poll_interval(command, given));
  TRY_ASSIGN(line.tasks.retries, retry_count(command, given));
  if (line.tasks.no_watch && line.tasks.retries > 0) {
    return bad_config("submit: --retry is for a watch, and --no-watch leaves it out; give it to quern watch");
  }
  line.is_offline = given.has("--offline");
  line.suggest_fields = given.has("--suggest-fields");
  line.quiet = given.has("--quiet");
  line.verbose = given.has("--verbose");
  line.merge = given.has("--merge");
  line.collect = given.has("--collect");
  if (line.merge && line.collect) return bad_config("reduce: --merge and --collect are two things to do; name one");
  line.json = given.has("--json");
  return line;
}

// Parses a command of `quern credentials`, which has one positional argument.
Result<CommandLine> parse_credentials_command(const CommandRow& command, const Given& given) {
  CommandLine line;
  bool is_seal = command.name == "credentials seal";
  line.command = is_seal ? Command::kSeal : command.name == "credentials keygen" ? Command::kKeygen : Command::kOpen;
  if (given.positionals.size() > 1) {
    return bad_config(fmt::format("{}: takes one {}, and {} and {} are two", command.name,
                                  line.command == Command::kKeygen ? "file" : "value", given.positionals[0],
                                  given.positionals[1]));
  }
  line.credentials = {.value = given.positionals.empty() ? std::nullopt : std::optional(given.positionals[0]),
                      .to = given.last("--to"),
                      .profile = given.last("--profile"),
                      .expires = given.last("--expires"),
                      .reveal = given.has("--reveal")};
  line.key = given.last("--key");
  line.json = given.has("--json");
  if (!is_seal || !line.credentials.value.has_value()) return line;
  if (line.credentials.value != "-") {
    return bad_config(
        fmt::format("{}: takes only -, for JSON on standard input; credentials on the command line are seen by "
                    "everybody on this machine",
                    command.name));
  }
  if (line.credentials.profile.has_value()) {
    return bad_config(fmt::format("{}: --profile and - name two sources; name one", command.name));
  }
  return line;
}

Result<CommandLine> parse_federate(const CommandRow& command, std::span<const std::string> arguments,
                                   const Given& given) {
  CommandLine line;
  line.command = Command::kFederate;
  TRY(take_job_and_inputs(command, arguments, given, line));
  line.settings = given.all("--set");
  line.manifest = given.last("--manifest");
  line.bucket = given.last("--bucket");
  line.credentials = {.to = given.last("--to"),
                      .profile = given.last("--profile"),
                      .duration = given.last("--duration").value_or("1h"),
                      .session = given.last("--session").value_or("quern")};
  line.json = given.has("--json");
  return line;
}

Result<Language> language_named(const std::string& name) {
  std::vector<std::string> names;
  for (Language language : {Language::kPython, Language::kJavascript, Language::kBinary}) {
    if (name == name_of(language)) return language;
    names.emplace_back(name_of(language));
  }
  std::optional<std::string> meant = nearest(name, names);
  std::string hint = meant.has_value() ? fmt::format("; did you mean {}?", *meant) : "";
  return bad_config(fmt::format("init: --language is '{}'; it must be {}{}", name, one_of(names), hint));
}

// `--from data/*` may have been expanded by the shell: then the folder comes first, and all other words are inputs.
Result<CommandLine> parse_init(std::span<const std::string> arguments, const Given& given) {
  CommandLine line;
  line.command = Command::kInit;
  if (given.positionals.empty() || given.positionals[0].empty()) {
    return bad_config("init: name the folder for the job, as in: quern init myjob");
  }
  line.inputs = given.all("--from");
  if (given.positionals.size() > 1 && !job_stands_first(arguments, given.positionals[0])) {
    return bad_config(
        fmt::format("init: takes one folder, and {} and {} are two", given.positionals[0], given.positionals[1]));
  }
  line.inputs.insert(line.inputs.end(), given.positionals.begin() + 1, given.positionals.end());
  line.init.folder = given.positionals[0];
  TRY_ASSIGN(line.init.language, language_named(given.last("--language").value_or("python")));
  return line;
}

Result<CommandLine> parse_look(const Given& given) {
  CommandLine line;
  line.command = Command::kLook;
  line.inputs = given.positionals;
  line.manifest = given.last("--manifest");
  line.bucket = given.last("--bucket");
  line.endpoint = given.last("--endpoint");
  line.key = given.last("--key");
  line.no_sign_request = given.has("--no-sign-request");
  line.json = given.has("--json");
  if (line.inputs.empty() && !line.manifest.has_value()) {
    return bad_config("look: name the inputs, as in: quern look 'data/*.json.gz'");
  }
  TRY_ASSIGN(const auto records, number_of("look", given, "--records", 1));
  line.look.records = records.value_or(line.look.records);
  return line;
}

CommandLine printed(Command command, std::string text) {
  CommandLine line;
  line.command = command;
  line.text = std::move(text);
  return line;
}

Result<CommandLine> help_about(const std::vector<std::string>& words) {
  if (words.empty()) return printed(Command::kHelp, general_help());
  const std::string name = fmt::format("{}", fmt::join(words, " "));
  if (const CommandRow* command = find_command(name)) return printed(Command::kHelp, command_help(*command));
  if (std::optional<std::string> text = setting_help(name)) return printed(Command::kHelp, std::move(*text));
  return unknown_topic(name);
}

Result<CommandLine> completion(const std::vector<std::string>& words) {
  std::optional<std::string> script = words.size() == 1 ? completion_script(words[0]) : std::nullopt;
  if (!script.has_value()) {
    return bad_config(
        fmt::format("completion: name the shell: {}, as in: quern completion bash", one_of(completion_shells())));
  }
  return printed(Command::kCompletion, std::move(*script));
}

Result<CommandLine> guard(const std::vector<std::string>& words) {
  if (words.size() != 1) return bad_config("guard: this command is for quern itself, and takes one marker");
  CommandLine line;
  line.command = Command::kGuard;
  line.guard_marker = words[0];
  return line;
}

Result<CommandLine> parse_command(const CommandRow& command, std::span<const std::string> arguments) {
  auto end_of_options = std::find(arguments.begin(), arguments.end(), "--");
  if (std::any_of(arguments.begin(), end_of_options, asks_for_help)) {
    return printed(Command::kHelp, command_help(command));
  }
  TRY_ASSIGN(Given given, parse_options(command, arguments));
  if (!given.unknown.empty()) return unknown_option(command, given.unknown[0]);
  if (command.name == "help") return help_about(given.positionals);
  if (command.name == "completion") return completion(given.positionals);
  if (command.name == "guard") return guard(given.positionals);
  if (command.name == "init") return parse_init(arguments, given);
  if (command.name == "look") return parse_look(given);
  if (is_about_a_group(command)) return parse_group_command(command, given);
  if (command.name == "credentials federate") return parse_federate(command, arguments, given);
  if (command.name.starts_with("credentials ")) return parse_credentials_command(command, given);
  if (command.name != "version") return parse_job_command(command, arguments, given);
  if (!given.positionals.empty()) return bad_config("version: takes no arguments");
  return printed(Command::kVersion, fmt::format("quern {}\n", kQuernVersion));
}

// Parses the words that follow `quern credentials`.
Result<CommandLine> parse_credentials(std::span<const std::string> words) {
  if (words.empty()) {
    return bad_config(fmt::format("credentials: say what to do: {} (quern credentials --help says more)",
                                  one_of(words_after("credentials"))));
  }
  if (asks_for_help(words[0])) return printed(Command::kHelp, command_help(*find_command("credentials")));
  const CommandRow* command = find_command("credentials " + words[0]);
  if (command != nullptr) return parse_command(*command, words.subspan(1));
  const std::vector<std::string> known = words_after("credentials");
  std::optional<std::string> meant = nearest(words[0], known);
  std::string hint = meant.has_value() ? "did you mean " + *meant + "?" : "there are " + one_of(known);
  return bad_config(
      fmt::format("credentials: {} is not a command; {} (quern credentials --help says more)", words[0], hint));
}

Result<CommandLine> parse_words(const std::vector<std::string>& words) {
  if (words.empty()) {
    CommandLine line = printed(Command::kHelp, general_help());
    line.exit_status = 2;
    return line;
  }
  const std::string name = words[0];
  if (asks_for_help(name)) return help_about({});
  if (name == "--version" || name == "-V") return parse_command(*find_command("version"), {});
  if (name == "credentials") return parse_credentials(std::span<const std::string>(words).subspan(1));
  const CommandRow* command = find_command(name);
  if (command != nullptr) return parse_command(*command, std::span(words).subspan(1));
  if (name.starts_with('-')) {
    return bad_config(fmt::format(
        "{} comes before the command; write quern COMMAND {} (quern --help lists the commands)", name, name));
  }
  return unknown_command(name);
}

}  // namespace

Result<CommandLine> parse_command_line(std::span<const char* const> arguments) {
  std::vector<std::string> words;
  for (const char* argument : arguments.subspan(std::min<std::size_t>(1, arguments.size())))
    words.emplace_back(argument);
  TRY_ASSIGN(CommandLine line, parse_words(words));
  line.words = {"quern"};
  line.words.insert(line.words.end(), words.begin(), words.end());
  return line;
}

std::vector<std::string> shown_words(std::span<const std::string> words) {
  static const std::regex kVariables("(^|[^A-Za-z0-9_])env[\"']?\\s*[.:=]");
  std::vector<std::string> shown;
  for (const std::string& word : words) {
    std::smatch found;
    const bool has_variables = std::regex_search(word, found, kVariables);
    shown.push_back(has_variables ? with_shown_urls(found.prefix().str() + found.str()) + "…" : with_shown_urls(word));
  }
  return shown;
}

}  // namespace quern::app
