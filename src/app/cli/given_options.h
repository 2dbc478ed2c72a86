#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "app/cli/command_line_table.h"
#include "base/result.h"

namespace quern::app {

// The option values given to one command.
struct Given {
  std::map<std::string_view, std::vector<std::string>> values;  // by long name, in order
  std::map<std::string_view, bool> switches;
  std::vector<std::string> positionals;
  std::vector<std::string> unknown;

  bool has(std::string_view name) const { return switches.contains(name) && switches.at(name); }
  std::optional<std::string> last(std::string_view name) const {
    auto found = values.find(name);
    if (found == values.end() || found->second.empty()) return std::nullopt;
    return found->second.back();
  }
  std::vector<std::string> all(std::string_view name) const {
    auto found = values.find(name);
    return found == values.end() ? std::vector<std::string>() : found->second;
  }
};

// Takes the words after a command apart. kBadConfig if an option lacks its value; unknown options are not an error.
Result<Given> parse_options(const CommandRow& command, std::span<const std::string> arguments);

// The value of an option that is a number from `least` to `most`; nothing if the option was not given.
Result<std::optional<std::uint64_t>> number_of(std::string_view command, const Given& given, std::string_view option,
                                               std::uint64_t least, std::uint64_t most = UINT64_MAX);

}  // namespace quern::app
