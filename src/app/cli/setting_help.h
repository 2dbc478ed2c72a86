#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace quern::app {

// Returns what `quern help SETTING` prints: what docs/job-file.md, which is part of the program, says about a setting
// (also by the key of the short form), or the settings of a section such as "limits". nullopt if there is neither.
// Pure.
std::optional<std::string> setting_help(std::string_view name);

// The text of docs/job-file.md.
std::string_view job_file_page();

}  // namespace quern::app
