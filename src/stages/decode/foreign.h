#pragma once

#include <optional>
#include <string>
#include <string_view>

// Recognizes inputs that are not lines of records by their content. So one message explains what they are, instead of
// one bad record per line, or results from text that nobody intended. Pure functions.

namespace quern::decode {

// The beginning of an input's content.
struct Beginning {
  std::string_view bytes;
  bool is_whole = false;    // nothing follows
  bool is_decoded = false;  // quern has decompressed it
};

// Returns what the content is and what to do about it if it is an archive, a table in a binary format, text that is not
// UTF-8, or data that is still compressed. Empty if it may be lines.
std::optional<std::string> foreign_format(const Beginning& content);

// The same for JSON that is not one record per line: a document or array over several lines, or an input whose only
// line is an array of objects. (An array on a line of its own is a record if other lines follow.) Reads no further than
// the first value.
std::optional<std::string> foreign_json(const Beginning& content);

}  // namespace quern::decode
