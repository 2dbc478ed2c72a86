#include "services/process/input_name.h"

#include <fcntl.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <system_error>

#include "base/fd.h"

namespace quern::process {
namespace {

bool names_a_variable(std::string_view text) {
  // Hadoop first called the variable map_input_file. Libraries such as mrjob use the name of the setting, with dots.
  constexpr std::array<std::string_view, 3> kNames = {"QUERN_INPUT_FILE", "map_input_file", "map.input.file"};
  return std::any_of(kNames.begin(), kNames.end(),
                     [&](std::string_view name) { return text.find(name) != std::string_view::npos; });
}

// Returns the start of the file, or "" if it cannot be read; the code that starts the command reports that error.
std::string start_of_file(const std::filesystem::path& path) {
  std::error_code error;
  if (!std::filesystem::is_regular_file(path, error)) return "";
  std::string text(std::min<std::uint64_t>(std::filesystem::file_size(path, error), limits::kSearchedScriptBytes),
                   '\0');
  auto file = open_file(path.string(), O_RDONLY);
  std::size_t used = 0;
  while (file.ok() && used < text.size()) {
    auto count = read_some(file.value(), std::span(text).subspan(used));
    if (!count.ok() || count.value() == 0) break;
    used += count.value();
  }
  text.resize(used);
  return text;
}

}  // namespace

std::vector<std::string> input_variables(std::string_view name) {
  return {std::string("QUERN_INPUT_FILE=").append(name), std::string("mapreduce_map_input_file=").append(name)};
}

bool asks_for_input_name(const std::vector<std::string>& command, const std::string& job_folder) {
  return std::any_of(command.begin(), command.end(), [&](const std::string& word) {
    return names_a_variable(word) || names_a_variable(start_of_file(std::filesystem::path(job_folder) / word));
  });
}

}  // namespace quern::process
