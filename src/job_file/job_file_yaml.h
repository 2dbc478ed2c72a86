#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

// The text of a job file as a tree that remembers lines and quotes, so that later checks can say where a value stands
// and tell `12` from "12". Plain values.

namespace quern::job_file {

struct YamlEntry;

struct YamlNode {
  enum class Kind { kNothing, kText, kList, kMap };
  Kind kind = Kind::kNothing;  // kNothing: nothing is written, or null, or ~; `text` is then what is written
  bool quoted = false;         // in quotes, a block of text, or tagged !!str: certainly meant as text
  int line = 0;                // from 1; 0 where lines mean nothing, as on a command line
  std::string text;            // of kText, exactly as written: 1.10 stays 1.10
  std::vector<YamlNode> items;
  std::vector<YamlEntry> entries;  // in the order written; no key twice
};

struct YamlEntry {
  std::string key;
  int line = 0;
  YamlNode value;
};

struct YamlSource {
  std::string_view text;
  std::string_view name;  // of the file or the variable, for messages
  bool has_lines = true;  // false: messages and nodes carry no line numbers
};

// "analysis-tools.yml:12", or the name alone for line 0.
std::string place(std::string_view name, int line);

// Understands one YAML document, with anchors, aliases and `<<` merges. Errors are kBadConfig, begin with the place,
// and say what to do about YAML's usual surprises (tabs, a leading *, unclosed quotes, keys that stand twice).
Result<YamlNode> parse_yaml(const YamlSource& source);

// What `node` is, for messages: "a map", "a list", "empty", "text".
std::string_view kind_name(const YamlNode& node);

}  // namespace quern::job_file
