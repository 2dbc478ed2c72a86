#include "services/formats/record_reader.h"

#include <algorithm>

#include "model/limits.h"

namespace quern::formats {

std::unique_ptr<RecordReader> make_record_reader(const RecordFormat& format) {
  switch (format.kind) {
    case RecordFormat::Kind::kJsonDocument:
      return make_json_document_reader(format);
    case RecordFormat::Kind::kCsv:
    case RecordFormat::Kind::kTsv:
      return make_csv_reader(format);
    case RecordFormat::Kind::kCombined:
    case RecordFormat::Kind::kCommon:
      return make_log_reader(format);
    case RecordFormat::Kind::kRegex:
      return make_regex_reader(format);
    case RecordFormat::Kind::kStart:
      return make_start_reader(format);
  }
  return nullptr;
}

std::string as_one_line(std::string_view record) {
  std::string line(record.substr(0, limits::kKeptOfLongRecordBytes));
  std::replace_if(
      line.begin(), line.end(), [](char byte) { return byte == '\n' || byte == '\r'; }, ' ');
  return line;
}

}  // namespace quern::formats
