#include "job_file/job_file_aggregate.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/text.h"
#include "job_file/job_file_values.h"
#include "model/aggregate.h"
#include "model/column_value.h"

namespace quern::job_file {
namespace {

using Kind = YamlNode::Kind;

// The largest N of top:N; up to twice as many numbers are in memory for one key.
constexpr std::size_t kMaxTopCount = 1'000'000;
constexpr std::uint32_t kPpmOfPercent = 10'000;
constexpr std::size_t kMostPercentDigits = 4;  // after the point, so that it is a whole number of millionths

// Between the path of the numbers of top:N and that of their labels.
constexpr std::string_view kWith = " with ";

YamlNode plain(std::string_view text) { return {.kind = Kind::kText, .text = std::string(text)}; }

// Reads the number of pN, in millionths. Returns nullopt if the text is not p and a number.
std::optional<std::uint32_t> quantile_of(std::string_view written) {
  if (!written.starts_with('p')) return std::nullopt;
  std::string_view rest = written.substr(1);
  std::uint32_t percent = 0;
  auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), percent);
  if (error != std::errc() || percent > 100) return std::nullopt;
  rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
  std::uint32_t ppm = percent * kPpmOfPercent;
  if (rest.empty()) return ppm;
  if (!rest.starts_with('.') || rest.size() < 2 || rest.size() - 1 > kMostPercentDigits) return std::nullopt;
  std::uint32_t unit = kPpmOfPercent;
  for (char digit : rest.substr(1)) {
    if (digit < '0' || digit > '9') return std::nullopt;
    unit /= 10;
    ppm += unit * static_cast<std::uint32_t>(digit - '0');
  }
  return ppm <= 100 * kPpmOfPercent ? std::optional(ppm) : std::nullopt;
}

Result<Builtin> read_top(const std::string& written, std::string_view count_text) {
  auto count = count_of(plain(count_text), {.least = 1, .most = kMaxTopCount});
  if (!count.ok()) {
    return wrong_value(
        fmt::format("is '{}'; it must be top and a number up to {}, as in top:10", written, kMaxTopCount));
  }
  return Builtin{.name = "top", .top_count = count.value()};
}

}  // namespace

Result<Builtin> read_aggregate(const std::string& written, AggregatedBy by) {
  if (auto ppm = quantile_of(written)) return Builtin{.name = std::string(kQuantileName), .quantile_ppm = *ppm};
  if (written.size() > 1 && written[0] == 'p' && written.find_first_of("0123456789") <= 2) {
    return wrong_value(fmt::format("is '{}'; pN takes a number from 0 to 100, with up to {} digits after the point",
                                   written, kMostPercentDigits));
  }
  const std::size_t colon = written.find(':');
  const std::string name = written.substr(0, colon);
  const std::vector<std::string> names = aggregation_names(by);
  TRY(choice_of(plain(name), names));
  if (name == "top") return read_top(written, colon == std::string::npos ? "" : written.substr(colon + 1));
  if (colon == std::string::npos) return Builtin{.name = name};
  return wrong_value(fmt::format("is '{}'; only top takes a number, as in top:10", written));
}

std::string show_aggregate(const Builtin& builtin) {
  if (builtin.name == "top") return fmt::format("top:{}", builtin.top_count);
  if (builtin.name == kQuantileName) return fmt::format("p{:.6g}", builtin.quantile_ppm / double{kPpmOfPercent});
  return builtin.name;
}

namespace {

Result<Column> read_column(const YamlEntry& entry) {
  auto refused = [&](std::string_view why) { return wrong_value(fmt::format("has {}, which {}", entry.key, why)); };
  auto text = text_of(entry.value);
  if (!text.ok()) return refused(text.error().message);
  const std::size_t blank = std::min(text.value().find(' '), text.value().size());
  Column column{.name = entry.key, .aggregate = {}, .path = {}, .label = {}};
  auto aggregate = read_aggregate(text.value().substr(0, blank), AggregatedBy::kColumn);
  if (!aggregate.ok()) return refused(aggregate.error().message);
  column.aggregate = std::move(aggregate).value();
  column.path = trimmed(std::string_view(text.value()).substr(blank), " ");
  // A blank keeps `with` at the end apart from a path.
  if (const std::size_t with = (column.path + ' ').find(kWith);
      column.aggregate.name == "top" && with != std::string::npos) {
    if (with + kWith.size() > column.path.size()) {
      return refused(fmt::format("is '{}'; after `with` comes the path of the labels", text.value()));
    }
    column.label = trimmed(std::string_view(column.path).substr(with + kWith.size()), " ");
    column.path = trimmed(std::string_view(column.path).substr(0, with), " ");
  }
  if (!column.path.empty() || column.aggregate.name == "count") return column;
  return refused(fmt::format("is '{}'; write the path of what it aggregates after it, as in '{} amount'", text.value(),
                             text.value()));
}

}  // namespace

Result<std::vector<Column>> read_columns(const YamlNode& node) {
  std::vector<Column> columns;
  if (node.kind != Kind::kMap || node.entries.empty()) {
    return wrong_value(fmt::format("is {}; it must be a map of names, as in {{orders: count, revenue: sum amount}}",
                                   node.kind == Kind::kMap ? "empty" : kind_name(node)));
  }
  if (node.entries.size() > kMaxColumns) {
    return wrong_value(fmt::format("has {} entries; at most {} are possible", node.entries.size(), kMaxColumns));
  }
  for (const YamlEntry& entry : node.entries) {
    TRY_ASSIGN(Column column, read_column(entry));
    columns.push_back(std::move(column));
  }
  return columns;
}

std::string show_columns(std::span<const Column> columns) {
  std::string map;
  for (const Column& column : columns) {
    std::string text = show_aggregate(column.aggregate);
    if (!column.path.empty()) text += ' ' + column.path;
    if (!column.label.empty()) text.append(kWith).append(column.label);
    map += fmt::format("{}{}: {}", map.empty() ? "" : ", ", yaml_text(column.name), yaml_text(text));
  }
  return map.empty() ? "" : '{' + map + '}';
}

}  // namespace quern::job_file
