#include "app/cli/completion.h"

#include <array>
#include <utility>

#include "app/cli/command_line_table.h"
#include "job_file/job_file.h"

namespace quern::app {
namespace {

constexpr std::array<std::pair<std::string_view, std::string (*)()>, 3> kScripts = {
    {{"bash", bash_completion}, {"zsh", zsh_completion}, {"fish", fish_completion}}};

}  // namespace

std::vector<std::string> completion_shells() {
  std::vector<std::string> names;
  for (const auto& [name, script] : kScripts) names.emplace_back(name);
  return names;
}

std::optional<std::string> completion_script(std::string_view shell) {
  for (const auto& [name, script] : kScripts) {
    if (name == shell) return script();
  }
  return std::nullopt;
}

}  // namespace quern::app
