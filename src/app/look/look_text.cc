#include "app/look/look_text.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "app/look/suggestion.h"
#include "base/bytes.h"
#include "base/text.h"
#include "model/json_fields.h"

namespace quern::app {
namespace {

using json::ProfiledPath;
using json::ValueType;
using view::clean;
using view::fit;

constexpr std::size_t kShownPaths = 200;
constexpr std::size_t kShownOdd = 10;
constexpr std::size_t kMostPathColumns = 60;
constexpr std::size_t kMostExampleColumns = 24;
// A column that has to give way to others keeps this much.
constexpr std::size_t kLeastColumns = 8;

std::string about(const Look& look) { return look.is_exact ? "" : "about "; }

// An estimate has three digits that say something.
std::uint64_t shown_records(const Look& look) {
  std::uint64_t unit = 1;
  while (!look.is_exact && look.records / unit >= 1000) unit *= 10;
  return (look.records + unit / 2) / unit * unit;
}

std::string percent(std::uint64_t part, std::uint64_t whole) {
  const double share = 100.0 * static_cast<double>(part) / static_cast<double>(std::max<std::uint64_t>(whole, 1));
  // Only what is all or nothing is shown as such.
  if (part < whole && share > 99.4) return ">99%";
  return part > 0 && share < 0.6 ? "<1%" : fmt::format("{:.0f}%", share);
}

std::string_view type_name(ValueType type, const Format& format) {
  return type == ValueType::kNull && format.records.has_value() && has_only_texts(*format.records) ? "empty"
                                                                                                   : name_of(type);
}

std::string types_of(const ProfiledPath& path, const Format& format) {
  std::vector<std::pair<std::uint64_t, std::string_view>> types;
  for (std::size_t i = 0; i < json::kValueTypes; ++i) {
    if (path.types[i] > 0) types.push_back({path.types[i], type_name(static_cast<ValueType>(i), format)});
  }
  if (types.size() == 1) return std::string(types[0].second);
  std::stable_sort(types.begin(), types.end(),
                   [](const auto& left, const auto& right) { return left.first > right.first; });
  std::vector<std::string> texts;
  for (const auto& [count, name] : types) texts.push_back(fmt::format("{} {}", name, percent(count, path.values)));
  return fmt::format("{}", fmt::join(texts, ", "));
}

std::string value_text(const std::string& value) {
  return value.empty() ? "\"\"" : fit(clean(value), kMostExampleColumns);
}

std::string examples_of(const ProfiledPath& path) {
  std::vector<std::string> texts;
  for (const std::string& example : path.examples) texts.push_back(value_text(example));
  return fmt::format("{}", fmt::join(texts, ", "));
}

struct Column {
  std::string_view name;
  std::size_t most = SIZE_MAX;
  bool is_right = false;
  std::size_t width = 0;
};

// The table of paths; the widest columns give way until it fits.
class PathTable {
 public:
  PathTable(const Look& look, const LookTextOptions& options) : options_(options) {
    for (const ProfiledPath& path : look.paths) {
      if (rows_.size() == kShownPaths) break;
      const bool has_values = path.distinct > 0;
      rows_.push_back({clean(path.text), types_of(path, look.format),
                       percent(path.records, look.read_records - look.bad_records),
                       has_values ? view::format_count(path.distinct) + (path.has_more ? "+" : "") : "",
                       examples_of(path), path.smallest.empty() ? "" : value_text(path.smallest),
                       path.largest.empty() ? "" : value_text(path.largest)});
    }
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      columns_[i].width = columns_[i].name.size();
      for (const Row& row : rows_) columns_[i].width = std::max(columns_[i].width, view::display_width(row[i]));
      columns_[i].width = std::min(columns_[i].width, columns_[i].most);
    }
    make_fit();
  }

  std::string text() const {
    Row head;
    for (std::size_t i = 0; i < columns_.size(); ++i) head[i] = columns_[i].name;
    std::string text = view::inked(line_of(head), view::Ink::kBold, options_.color) + "\n";
    for (const Row& row : rows_) text += line_of(row) + "\n";
    return text;
  }

 private:
  using Row = std::array<std::string, 7>;

  void make_fit() {
    auto width = [&] {
      std::size_t sum = 2 * (columns_.size() - 1);
      for (const Column& column : columns_) sum += column.width;
      return sum;
    };
    while (options_.columns > 0 && width() > options_.columns) {
      auto widest = std::max_element(columns_.begin(), columns_.end(),
                                     [](const Column& left, const Column& right) { return left.width < right.width; });
      if (widest->width <= kLeastColumns) return;
      --widest->width;
    }
  }

  std::string line_of(const Row& row) const {
    std::string line;
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      const std::string cell = fit(row[i], columns_[i].width);
      const std::string space(columns_[i].width - view::display_width(cell), ' ');
      line += columns_[i].is_right ? space + cell : cell + space;
      line += "  ";
    }
    line.erase(line.find_last_not_of(' ') + 1);
    return options_.columns == 0 ? line : fit(line, options_.columns);
  }

  const LookTextOptions& options_;
  std::vector<Row> rows_;
  std::array<Column, 7> columns_ = {Column{"PATH", kMostPathColumns},
                                    Column{"TYPE"},
                                    Column{"IN", SIZE_MAX, true},
                                    Column{"DISTINCT", SIZE_MAX, true},
                                    Column{"EXAMPLES"},
                                    Column{"SMALLEST"},
                                    Column{"LARGEST"}};
};

std::string compressions_of(const Look& look) {
  std::vector<std::string> texts;
  for (const auto& [compression, count] : look.compressions) {
    const std::string name = compression == Compression::kNone ? "not compressed" : std::string(name_of(compression));
    texts.push_back(look.compressions.size() == 1 ? name : fmt::format("{} {}", view::format_count(count), name));
  }
  return fmt::format("{}", fmt::join(texts, ", "));
}

std::string inputs_line(const Look& look) {
  std::string line = view::format_count(look.inputs, "input");
  if (look.unknown_sizes < look.inputs) line += fmt::format(", {} stored", format_bytes(look.stored_bytes));
  if (look.unknown_sizes > 0) line += fmt::format(", {} of unknown size", view::format_count(look.unknown_sizes));
  line += fmt::format(" ({})", compressions_of(look));
  const bool is_compressed = look.compressions.size() > 1 || !look.compressions.contains(Compression::kNone);
  if (is_compressed && look.decoded_bytes > 0)
    line += fmt::format(", {}{} decoded", about(look), format_bytes(look.decoded_bytes));
  return line + "\n";
}

std::string records_line(const Look& look) {
  if (look.read_inputs == 0) return "";
  std::string line = in_words(look.format);
  line[0] = line[0] >= 'a' && line[0] <= 'z' ? static_cast<char>(line[0] - 'a' + 'A') : line[0];
  if (look.records > 0) line += fmt::format(", {}{}", about(look), view::format_count(shown_records(look), "record"));
  if (!look.is_exact) {
    line += fmt::format("; read: {} in {} ({})", view::format_count(look.read_records, "record"),
                        view::format_count(look.read_inputs, "input"), format_bytes(look.read_bytes));
  }
  if (!look.is_exact && look.read_records == 0) line += "; the first record is longer than that";
  return line + "\n";
}

std::string odd_lines(const std::vector<Look::Odd>& odd, std::string_view what) {
  std::string lines;
  for (std::size_t i = 0; i < std::min(odd.size(), kShownOdd); ++i) {
    lines += fmt::format("{}: {}: {}\n", what, clean(odd[i].name), clean(odd[i].reason));
  }
  if (odd.size() > kShownOdd) lines += fmt::format("{}: {} more\n", what, odd.size() - kShownOdd);
  return lines;
}

std::string job_text(const Look& look, const LookTextOptions& options) {
  if (look.read_inputs == 0 || look.format.is_empty) return "";
  const Suggestion suggestion = suggest(look.paths, look.read_records, false);
  std::string text = suggestion.key == nullptr
                         ? "\nWhat the job file (analysis-tools.yml) needs:\n"
                         : fmt::format("\nA job file (analysis-tools.yml) that counts the records of each {}:\n",
                                       clean(suggestion.key->text));
  std::string_view rest = text;
  const std::string lines = job_lines(look.format, suggestion, options.named);
  for (rest = lines; !rest.empty(); rest.remove_prefix(rest.find('\n') + 1)) {
    text += fmt::format("  {}\n", clean(rest.substr(0, rest.find('\n'))));
  }
  if (const std::string words = from_words(options.named); !words.empty()) {
    text += fmt::format("Or write a job with a mapper of its own: quern init myjob --from{}\n", clean(words));
  }
  return text;
}

Json path_json(const ProfiledPath& path, const Look& look) {
  Json types = Json::object();
  for (std::size_t i = 0; i < json::kValueTypes; ++i) {
    if (path.types[i] > 0) types[std::string(type_name(static_cast<ValueType>(i), look.format))] = path.types[i];
  }
  Json object = {{"path", path.text},         {"records", path.records},        {"types", types},
                 {"distinct", path.distinct}, {"more_distinct", path.has_more}, {"examples", path.examples}};
  if (!path.smallest.empty()) object["smallest"] = path.smallest;
  if (!path.largest.empty()) object["largest"] = path.largest;
  return object;
}

Json odd_json(const std::vector<Look::Odd>& odd) {
  Json list = Json::array();
  for (const Look::Odd& one : odd) list.push_back({{"input", one.name}, {"reason", one.reason}});
  return list;
}

}  // namespace

std::string look_text(const Look& look, const LookTextOptions& options) {
  std::string text = inputs_line(look) + records_line(look);
  if (look.bad_records > 0) {
    text += fmt::format("{} not JSON; the first: {}\n",
                        view::format_count(look.bad_records, "record is", "records are"), clean(look.bad_reason));
  }
  text += odd_lines(look.failed, "cannot be read");
  text += odd_lines(look.others, "another format");
  if (!look.paths.empty()) text += "\n" + PathTable(look, options).text();
  if (look.paths.size() > kShownPaths)
    text += fmt::format("... and {} more paths\n", view::format_count(look.paths.size() - kShownPaths));
  return text + job_text(look, options);
}

std::string look_json(const Look& look, const LookTextOptions& options) {
  Json compressions = Json::object();
  for (const auto& [compression, count] : look.compressions) compressions[std::string(name_of(compression))] = count;
  Json paths = Json::array();
  for (const ProfiledPath& path : look.paths) {
    if (paths.size() == kShownPaths) break;
    paths.push_back(path_json(path, look));
  }
  const bool is_known = look.read_inputs > 0;
  const Json object = {
      {"inputs", look.inputs},
      {"stored_bytes", look.stored_bytes},
      {"unknown_sizes", look.unknown_sizes},
      {"compressions", compressions},
      {"format", is_known ? Json(in_words(look.format)) : Json()},
      {"record", is_known ? Json(record_setting(look.format)) : Json()},
      {"exact", look.is_exact},
      {"decoded_bytes", look.decoded_bytes},
      {"records", look.records},
      {"read",
       {{"inputs", look.read_inputs},
        {"records", look.read_records},
        {"bytes", look.read_bytes},
        {"bad_records", look.bad_records}}},
      {"paths", paths},
      {"more_paths", look.paths.size() - paths.size()},
      {"failed", odd_json(look.failed)},
      {"other_formats", odd_json(look.others)},
      {"job", is_known ? job_lines(look.format, suggest(look.paths, look.read_records, false), options.named) : ""}};
  return dump_json(object) + "\n";
}

}  // namespace quern::app
