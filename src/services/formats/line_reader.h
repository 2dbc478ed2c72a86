#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "services/formats/json_writer.h"
#include "services/formats/record_reader.h"

namespace quern::formats {

// A format in which each line is a record.
class LineParser {
 public:
  virtual ~LineParser() = default;
  // Adds the record of a line, which is not empty and has no line end, as JSON; all of it if it must be whole (see
  // WantedMembers). Returns why the line is bad, or ""; what it has added then is dropped.
  virtual std::string parse(std::string_view line, bool is_whole, JsonWriter& out) = 0;
};

std::unique_ptr<RecordReader> make_line_reader(std::unique_ptr<LineParser> parser);

// Removes the line end of one line; "\r\n" is one, too.
std::string_view without_line_end(std::string_view line);

}  // namespace quern::formats
