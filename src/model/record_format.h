#pragma once

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <vector>

namespace quern {

// The kinds, a row each: its name in the code, its word in the job file, its settings, what its records are (both of
// RecordFormatTraits), its delimiter, and its reader, make_READER_reader() of services/formats/record_reader.h. A new
// kind is a row here and a file with its reader.
#define QUERN_RECORD_FORMATS(ROW)                                  \
  ROW(kJsonDocument, "json-document", kNone, kJson, ',', document) \
  ROW(kCsv, "csv", kDialect, kTexts, ',', csv)                     \
  ROW(kTsv, "tsv", kDialect, kTexts, '\t', csv)                    \
  ROW(kCombined, "combined", kNone, kScalars, ',', log)            \
  ROW(kCommon, "common", kNone, kScalars, ',', log)                \
  ROW(kRegex, "regex", kRegex, kTexts, ',', regex)                 \
  ROW(kStart, "start", kRegex, kText, ',', start)

// How the records of an input are written where a record is not simply a line. stages/decode turns them into lines of
// JSON, so that all that follows sees records of the kind `json`. docs/job-file.md explains each to the user.
struct RecordFormat {
#define QUERN_KIND(kind, ...) kind,
  enum class Kind { QUERN_RECORD_FORMATS(QUERN_KIND) };
#undef QUERN_KIND
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

// What distinguishes the kinds.
struct RecordFormatTraits {
  // What the job file says about a kind besides its name: nothing, or the dialect of a table if it is not the usual
  // one, or a regular expression, without which the kind cannot be used.
  enum class Settings { kNone, kDialect, kRegex };
  // A record is any JSON value; a map whose values are texts, numbers or null; one whose values are all texts, or null
  // where a text has no part; or one text.
  enum class Records { kJson, kScalars, kTexts, kText };
  RecordFormat::Kind kind;
  std::string_view name;  // the word of the job file
  Settings settings = Settings::kNone;
  Records records = Records::kJson;
  char delimiter = ',';
};

#define QUERN_TRAITS(kind, word, settings, records, delimiter, ...)                          \
  RecordFormatTraits{RecordFormat::Kind::kind, word, RecordFormatTraits::Settings::settings, \
                     RecordFormatTraits::Records::records, delimiter},
inline constexpr std::array kRecordFormats = {QUERN_RECORD_FORMATS(QUERN_TRAITS)};
#undef QUERN_TRAITS

constexpr const RecordFormatTraits& traits_of(RecordFormat::Kind kind) {
  return *std::find_if(kRecordFormats.begin(), kRecordFormats.end(),
                       [kind](const auto& row) { return row.kind == kind; });
}
constexpr std::string_view name_of(RecordFormat::Kind kind) { return traits_of(kind).name; }
// Whether a record is a map, or may be one; otherwise it is a text.
constexpr bool has_parts(const RecordFormat& format) {
  return traits_of(format.kind).records != RecordFormatTraits::Records::kText;
}
// Whether all values are texts, so that an empty one is the only way to have none.
constexpr bool has_only_texts(const RecordFormat& format) {
  return traits_of(format.kind).records == RecordFormatTraits::Records::kTexts;
}
// Whether a record is a map without lists and maps in it.
constexpr bool is_flat(const RecordFormat& format) {
  return has_only_texts(format) || traits_of(format.kind).records == RecordFormatTraits::Records::kScalars;
}

}  // namespace quern
