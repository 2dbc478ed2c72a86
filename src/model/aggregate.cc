#include "model/aggregate.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <compare>
#include <cstring>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "arithmetic/exact_moments.h"
#include "arithmetic/exact_sum.h"
#include "arithmetic/number.h"
#include "base/coding.h"
#include "base/text.h"
#include "model/column_value.h"

namespace quern {
namespace {

using Kind = Aggregation::Kind;

// What distinguishes the aggregations, in the order of Kind.
struct Properties {
  std::string_view name;
  bool needs_numbers;
  bool may_combine;       // its results, aggregated again, are the result of all values
  bool terms_are_values;  // see Aggregator
  bool is_plain = true;   // a reducer may use it; the others are only for columns
};
constexpr std::array<Properties, 14> kProperties = {{{"sum", true, true, true},
                                                     {"count", false, false, false},
                                                     {"mean", true, false, false},
                                                     {"min", false, true, true},
                                                     {"max", false, true, true},
                                                     {"list", false, true, true},
                                                     {"unique", false, true, true},
                                                     {"top", true, true, true},
                                                     {"distinct", false, false, false},
                                                     {kQuantileName, true, false, false},
                                                     {"stddev", true, false, false},
                                                     {"first", false, false, true, false},
                                                     {"last", false, false, true, false},
                                                     {kColumnsName, false, false, false, false}}};

const Properties& properties_of(Kind kind) { return kProperties[static_cast<std::size_t>(kind)]; }

bool is_orderable(const Number& number) { return number.kind != Number::Kind::kNone && !std::isnan(number.floating); }

// A number in a state, with its label, if it has one. Equal numbers are ordered by their labels, then by their bytes.
struct Ranked {
  WrittenNumber number;
  std::string_view whole;  // the number and its label (LabelledNumber)

  static Ranked make(double nearest, std::string_view whole) {
    return {.number = {.nearest = nearest, .text = split_label(whole).number}, .whole = whole};
  }
  static constexpr std::size_t kHeadBytes = sizeof(double) + sizeof(std::uint32_t);
  static Ranked parse(std::string_view bytes) {
    auto length = number_at<std::uint32_t>(bytes, sizeof(double));
    return make(number_at<double>(bytes, 0), bytes.substr(kHeadBytes, length));
  }
  std::string_view text() const { return whole; }
  std::size_t size_bytes() const { return kHeadBytes + text().size(); }
  void write_to(char* target) const {
    auto length = static_cast<std::uint32_t>(text().size());
    std::memcpy(target, &number.nearest, sizeof number.nearest);
    std::memcpy(target + sizeof number.nearest, &length, sizeof length);
    std::memcpy(target + kHeadBytes, text().data(), text().size());
  }
  bool is_before(const Ranked& other, bool largest_first) const {
    std::weak_ordering order = compare(number, other.number);
    if (order == 0) {
      const std::string_view label = split_label(whole).label;
      const std::string_view other_label = split_label(other.whole).label;
      return label != other_label ? label < other_label : text() < other.text();
    }
    return largest_first ? order > 0 : order < 0;
  }
};

// Keeps the best number, and the best of all other values by their bytes, which is the result only if there is no
// number. State: a byte that says which of the two exist; the Ranked number; the text.
class Extreme {
 public:
  Extreme(std::string& state, bool is_max) : state_(state), is_max_(is_max) {}

  struct Best {
    std::optional<Ranked> number;
    std::optional<std::string_view> text;
  };
  static Best parse(std::string_view state) {
    if (state.empty()) return {};
    Best best;
    const char mark = state.front();
    state.remove_prefix(1);
    if ((mark & kNumber) != 0) best.number = Ranked::parse(state);
    if (best.number.has_value()) state.remove_prefix(best.number->size_bytes());
    if ((mark & kText) != 0) best.text = state;
    return best;
  }

  void add(std::string_view value) {
    Number number = parse_number(value);
    if (!is_orderable(number)) return take({.number = {}, .text = value});
    take({.number = Ranked::make(number.floating, value), .text = {}});
  }
  void merge(std::string_view other) { take(parse(other)); }

 private:
  static constexpr char kNumber = 1;
  static constexpr char kText = 2;

  void take(const Best& other) {
    Best best = parse(state_);
    bool has_better_number =
        other.number.has_value() && (!best.number.has_value() || other.number->is_before(*best.number, is_max_));
    bool has_better_text = other.text.has_value() &&
                           (!best.text.has_value() || (is_max_ ? *other.text > *best.text : *other.text < *best.text));
    if (!has_better_number && !has_better_text) return;
    if (has_better_number) best.number = other.number;
    if (has_better_text) best.text = other.text;
    std::string state(1,
                      static_cast<char>((best.number.has_value() ? kNumber : 0) | (best.text.has_value() ? kText : 0)));
    if (best.number.has_value()) {
      state.resize(1 + best.number->size_bytes());
      best.number->write_to(state.data() + 1);
    }
    if (best.text.has_value()) state += *best.text;
    state_ = std::move(state);
  }

  std::string& state_;
  const bool is_max_;
};

// Keeps the N largest numbers. State: the head, the numbers in any order, then free space. It collects up to twice N
// numbers before it drops the lesser half, so that the cost per number does not depend on N. After that, the first
// number is the least of those kept: a number that does not rank before it cannot be among the N largest.
class Top {
 public:
  Top(std::span<char> state, std::uint64_t most) : state_(state), most_(most) {
    if (!state_.empty()) std::memcpy(&head_, state_.data(), sizeof head_);
  }

  // Adds the number, or drops it if it cannot be among the N largest. Returns false if the state has no space for it
  // (see make_room).
  bool add(const Ranked& number) {
    if (head_.is_cut && !number.is_before(Ranked::parse(numbers()), true)) return true;
    if (head_.count / 2 >= most_ || head_.used_bytes + number.size_bytes() > state_.size()) return false;
    number.write_to(state_.data() + head_.used_bytes);
    head_.used_bytes += static_cast<std::uint32_t>(number.size_bytes());
    ++head_.count;
    write_head();
    return true;
  }
  // Returns a state that keeps the wanted numbers and has space for `number`.
  std::string make_room(const Ranked& number) const {
    std::vector<Ranked> kept = all();
    const bool is_cut = head_.count / 2 >= most_;
    if (is_cut) {
      std::nth_element(kept.begin(), kept.begin() + static_cast<std::ptrdiff_t>(most_ - 1), kept.end(), is_first);
      kept.resize(most_);
      std::swap(kept.front(), kept.back());
    }
    std::string bytes(std::max(state_.size(), std::bit_ceil(head_.used_bytes + number.size_bytes())), '\0');
    Top made({}, most_);
    made.state_ = bytes;
    for (const Ranked& one : kept) CHECK(made.add(one));
    made.head_.is_cut = is_cut || head_.is_cut;
    made.write_head();
    return bytes;
  }
  std::vector<Ranked> all() const {
    std::vector<Ranked> all;
    for (std::string_view rest = numbers(); !rest.empty(); rest.remove_prefix(all.back().size_bytes())) {
      all.push_back(Ranked::parse(rest));
    }
    return all;
  }
  // The N largest numbers, largest first.
  std::vector<Ranked> best() const {
    std::vector<Ranked> best = all();
    std::sort(best.begin(), best.end(), is_first);
    if (best.size() > most_) best.resize(most_);
    return best;
  }

 private:
  struct Head {
    std::uint32_t used_bytes = sizeof(Head);
    std::uint32_t is_cut = 0;
    std::uint64_t count = 0;
  };
  static bool is_first(const Ranked& one, const Ranked& other) { return one.is_before(other, true); }
  std::string_view numbers() const {
    if (state_.empty()) return {};
    return std::string_view(state_.data(), head_.used_bytes).substr(sizeof head_);
  }
  void write_head() { std::memcpy(state_.data(), &head_, sizeof head_); }

  std::span<char> state_;
  Head head_;
  const std::uint64_t most_;
};

void add_to_top(std::string& state, const Ranked& number, std::uint64_t most) {
  while (!Top(state, most).add(number)) state = Top(state, most).make_room(number);
}

Top read_top(std::string_view state, std::uint64_t most) {
  return Top({const_cast<char*>(state.data()), state.size()}, most);
}

void append_top(std::string_view state, std::uint64_t most, std::vector<std::string>& values) {
  for (const Ranked& number : read_top(state, most).best()) values.emplace_back(number.text());
}

std::string_view number_in(const Aggregation& aggregation, std::string_view value) {
  return aggregation.has_label ? split_label(value).number : value;
}

// State: the value, with its position before it.
void take_placed(std::string& state, std::string_view placed, bool is_last) {
  std::string_view own = state;
  std::string_view other = placed;
  const bool is_better = state.empty() || (is_last ? take_position(other) > take_position(own)
                                                   : take_position(other) < take_position(own));
  if (is_better) state.assign(placed);
}

std::string without_position(std::string_view state) {
  take_position(state);
  return std::string(state);
}

void store(std::string& state, const ExactMoments& moments) {
  state.clear();
  moments.append_to(state);
}

// No job has as many values.
constexpr std::uint64_t kMostCount = std::uint64_t{1} << 48;

void add_count(std::string& state, std::uint64_t count) {
  state.resize(Aggregator::kCountBytes);
  Aggregator::add_to_count(state.data(), count);
}

void store(std::string& state, const ExactSum& sum, std::size_t offset) {
  state.resize(offset);
  sum.append_to(state);
}

std::string_view sum_of_mean(std::string_view state) {
  return state.empty() ? state : state.substr(Aggregator::kCountBytes);
}

// Adds numbers, each preceded by a space. Returns false if the text is empty or contains something that is not a
// number.
bool add_numbers(std::string_view numbers, ExactSum& sum) {
  if (numbers.empty()) return false;
  while (!numbers.empty()) {
    if (!numbers.starts_with(' ')) return false;
    numbers.remove_prefix(1);
    const std::string_view text = numbers.substr(0, numbers.find(' '));
    const Number number = parse_number(text);
    if (number.kind == Number::Kind::kNone) return false;
    sum.add(number);
    numbers.remove_prefix(text.size());
  }
  return true;
}

}  // namespace

Aggregation aggregation_of(const Builtin& builtin) {
  const auto* found = std::find_if(kProperties.begin(), kProperties.end(),
                                   [&](const Properties& one) { return one.name == builtin.name; });
  CHECK(found != kProperties.end());
  Aggregation aggregation{.kind = static_cast<Kind>(found - kProperties.begin()),
                          .top_count = builtin.top_count,
                          .has_label = false,
                          .quantile_ppm = builtin.quantile_ppm,
                          .columns = {},
                          .column = {}};
  if (!builtin.columns.empty()) aggregation.key_parts = builtin.keys.size();
  for (const Column& column : builtin.columns) {
    aggregation.columns.push_back(aggregation_of(column.aggregate));
    aggregation.columns.back().column = column.name;
    aggregation.columns.back().has_label = !column.label.empty();
  }
  return aggregation;
}

std::vector<std::string> aggregation_names(AggregatedBy by) {
  std::vector<std::string> names;
  for (const Properties& one : kProperties) {
    if (one.name == kColumnsName || (by == AggregatedBy::kCombiner && !one.may_combine)) continue;
    if (!one.is_plain && by != AggregatedBy::kColumn) continue;
    names.emplace_back(one.name == kQuantileName ? "p95" : one.name);
  }
  return names;
}

std::string_view name_of(Kind kind) { return properties_of(kind).name; }

bool sorts_values(Kind kind) {
  return kind == Kind::kUnique || kind == Kind::kDistinct || kind == Kind::kQuantile || kind == Kind::kColumns;
}

bool Aggregator::keeps_state() const { return aggregation_.kind != Kind::kList && !sorts_values(aggregation_.kind); }

bool Aggregator::terms_are_values() const { return properties_of(aggregation_.kind).terms_are_values; }

bool Aggregator::add(std::string& state, std::string_view value) const {
  const Kind kind = aggregation_.kind;
  if (kind == Kind::kCount) return add_count(state, 1), true;
  if (kind == Kind::kFirst || kind == Kind::kLast) return take_placed(state, value, kind == Kind::kLast), true;
  if (!needs_numbers(kind)) return Extreme(state, kind == Kind::kMax).add(value), true;
  Number number = parse_number(number_in(aggregation_, value));
  if (!takes_number(kind, number)) return false;
  if (kind == Kind::kTop) return add_to_top(state, Ranked::make(number.floating, value), aggregation_.top_count), true;
  if (kind == Kind::kStddev) {
    ExactMoments moments(state);
    moments.add(number);
    store(state, moments);
    return true;
  }
  bool is_mean = kind == Kind::kMean;
  ExactSum sum(is_mean ? sum_of_mean(state) : state);
  sum.add(number);
  if (is_mean) add_count(state, 1);
  store(state, sum, is_mean ? kCountBytes : 0);
  return true;
}

bool Aggregator::add_to_top_in_place(std::span<char> state, std::string_view value) const {
  Number number = parse_number(number_in(aggregation_, value));
  return is_orderable(number) && Top(state, aggregation_.top_count).add(Ranked::make(number.floating, value));
}

void Aggregator::merge(std::string& state, std::string_view other) const {
  if (state.empty()) {
    state = other;
    return;
  }
  switch (aggregation_.kind) {
    case Kind::kCount:
      return add_count(state, number_at<std::uint64_t>(other, 0));
    case Kind::kMin:
    case Kind::kMax:
      return Extreme(state, aggregation_.kind == Kind::kMax).merge(other);
    case Kind::kTop:
      for (const Ranked& number : read_top(other, aggregation_.top_count).all()) {
        add_to_top(state, number, aggregation_.top_count);
      }
      return;
    case Kind::kFirst:
    case Kind::kLast:
      return take_placed(state, other, aggregation_.kind == Kind::kLast);
    case Kind::kStddev: {
      ExactMoments moments(state);
      moments.add(ExactMoments(other));
      return store(state, moments);
    }
    case Kind::kMean:
    case Kind::kSum: {
      bool is_mean = aggregation_.kind == Kind::kMean;
      if (!is_mean && ExactSum::add_small(state.data(), other)) return;
      ExactSum sum(is_mean ? sum_of_mean(state) : state);
      sum.add(ExactSum(is_mean ? sum_of_mean(other) : other));
      if (is_mean) add_count(state, number_at<std::uint64_t>(other, 0));
      return store(state, sum, is_mean ? kCountBytes : 0);
    }
    case Kind::kList:
    case Kind::kUnique:
    case Kind::kDistinct:
    case Kind::kQuantile:
    case Kind::kColumns:
      check_failed("an aggregation with a state", __FILE__, __LINE__);
  }
}

void Aggregator::append_terms(std::string_view state, std::vector<std::string>& terms) const {
  switch (aggregation_.kind) {
    case Kind::kCount:
      return terms.push_back(fmt::format("{}", number_at<std::uint64_t>(state, 0)));
    case Kind::kMean: {
      std::vector<std::string> sum;
      ExactSum(sum_of_mean(state)).append_terms(sum);
      return terms.push_back(fmt::format("{} {}", number_at<std::uint64_t>(state, 0), fmt::join(sum, " ")));
    }
    case Kind::kStddev:
      return terms.push_back(ExactMoments(state).term());
    case Kind::kFirst:
    case Kind::kLast:
      return terms.push_back(without_position(state));
    case Kind::kSum:
      return ExactSum(state).append_terms(terms);
    case Kind::kTop:
      return append_top(state, aggregation_.top_count, terms);
    case Kind::kMin:
    case Kind::kMax: {
      const Extreme::Best best = Extreme::parse(state);
      if (best.number.has_value()) terms.emplace_back(best.number->text());
      if (best.text.has_value()) terms.emplace_back(*best.text);
      return;
    }
    case Kind::kList:
    case Kind::kUnique:
    case Kind::kDistinct:
    case Kind::kQuantile:
    case Kind::kColumns:
      check_failed("an aggregation with a state", __FILE__, __LINE__);
  }
}

bool Aggregator::add_term(std::string& state, std::string_view term) const {
  if (terms_are_values()) return add(state, term);
  if (aggregation_.kind == Kind::kStddev) {
    ExactMoments moments(state);
    if (!moments.add_term(term, kMostCount)) return false;
    store(state, moments);
    return true;
  }
  std::uint64_t count = 0;
  const auto [end, error] = std::from_chars(term.data(), term.data() + term.size(), count);
  if (error != std::errc() || count == 0 || count > kMostCount) return false;
  term.remove_prefix(static_cast<std::size_t>(end - term.data()));
  if (aggregation_.kind == Kind::kCount) return term.empty() && (add_count(state, count), true);
  ExactSum sum(sum_of_mean(state));
  if (!add_numbers(term, sum)) return false;
  add_count(state, count);
  store(state, sum, sizeof count);
  return true;
}

std::optional<std::string_view> Aggregator::text_of(std::string_view state) const {
  bool is_extreme = aggregation_.kind == Kind::kMin || aggregation_.kind == Kind::kMax;
  return is_extreme ? Extreme::parse(state).text : std::nullopt;
}

bool Aggregator::has_number(std::string_view state) const { return Extreme::parse(state).number.has_value(); }

void Aggregator::finish(std::string_view state, std::vector<std::string>& values) const {
  values.clear();
  switch (aggregation_.kind) {
    case Kind::kCount:
      return values.push_back(fmt::format("{}", number_at<std::uint64_t>(state, 0)));
    case Kind::kMin:
    case Kind::kMax: {
      const Extreme::Best best = Extreme::parse(state);
      values.emplace_back(best.number.has_value() ? best.number->text() : *best.text);
      return;
    }
    case Kind::kTop:
      return append_top(state, aggregation_.top_count, values);
    case Kind::kStddev: {
      const std::optional<double> deviation = ExactMoments(state).deviation();
      return values.push_back(deviation.has_value() ? shortest_text(*deviation)
                                                    : std::string(result_of_nothing(aggregation_.kind)));
    }
    case Kind::kFirst:
    case Kind::kLast:
      return values.push_back(without_position(state));
    case Kind::kSum:
      return values.push_back(ExactSum(state).text());
    case Kind::kMean:
      return values.push_back(shortest_text(ExactSum(sum_of_mean(state)).quotient(number_at<std::uint64_t>(state, 0))));
    case Kind::kList:
    case Kind::kUnique:
    case Kind::kDistinct:
    case Kind::kQuantile:
    case Kind::kColumns:
      check_failed("an aggregation with a state", __FILE__, __LINE__);
  }
}

bool needs_numbers(Kind kind) { return properties_of(kind).needs_numbers; }

bool takes_number(Kind kind, const Number& value) {
  const bool is_ordered = kind == Kind::kTop || kind == Kind::kQuantile;
  return is_ordered ? is_orderable(value) : value.kind != Number::Kind::kNone;
}

bool takes_value(const Aggregation& aggregation, std::string_view value) {
  return !needs_numbers(aggregation.kind) ||
         takes_number(aggregation.kind, parse_number(number_in(aggregation, value)));
}

namespace {

std::string shown(const Aggregation& aggregation) {
  if (!aggregation.column.empty()) return fmt::format("aggregate.{}", aggregation.column);
  if (aggregation.kind == Aggregation::Kind::kQuantile) {
    return fmt::format("{{builtin: p{:.6g}}}", aggregation.quantile_ppm / 10'000.0);
  }
  return fmt::format("{{builtin: {}}}", name_of(aggregation.kind));
}

std::string shown_separator(std::string_view separator) {
  if (separator == "\t") return "TAB";
  return separator == " " ? "a space" : in_quotes(separator);
}

}  // namespace

std::string not_a_number(const Aggregation& aggregation, std::string_view key, std::string_view value,
                         std::string_view between) {
  if (aggregation.column.empty() && value.empty() && !between.empty()) {
    return fmt::format(
        "the line {} has no separator ({}) between key and value, or nothing after it; {} needs a number",
        in_quotes(key), shown_separator(between), shown(aggregation));
  }
  if (!aggregation.column.empty()) {
    return fmt::format("{} got the value {} of the group {}, which is not a number", shown(aggregation),
                       in_quotes(number_in(aggregation, value)), in_quotes(shown_group(key)));
  }
  return fmt::format(
      "{} got the value {} of the key {}, which is not a number; let the mapper write numbers, or use another reducer",
      shown(aggregation), in_quotes(value), in_quotes(key));
}

std::string not_only_numbers(const Aggregation& aggregation, std::string_view value) {
  return fmt::format(
      "{} got numbers, and other values such as {}, which do not count; let the mapper write one or the other",
      shown(aggregation), in_quotes(value));
}

std::string shown_group(std::string_view key, std::string_view between) {
  std::string shown;
  while (true) {
    const std::size_t end = std::min(key.find(kBetweenParts), key.size());
    append_shown(key.substr(0, end), kLineFeedInText, shown);
    if (end == key.size()) return shown;
    shown += between;
    key.remove_prefix(end + 1);
  }
}

std::string_view result_of_nothing(Kind kind) {
  return kind == Kind::kCount || kind == Kind::kDistinct ? "0" : kNoResult;
}

void append_json_string(std::string& target, std::string_view text) {
  target += nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace quern
