#pragma once

#include <optional>
#include <string>
#include <string_view>

// Inputs that hold something else than lines of records: known by their content, so that one line says what they are
// instead of a bad record for each line of them, or of text that nobody meant. Pure functions.

namespace quern::decode {

// What the content of an input begins with.
struct Beginning {
  std::string_view bytes;
  bool is_whole = false;    // nothing follows
  bool is_decoded = false;  // quern has decompressed it
};

// An archive, a table in a binary format, text that is not UTF-8, data that is still compressed: what it is and what to
// do. Nothing if it may be lines.
std::optional<std::string> foreign_format(const Beginning& content);

// The same of JSON that is not one record a line: a document or an array over several lines, or an input that is
// nothing but one line with an array of objects. An array alone in a line is a record where other lines follow. Looks
// no further than the first value.
std::optional<std::string> foreign_json(const Beginning& content);

}  // namespace quern::decode
