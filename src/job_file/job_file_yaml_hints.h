#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "job_file/job_file_yaml.h"

// YAML's surprises, and what a person should do about them. For job_file_yaml.cc only.

namespace quern::job_file {

// Control characters and bytes that are not UTF-8 mean that the file is no job file.
Result<void> refuse_binary(const YamlSource& source);

// YAML gives characters such as , | & * a meaning of their own, so `separator: ,` would be an error; a person who
// writes it means the character. Puts quotes around it; keeps all line numbers.
std::string with_quoted_separator(std::string_view text);

// What is wrong with a scalar that the library took without complaint although it is surely not meant: quotes that are
// never closed, a plain value that swallowed the next line. "" if nothing is.
std::string problem_of_scalar(std::string_view text, std::size_t position, std::string_view value);

// An error of the library; line and column from 0.
struct YamlComplaint {
  std::string message;
  int line = 0;
  int column = 0;
};
// "analysis-tools.yml:7: a TAB indents this line; YAML allows spaces only".
std::string explain(const YamlSource& source, const YamlComplaint& complaint);

}  // namespace quern::job_file
