#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace quern::app {

// Returns what `quern help SETTING` prints: what docs/job-file.md, which is part of the program, says about a setting
// (also by the key of the short form), the settings of a section such as "limits", or a word: an aggregation, a format,
// an interface or another value of settings. Returns nullopt for any other word. Pure.
std::optional<std::string> setting_help(std::string_view name);

// The aggregations, formats and interfaces, as the page has them ("pN"), and these three words.
std::vector<std::string> words_with_help();

// The text of docs/job-file.md.
std::string_view job_file_page();

}  // namespace quern::app
