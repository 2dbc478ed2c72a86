#include "app/cli/given_options.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <iterator>
#include <limits>

namespace quern::app {
namespace {

void add_option(CLI::App& app, const OptionRow& row, Given& given) {
  std::string names = row.short_name.empty() ? "" : std::string(row.short_name) + ",";
  names += row.long_name;
  if (row.value.empty()) {
    app.add_flag(names, given.switches[row.long_name])->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
    return;
  }
  // One value for each occurrence of the option: `-i a b` does not include b.
  app.add_option(names, given.values[row.long_name])
      ->expected(1, std::numeric_limits<int>::max())
      ->allow_extra_args(false);
}

// In `-o --quiet` the path is missing; the library would take the option as its value.
Result<void> refuse_options_as_values(const CommandRow& command, const Given& given) {
  for (const auto& [name, values] : given.values) {
    for (const OptionRow& row : command.options) {
      auto found = std::find_if(values.begin(), values.end(), [&](const std::string& value) {
        return value == row.long_name || value == row.short_name;
      });
      if (found == values.end() || found->empty()) continue;
      return bad_config(fmt::format("{}: {} needs a value, and {} is an option", command.name, name, *found));
    }
  }
  return {};
}

}  // namespace

Result<Given> parse_options(const CommandRow& command, std::span<const std::string> arguments) {
  Given given;
  CLI::App app;
  app.set_help_flag();
  app.allow_extras();
  app.add_option("words", given.positionals)->expected(0, std::numeric_limits<int>::max());
  for (const OptionRow& row : command.options) add_option(app, row, given);
  // After a lone -- nothing is an option.
  auto end_of_options = std::find(arguments.begin(), arguments.end(), "--");
  try {
    // The library takes the arguments from the end of the vector.
    app.parse(std::vector<std::string>(std::reverse_iterator(end_of_options), arguments.rend()));
    given.unknown = app.remaining();
  } catch (const CLI::ArgumentMismatch& mismatch) {
    std::string_view what = mismatch.what();
    std::string_view name = what.substr(0, what.find(':'));
    for (const OptionRow& row : command.options) {
      if (name != row.long_name && name != row.short_name) continue;
      return bad_config(fmt::format("{}: {} needs a value, as in {} {}", command.name, name, name, row.value));
    }
    return bad_config(fmt::format("{}: {}", command.name, what));
  } catch (const CLI::Error& error) {
    return bad_config(fmt::format("{}: {}", command.name, error.what()));
  }
  TRY(refuse_options_as_values(command, given));
  if (end_of_options != arguments.end()) {
    given.positionals.insert(given.positionals.end(), end_of_options + 1, arguments.end());
  }
  return given;
}

Result<std::optional<std::uint64_t>> number_of(std::string_view command, const Given& given, std::string_view option,
                                               std::uint64_t least, std::uint64_t most) {
  const auto text = given.last(option);
  std::uint64_t number = 0;
  if (!text.has_value()) return std::optional<std::uint64_t>();
  const char* end = text->data() + text->size();
  auto parsed = std::from_chars(text->data(), end, number);
  if (parsed.ec == std::errc() && parsed.ptr == end && number >= least && number <= most) return std::optional(number);
  const std::string range = most == UINT64_MAX ? "on" : fmt::format("to {}", most);
  return bad_config(
      fmt::format("{}: {} is '{}'; it must be a number from {} {}", command, option, *text, least, range));
}

}  // namespace quern::app
