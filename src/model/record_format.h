#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace quern {

// How the records of an input are written where a record is not simply a line. stages/decode turns them into lines of
// JSON, so that all that follows sees records of the kind `json`. docs/job-file.md explains each to the user.
struct RecordFormat {
  enum class Kind { kJsonDocument, kCsv, kTsv, kCombined, kCommon, kRegex, kStart };
  Kind kind = Kind::kCsv;

  // Of csv and tsv; all bytes are ASCII.
  enum class Header { kFirst, kNone, kGiven };  // the first record, or none, or `columns`
  char delimiter = ',';
  char quote = '"';  // '\0': quotes are text like any other
  Header header = Header::kFirst;
  std::vector<std::string> columns = {};  // kGiven: their names

  std::string regex = {};  // of regex and start; known to be valid

  bool operator==(const RecordFormat&) const = default;
};

// The word of the job file: "csv".
std::string_view name_of(RecordFormat::Kind kind);
// Whether a record is a map, or may be one; otherwise it is a text.
constexpr bool has_parts(const RecordFormat& format) { return format.kind != RecordFormat::Kind::kStart; }
// Whether all values are texts, so that an empty one is the only way to have none.
constexpr bool has_only_texts(const RecordFormat& format) {
  using Kind = RecordFormat::Kind;
  return format.kind == Kind::kCsv || format.kind == Kind::kTsv || format.kind == Kind::kRegex;
}

}  // namespace quern
