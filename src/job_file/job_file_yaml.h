#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

// Parses a job file into a tree that keeps lines and quotes, so that later checks can report the place of a value and
// distinguish `12` from "12". Plain values.

namespace quern::job_file {

struct YamlEntry;

struct YamlNode {
  enum class Kind { kNothing, kText, kList, kMap };
  Kind kind = Kind::kNothing;  // kNothing: the value is empty, null or ~; `text` is then what was written
  bool quoted = false;         // in quotes, a block scalar, or tagged !!str: certainly meant as text
  int line = 0;                // from 1; 0 if there are no lines, as on a command line
  std::string text;            // for kText, exactly as written: 1.10 stays 1.10
  std::vector<YamlNode> items;
  std::vector<YamlEntry> entries;  // in the order written; keys are unique
};

struct YamlEntry {
  std::string key;
  int line = 0;
  YamlNode value;
};

struct YamlSource {
  std::string_view text;
  std::string_view name;  // the name of the file or the variable, for messages
  bool has_lines = true;  // false: messages and nodes carry no line numbers
};

// Returns "analysis-tools.yml:12", or only the name for line 0.
std::string place(std::string_view name, int line);

// Parses one YAML document, with anchors, aliases and `<<` merges. Errors are kBadConfig, begin with the place, and
// explain common mistakes in YAML (tabs, a leading *, unclosed quotes, duplicate keys).
Result<YamlNode> parse_yaml(const YamlSource& source);

// Returns the kind of `node` for messages: "a map", "a list", "empty", "text".
std::string_view kind_name(const YamlNode& node);

}  // namespace quern::job_file
