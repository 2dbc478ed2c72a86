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

// Converts values of the job file as users mean them, and writes them as YAML. Errors are kBadConfig; the message
// continues after the key ("is 'fast'; it must be a whole number"), and the caller prepends the place and the key.

namespace quern::job_file {

// Returns kBadConfig with the message `what`.
Error wrong_value(std::string what);

// Reads any scalar as written: `no` is "no" and 1.10 is "1.10". Refuses an empty value, null and "".
Result<std::string> text_of(const YamlNode& node);
// Like text_of, but also accepts a quoted "" and words such as null as text: for arguments.
Result<std::string> any_text_of(const YamlNode& node);

// In YAML, `\t` without quotes or in single quotes is two characters; users mean a TAB. `\\` is a backslash.
std::string unescaped_text(const std::string& text);

// Reads a list of scalars, or one scalar as a list with one item.
Result<std::vector<std::string>> texts_of(const YamlNode& node);
Result<std::vector<std::string>> any_texts_of(const YamlNode& node);

struct CountRange {
  std::uint64_t least = 0;
  std::uint64_t most = UINT64_C(1) << 53;
};
// Reads a whole number: 1000, 1_000 or 1e3.
Result<std::uint64_t> count_of(const YamlNode& node, const CountRange& range);
// Reads yes, no, true, false, on, off, 1 or 0.
Result<bool> flag_of(const YamlNode& node);
Result<std::uint64_t> bytes_of(const YamlNode& node, std::uint64_t least);
Result<std::chrono::milliseconds> duration_of(const YamlNode& node);
// Returns the index of the word in `words`.
Result<std::size_t> choice_of(const YamlNode& node, std::span<const std::string> words);

// Converts any value to JSON. Unquoted numbers, true, false and null keep their type; quoted ones, and yes and no, are
// text.
Result<std::string> json_of(const YamlNode& node);
// Converts a `where:` map to JSON: each path with a value, a list of values, or {min, max}.
Result<std::string> where_json_of(const YamlNode& node);
// Writes "…" in place of each value that `map`, a JSON object, has in a map or list under `key`, or under a key that
// begins with `key` and a dot.
std::string json_without_values_of(const std::string& key, const std::string& map);
// Whether the node is unquoted text that JSON would read as a number, true, false or null.
bool is_json_word(const YamlNode& node);

// Writes text as YAML that reads back as the same text; uses quotes if another YAML reader could misread it.
std::string yaml_text(std::string_view text);
std::string yaml_list(std::span<const std::string> texts);
// Writes "…" in place of each value, because it may be a secret.
std::string yaml_without_values(const std::map<std::string, std::optional<std::string>>& variables);
// Writes "1GiB" if that is exact, otherwise the number.
std::string yaml_bytes(std::uint64_t bytes);

}  // namespace quern::job_file
