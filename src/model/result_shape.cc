#include "model/result_shape.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <system_error>

#include "model/aggregate.h"

namespace quern {
namespace {

constexpr std::string_view kNoCell = "- ";

bool makes_array(const Builtin& builtin) {
  return builtin.name == "list" || builtin.name == "unique" || builtin.name == "top";
}

// "a.b" in quotes is the name a.b; of any longer path, the path.
std::string name_of_path(const std::string& path) {
  if (path.empty() || (path.front() != '"' && path.front() != '\'')) return path;
  std::string name;
  for (std::size_t i = 1; i < path.size(); ++i) {
    if (path[i] == path.front()) return i + 1 == path.size() ? name : path;
    if (path[i] == '\\' && i + 1 < path.size()) ++i;
    name += path[i];
  }
  return path;
}

}  // namespace

bool has_named_columns(const Job& job) { return !job.aggregate.empty() && job.steps.size() == 1; }

std::vector<ResultColumn> result_columns(const Job& job) {
  std::vector<ResultColumn> columns;
  if (has_named_columns(job)) {
    for (const std::string& path : job.group) columns.push_back({.name = name_of_path(path)});
    for (const Column& column : job.aggregate) {
      columns.push_back({.name = column.name, .is_array = makes_array(column.aggregate)});
    }
    return columns;
  }
  const std::optional<Worker>& reducer = job.steps.back().reducer;
  const bool is_array = reducer.has_value() && reducer->builtin.has_value() && makes_array(*reducer->builtin);
  return {{.name = "key"}, {.name = "value", .is_array = is_array}};
}

std::optional<std::size_t> ordered_column(const Job& job) {
  if (!job.order.has_value()) return std::nullopt;
  const std::vector<ResultColumn> columns = result_columns(job);
  auto found = std::find_if(columns.rbegin(), columns.rend(),
                            [&](const ResultColumn& column) { return column.name == job.order->by; });
  if (found != columns.rend()) return static_cast<std::size_t>(columns.rend() - found) - 1;
  const auto path = std::find(job.group.begin(), job.group.end(), job.order->by);
  if (path == job.group.end() || !has_named_columns(job)) return std::nullopt;
  return static_cast<std::size_t>(path - job.group.begin());
}

bool needs_cells(const Job& job) { return job.order.has_value() || job.result_format != ResultFormat::kText; }

void append_cell(std::string_view cell, std::string& cells) {
  if (cell == kNoResult) {
    cells += kNoCell;
    return;
  }
  cells += std::to_string(cell.size());
  cells += ' ';
  cells += cell;
}

std::optional<std::string_view> take_cell(std::string_view& cells) {
  if (cells.starts_with(kNoCell)) {
    cells.remove_prefix(kNoCell.size());
    return kNoResult;
  }
  std::size_t size = 0;
  const auto [end, error] = std::from_chars(cells.data(), cells.data() + cells.size(), size);
  if (error != std::errc() || end == cells.data() + cells.size() || *end != ' ') return std::nullopt;
  std::string_view rest = cells.substr(static_cast<std::size_t>(end - cells.data()) + 1);
  if (size > rest.size()) return std::nullopt;
  cells = rest.substr(size);
  return rest.substr(0, size);
}

}  // namespace quern
