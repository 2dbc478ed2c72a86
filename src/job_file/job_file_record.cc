#include "job_file/job_file_record.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>
#include <span>
#include <utility>

#include "base/nearest.h"
#include "base/regex.h"
#include "base/text.h"
#include "job_file/job_file_values.h"

namespace quern::job_file {
namespace {

using FormatKind = RecordFormat::Kind;
using FormatSettings = RecordFormatTraits::Settings;

constexpr std::string_view kExamples =
    "{csv: {header: no, delimiter: \";\"}}, {regex: '(?P<name>...)'} or {start: '^...'}";

bool may_be_word(const RecordFormatTraits& traits) { return traits.settings != FormatSettings::kRegex; }
bool may_be_map(const RecordFormatTraits& traits) { return traits.settings != FormatSettings::kNone; }

std::optional<FormatKind> kind_of(std::string_view word, bool (*is_possible)(const RecordFormatTraits&)) {
  for (const RecordFormatTraits& traits : kRecordFormats) {
    if (traits.name == word && is_possible(traits)) return traits.kind;
  }
  return std::nullopt;
}

std::vector<std::string> words_of(bool (*are_possible)(const RecordFormatTraits&)) {
  std::vector<std::string> words;
  for (const RecordFormatTraits& traits : kRecordFormats) {
    if (are_possible(traits)) words.emplace_back(traits.name);
  }
  return words;
}

RecordFormat default_of(FormatKind kind) { return {.kind = kind, .delimiter = traits_of(kind).delimiter}; }

// "has KEY, which" and what is wrong with it; its line is told if it is not that of the map.
Error wrong_key(const YamlNode& record, const YamlEntry& entry, std::string_view what) {
  std::string message = fmt::format("has {}, which {}", entry.key, what);
  if (entry.line != record.line && entry.line != 0) message += fmt::format(" (line {})", entry.line);
  return wrong_value(std::move(message));
}

std::string hint(std::string_view word, std::span<const std::string> words) {
  const std::optional<std::string> meant = nearest(word, words);
  return meant.has_value() ? fmt::format("; did you mean {}?", *meant) : "";
}

Result<char> one_character(const YamlNode& node) {
  TRY_ASSIGN(const std::string written, any_text_of(node));
  const std::string text = unescaped_text(written);
  const bool is_possible =
      text.size() == 1 && text != "\n" && text != "\r" && static_cast<unsigned char>(text[0]) < 0x80;
  if (!is_possible) return wrong_value(fmt::format("is {}; it must be one ASCII character", yaml_text(written)));
  return text[0];
}

Result<void> read_header(const YamlNode& node, RecordFormat& format) {
  if (node.kind != YamlNode::Kind::kList) {
    auto has_header = flag_of(node);
    if (!has_header.ok()) return wrong_value(has_header.error().message + ", or a list of the columns' names");
    format.header = has_header.value() ? RecordFormat::Header::kFirst : RecordFormat::Header::kNone;
    return {};
  }
  TRY_ASSIGN(format.columns, texts_of(node));
  format.header = RecordFormat::Header::kGiven;
  if (format.columns.empty()) return wrong_value("is an empty list; it must name the columns");
  std::set<std::string_view> taken;
  for (const std::string& column : format.columns) {
    if (!taken.insert(column).second) return wrong_value(fmt::format("names {} twice", in_quotes(column)));
  }
  return {};
}

Result<void> read_quote(const YamlNode& node, RecordFormat& format) {
  format.quote = '\0';
  if (node.kind == YamlNode::Kind::kText && node.text == "none") return {};
  TRY_ASSIGN(format.quote, one_character(node));
  return {};
}

Result<void> read_csv_setting(const YamlEntry& entry, RecordFormat& format) {
  const std::vector<std::string> names = {"header", "delimiter", "quote"};
  if (entry.key == "header") return read_header(entry.value, format);
  if (entry.key == "quote") return read_quote(entry.value, format);
  if (entry.key != "delimiter") {
    return wrong_value(fmt::format(
        "is not a setting of {}{}", name_of(format.kind),
        nearest(entry.key, names).has_value() ? hint(entry.key, names) : "; these are header, delimiter and quote"));
  }
  TRY_ASSIGN(format.delimiter, one_character(entry.value));
  return {};
}

Result<void> read_csv(const YamlNode& record, const YamlNode& settings, RecordFormat& format) {
  if (settings.kind == YamlNode::Kind::kNothing) return {};
  if (settings.kind != YamlNode::Kind::kMap) {
    return wrong_value(fmt::format("has {}, which is {}; it must be a map of settings, as in {}", name_of(format.kind),
                                   kind_name(settings), "{header: no, delimiter: \";\"}"));
  }
  for (const YamlEntry& entry : settings.entries) {
    if (auto read = read_csv_setting(entry, format); !read.ok()) return wrong_key(record, entry, read.error().message);
  }
  if (format.delimiter == format.quote) return wrong_value("has the same delimiter and quote");
  return {};
}

Result<void> read_regex(const YamlNode& record, const YamlEntry& entry, RecordFormat& format) {
  auto text = text_of(entry.value);
  if (!text.ok()) return wrong_key(record, entry, text.error().message);
  auto regex = Regex::make(text.value());
  if (!regex.ok()) {
    return wrong_key(
        record, entry,
        fmt::format("is {}, and not a regular expression of RE2: {}", yaml_text(text.value()), regex.error().message));
  }
  if (format.kind == FormatKind::kRegex && regex.value().names().empty()) {
    return wrong_key(record, entry,
                     fmt::format("is {}; it must have a named group, as in (?P<status>\\d+)", yaml_text(text.value())));
  }
  format.regex = std::move(text).value();
  return {};
}

Result<RecordFormat> format_of_map(const YamlNode& node) {
  if (node.entries.size() != 1) return wrong_value(fmt::format("is a map; it must have one kind, as in {}", kExamples));
  const YamlEntry& entry = node.entries.front();
  const std::optional<FormatKind> kind = kind_of(entry.key, may_be_map);
  if (!kind.has_value()) {
    return wrong_key(node, entry,
                     fmt::format("is not a kind with settings{}; it must be like {}",
                                 hint(entry.key, words_of(may_be_map)), kExamples));
  }
  RecordFormat format = default_of(*kind);
  if (traits_of(*kind).settings == FormatSettings::kDialect) {
    TRY(read_csv(node, entry.value, format));
  } else {
    TRY(read_regex(node, entry, format));
  }
  return format;
}

std::string show_header(const RecordFormat& format) {
  if (format.header == RecordFormat::Header::kGiven) return yaml_list(format.columns);
  return format.header == RecordFormat::Header::kFirst ? "yes" : "no";
}

std::string show_format(const RecordFormat& format) {
  const std::string_view name = name_of(format.kind);
  if (!format.regex.empty()) return fmt::format("{{{}: {}}}", name, yaml_text(format.regex));
  const RecordFormat usual = default_of(format.kind);
  std::vector<std::string> settings;
  if (format.header != usual.header) settings.push_back("header: " + show_header(format));
  if (format.delimiter != usual.delimiter) settings.push_back("delimiter: " + yaml_text({&format.delimiter, 1}));
  if (format.quote == '\0') settings.emplace_back("quote: none");
  if (format.quote != usual.quote && format.quote != '\0')
    settings.push_back("quote: " + yaml_text({&format.quote, 1}));
  return settings.empty() ? std::string(name) : fmt::format("{{{}: {{{}}}}}", name, fmt::join(settings, ", "));
}

}  // namespace

std::vector<std::string> record_words() {
  std::vector<std::string> words;
  for (RecordKind kind : {RecordKind::kKeyedJson, RecordKind::kJson, RecordKind::kText}) {
    words.emplace_back(name_of(kind));
  }
  for (std::string& word : words_of(may_be_word)) words.push_back(std::move(word));
  return words;
}

Result<void> read_record(const YamlNode& node, Job& job) {
  job.format.reset();
  job.record = RecordKind::kJson;
  if (node.kind == YamlNode::Kind::kMap) {
    TRY_ASSIGN(job.format, format_of_map(node));
    return {};
  }
  const bool needs_regex = node.text == name_of(FormatKind::kRegex) || node.text == name_of(FormatKind::kStart);
  if (node.kind == YamlNode::Kind::kText && needs_regex) {
    return wrong_value(
        fmt::format("is '{}'; it needs a regular expression, as in {{{}: '...'}}", node.text, node.text));
  }
  TRY_ASSIGN(const std::size_t choice, choice_of(node, record_words()));
  if (const auto kind = kind_of(node.text, may_be_word); kind.has_value()) {
    job.format = default_of(*kind);
  } else {
    job.record = static_cast<RecordKind>(choice);
  }
  return {};
}

// Files do not have records.
std::string show_record(const Job& job) {
  const auto& mapper = job.steps.front().mapper.module;
  const bool gets_files = mapper.has_value() && mapper->interface == Interface::kFiles;
  if (gets_files) return "";
  return show_record(job.record, job.format);
}

std::string show_record(RecordKind kind, const std::optional<RecordFormat>& format) {
  return format.has_value() ? show_format(*format) : std::string(name_of(kind));
}

}  // namespace quern::job_file
