#include "model/pair.h"

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>

#include "arithmetic/number.h"

namespace quern {
namespace {

// Replaces each separator of one byte by the line feed that quern uses internally. Returns the length of the lines that
// are then pairs: all before the first line without a separator.
std::size_t cut_in_place(Buffer& lines, char separator) {
  char* line = lines.data();
  const char* end = line + lines.size();
  while (line < end) {
    auto* line_end = static_cast<char*>(std::memchr(line, '\n', static_cast<std::size_t>(end - line)));
    if (line_end == nullptr) break;
    auto* found = static_cast<char*>(std::memchr(line, separator, static_cast<std::size_t>(line_end - line)));
    if (found == nullptr) break;
    *found = '\n';
    line = line_end + 1;
  }
  return static_cast<std::size_t>(line - lines.data());
}

}  // namespace

bool is_plain_key(std::string_view key, std::string_view separator) {
  return std::string(key).append(separator).find(separator) == key.size();
}

PairView take_pair(std::string_view& bytes, std::string_view between) {
  const bool is_text = between != kBetweenInside;
  const std::size_t first_end = std::min(bytes.find('\n'), bytes.size());
  std::size_t end = first_end;
  if (!is_text && first_end < bytes.size()) end = std::min(bytes.find('\n', first_end + 1), bytes.size());
  const std::string_view whole = bytes.substr(0, end);
  const std::size_t key_bytes = is_text ? whole.find(between) : first_end;
  bytes.remove_prefix(std::min(end + 1, bytes.size()));
  if (key_bytes >= whole.size()) return {.key = whole, .value = {}};
  return {.key = whole.substr(0, key_bytes), .value = whole.substr(key_bytes + between.size())};
}

void append_pair(std::string_view key, std::string_view between, std::string_view value, Buffer& target) {
  target.append(key);
  target.append(between);
  target.append(value);
  target.push_back('\n');
}

void cut_into_pairs(Buffer& lines, std::string_view separator) {
  const std::size_t cut = separator.size() == 1 ? cut_in_place(lines, separator.front()) : 0;
  if (cut == lines.size()) return;
  Buffer pairs(lines.size() + lines.size() / 4);
  pairs.append(lines.view().substr(0, cut));
  for (std::string_view rest = lines.view().substr(cut); !rest.empty();) {
    const PairView pair = take_pair(rest, separator);
    append_pair(pair.key, kBetweenInside, pair.value, pairs);
  }
  lines = std::move(pairs);
}

void PairText::append(std::string_view pairs, Buffer& text) {
  while (!pairs.empty()) {
    const std::size_t end = pairs.find('\n');
    text.append(pairs.substr(0, end));
    if (end == std::string_view::npos) return;
    text.append(in_value_ ? kBetweenInside : separator_);
    in_value_ = !in_value_;
    pairs.remove_prefix(end + 1);
  }
}

namespace {

// Accepts up to 18 digits with an optional sign, which covers most numbers cheaply.
bool is_short_integer(std::string_view text) {
  if (text.starts_with('-')) text.remove_prefix(1);
  return !text.empty() && text.size() <= 18 &&
         std::all_of(text.begin(), text.end(), [](char byte) { return byte >= '0' && byte <= '9'; });
}

}  // namespace

ValueRule::ValueRule(const Step& step, std::string_view between) : between_(between) {
  // A combiner module may take any values.
  if (step.combiner.has_value() && step.combiner->module.has_value()) return;
  add(step.combiner);
  add(step.reducer);
}

void ValueRule::add(const std::optional<Worker>& worker) {
  if (!worker.has_value() || !worker->builtin.has_value()) return;
  Aggregation aggregation = aggregation_of(*worker->builtin);
  if (needs_numbers(aggregation.kind)) aggregations_.push_back(std::move(aggregation));
}

std::string ValueRule::problem(std::string_view key, std::string_view value) const {
  if (aggregations_.empty() || is_short_integer(value)) return "";
  const Number number = parse_number(value);
  auto refuses = [&](const Aggregation& one) { return !takes_number(one.kind, number); };
  auto refusing = std::find_if(aggregations_.begin(), aggregations_.end(), refuses);
  return refusing == aggregations_.end()
             ? ""
             : not_a_number(*refusing, key, value, between_ == kBetweenInside ? "" : between_);
}

std::string ValueRule::first_problem(std::string_view pairs) const {
  while (!aggregations_.empty() && !pairs.empty()) {
    const PairView pair = take_pair(pairs, between_);
    if (is_short_integer(pair.value)) continue;
    if (std::string found = problem(pair.key, pair.value); !found.empty()) return found;
  }
  return "";
}

}  // namespace quern
