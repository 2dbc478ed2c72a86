#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

// The scripts that let a shell complete quern's commands, options, settings and their values. They are generated from
// the tables of commands (command_line_table.h) and of settings (job_file.h), so each list exists once. Pure.

namespace quern::app {

// The names of the shells, for messages and for the completion itself.
std::vector<std::string> completion_shells();
// Returns what `quern completion SHELL` prints; nullopt for an unknown shell.
std::optional<std::string> completion_script(std::string_view shell);

std::string bash_completion();
std::string fish_completion();
std::string zsh_completion();

}  // namespace quern::app
