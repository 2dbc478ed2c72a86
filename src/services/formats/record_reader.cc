#include "services/formats/record_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/utf8.h"
#include "model/limits.h"
#include "services/formats/json_writer.h"

namespace quern::formats {

std::unique_ptr<RecordReader> make_record_reader(const RecordFormat& format, const WantedMembers& wanted) {
#define QUERN_CASE(kind, word, settings, records, delimiter, reader) \
  case RecordFormat::Kind::kind:                                     \
    return make_##reader##_reader(format, wanted);
  switch (format.kind) { QUERN_RECORD_FORMATS(QUERN_CASE) }
#undef QUERN_CASE
  return nullptr;
}

std::vector<std::string> as_json(const std::vector<std::string>& texts) {
  std::vector<std::string> escaped;
  for (const std::string& text : texts) {
    Buffer json;
    JsonWriter(json).add_text(text);
    escaped.emplace_back(json.view());
  }
  return escaped;
}

std::vector<std::string> member_prefixes(const std::vector<std::string>& names, const WantedMembers& wanted) {
  const std::vector<std::string> escaped = as_json(wanted);
  auto is_wanted = [&](const std::string& name) {
    return std::find(escaped.begin(), escaped.end(), name) != escaped.end();
  };
  const bool are_all = std::none_of(names.begin(), names.end(), is_wanted);
  std::vector<std::string> prefixes;
  bool is_first = true;
  for (const std::string& name : names) {
    std::string& prefix = prefixes.emplace_back();
    if (are_all || is_wanted(name)) prefix = fmt::format("{}\"{}\":", std::exchange(is_first, false) ? '{' : ',', name);
  }
  return prefixes;
}

std::string not_utf8(std::string_view record, std::uint64_t line, bool is_table) {
  const std::size_t at = utf8::first_invalid(record);
  const std::string_view before = record.substr(0, at);
  const std::size_t begin = before.find_last_of(is_table ? "\r\n" : "\n") + 1;  // npos + 1 is 0
  std::uint64_t further_lines = 0;
  for (std::size_t i = 0; i < begin; ++i) {
    if (before[i] == '\n' || (is_table && before[i] == '\r' && record[i + 1] != '\n')) ++further_lines;
  }
  return fmt::format("the record is not UTF-8: {}column {}: byte 0x{:02x}",
                     further_lines == 0 ? "" : fmt::format("line {}, ", line + further_lines), at - begin + 1,
                     static_cast<unsigned char>(record[at]));
}

std::string as_one_line(std::string_view record) {
  std::string line(record.substr(0, limits::kKeptOfLongRecordBytes));
  std::replace_if(
      line.begin(), line.end(), [](char byte) { return byte == '\n' || byte == '\r'; }, ' ');
  return line;
}

}  // namespace quern::formats
