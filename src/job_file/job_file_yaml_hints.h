#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "job_file/job_file_yaml.h"

// Detects common mistakes in YAML and explains how to fix them. For job_file_yaml.cc only.

namespace quern::job_file {

// kBadConfig if there are control characters or bytes that are not UTF-8: the file is then not a job file.
Result<void> refuse_binary(const YamlSource& source);

// YAML interprets characters such as , | & *, so `separator: ,` would be an error although the user means the
// character. Puts quotes around such a value; keeps all line numbers.
std::string with_quoted_separator(std::string_view text);

// Returns the problem of a scalar that the library accepted but that is surely a mistake: unclosed quotes, or a plain
// scalar that continues on the next line. "" if there is none.
std::string problem_of_scalar(std::string_view text, std::size_t position, std::string_view value);

// An error of the library; line and column count from 0.
struct YamlComplaint {
  std::string message;
  int line = 0;
  int column = 0;
};
// Returns the message, such as "analysis-tools.yml:7: a TAB indents this line; YAML allows spaces only".
std::string explain(const YamlSource& source, const YamlComplaint& complaint);

}  // namespace quern::job_file
