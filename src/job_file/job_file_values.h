#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "job_file/job_file_yaml.h"

// Values of the job file as a person means them, and back into YAML. Errors are kBadConfig; their message goes on after
// the key ("is 'fast'; it must be a whole number"), and the caller puts place and key in front.

namespace quern::job_file {

// An error whose message is `what`.
Error wrong_value(std::string what);

// Any scalar, as written: `no` is "no" and 1.10 is "1.10". Refuses nothing, null and "".
Result<std::string> text_of(const YamlNode& node);
// The same, but "" in quotes and words such as null are text too: for arguments.
Result<std::string> any_text_of(const YamlNode& node);

// A list of scalars, or one scalar as a list of one.
Result<std::vector<std::string>> texts_of(const YamlNode& node);
Result<std::vector<std::string>> any_texts_of(const YamlNode& node);

struct CountRange {
  std::uint64_t least = 0;
  std::uint64_t most = UINT64_C(1) << 53;
};
// 1000, 1_000 or 1e3.
Result<std::uint64_t> count_of(const YamlNode& node, const CountRange& range);
// yes, no, true, false, on, off, 1, 0.
Result<bool> flag_of(const YamlNode& node);
Result<std::uint64_t> bytes_of(const YamlNode& node, std::uint64_t least);
Result<std::chrono::milliseconds> duration_of(const YamlNode& node);
// The index of the word in `words`.
Result<std::size_t> choice_of(const YamlNode& node, std::span<const std::string> words);

// Any value as JSON: plain numbers, true, false and null are what they look like; quoted ones, and yes and no, are
// text.
Result<std::string> json_of(const YamlNode& node);
// A `where:` map as JSON: each path with a value, a list of values, or {min, max}.
Result<std::string> where_json_of(const YamlNode& node);
// Plain text that JSON would read as a number, true, false or null.
bool is_json_word(const YamlNode& node);

// As YAML that reads back as the same text; in quotes where another reader could take it for something else.
std::string yaml_text(std::string_view text);
std::string yaml_list(std::span<const std::string> texts);
std::string yaml_map(const std::map<std::string, std::optional<std::string>>& values);
// "1GiB" where that is exact, else the number.
std::string yaml_bytes(std::uint64_t bytes);

}  // namespace quern::job_file
