#include "stages/shuffle/columns.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cstdint>
#include <utility>

#include "arithmetic/number.h"
#include "base/coding.h"
#include "model/column_value.h"
#include "model/pair.h"
#include "stages/shuffle/pair_keys.h"

namespace quern::shuffle {
namespace {

using Kind = Aggregation::Kind;

constexpr std::uint64_t kMillion = 1'000'000;
// Of a term: what follows the letter of its column.
constexpr char kStateTerm = ':';
constexpr char kValueTerm = '=';

bool collects(Kind kind) {
  return kind == Kind::kList || kind == Kind::kUnique || kind == Kind::kDistinct || kind == Kind::kQuantile;
}

// Whether states hold a value and its position.
bool is_placed(Kind kind) { return kind == Kind::kFirst || kind == Kind::kLast; }

// Appends bytes that sort as the doubles do; none of them is a line feed or zero.
void append_double_order(double value, std::string& bytes) {
  if (value == 0) value = 0;  // -0 is equal to 0
  auto bits = std::bit_cast<std::uint64_t>(value);
  constexpr std::uint64_t kSign = std::uint64_t{1} << 63;
  append_order((bits & kSign) != 0 ? ~bits : bits | kSign, bytes);
}

std::vector<Aggregation> kinds_of(const Aggregation& aggregation) {
  if (aggregation.kind != Kind::kColumns) return {aggregation};
  std::vector<Aggregation> kinds = aggregation.columns;
  kinds.push_back({.kind = Kind::kCount});
  return kinds;
}

}  // namespace

Columns::Columns(const Aggregation& aggregation, AggregatedFrom from)
    : aggregation_(aggregation),
      kinds_(kinds_of(aggregation)),
      has_letters_(aggregation.kind == Kind::kColumns || from == AggregatedFrom::kTerms),
      from_(from) {
  results_ = kinds_.size() - (aggregation.kind == Kind::kColumns ? 1 : 0);
  CHECK(results() <= kMaxColumns);
  for (const Aggregation& kind : kinds_) {
    aggregators_.emplace_back(collects(kind.kind) ? Aggregation{.kind = Kind::kCount} : kind);
    has_positions_ = has_positions_ || kind.kind == Kind::kList || is_placed(kind.kind);
    have_distinct_ = have_distinct_ || kind.kind == Kind::kDistinct;
  }
}

char Columns::letter_of(std::size_t column) const {
  return column < results() ? letter_of_column(column) : kWithoutValues.front();
}

std::size_t Columns::index_of(std::string_view part) const {
  const std::size_t index = find(part);
  CHECK(index < kinds_.size());
  return index;
}

bool Columns::has_parts(std::string_view key) const {
  if (aggregation_.kind != Kind::kColumns) return true;
  const auto zeros = static_cast<std::size_t>(std::count(key.begin(), key.end(), kBetweenParts));
  return aggregation_.key_parts == 0 ? key.empty() : zeros + 1 == aggregation_.key_parts;
}

std::string_view Columns::take_value(std::string_view& values) const {
  const bool has_several = aggregation_.kind == Kind::kColumns && !are_terms();
  return has_several ? take_column_value(values) : std::exchange(values, {});
}

std::string Columns::add(GroupStates::Group& group, std::string_view value, std::string_view position,
                         PairKeyLines& values) const {
  const std::size_t column = has_letters_ ? find(value) : 0;
  if (!group.has_parts) group.has_parts = has_parts(group.key);
  if (column >= kinds_.size() || !group.has_parts) {
    return "this is not what quern map writes for this job; it has other columns, or another group";
  }
  if (has_letters_) value.remove_prefix(1);
  const Place place{.group = group, .column = column, .position = position, .values = values};
  if (are_terms()) return add_term(place, value) ? "" : "this is not a term";
  return add_value(place, value) ? "" : not_a_number(kinds_[column], group.key, value);
}

bool Columns::add_term(const Place& place, std::string_view term) const {
  if (term.empty()) return false;
  const Aggregation& aggregation = kinds_[place.column];
  const Aggregator& aggregator = aggregators_[place.column];
  const bool is_collected = collects(aggregation.kind);
  const char form = term.front();
  term.remove_prefix(1);
  if (form == kStateTerm && !is_collected) {
    if (!is_placed(aggregation.kind)) return aggregator.add_term(place.state(), term);
    return aggregator.add(place.state(), std::string(place.position).append(term));
  }
  const std::size_t blank = term.find(' ');
  if (form != kValueTerm || !is_collected || blank == std::string_view::npos) return false;
  std::string times;
  return aggregator.add_term(times, term.substr(0, blank)) && collect(place, term.substr(blank + 1), times);
}

bool Columns::add_value(const Place& place, std::string_view value) const {
  const Kind kind = kinds_[place.column].kind;
  if (collects(kind)) return collect(place, value, "");
  const Aggregator& aggregator = aggregators_[place.column];
  std::string& state = place.state();
  if (is_placed(kind)) return aggregator.add(state, std::string(place.position).append(value));
  if (!state.empty() && aggregator.add_in_place({state.data(), state.size()}, value)) return true;
  return takes_value(kinds_[place.column], value) && aggregator.add(state, value);
}

// `times` is a state of kCount, or "" to count the value once. Returns false if the value is not a number and must be
// one.
bool Columns::collect(const Place& place, std::string_view value, std::string_view times) const {
  const Kind kind = kinds_[place.column].kind;
  const char letter = letter_of(place.column);
  const std::string_view part(&letter, 1);
  if (kind != Kind::kQuantile) {
    // The mark distinguishes the value "" from none.
    const std::string_view position = kind == Kind::kList ? place.position : std::string_view();
    place.values.append(place.group.key, {part, {&kValueTerm, 1}, position, value}, times);
    return true;
  }
  std::int64_t integer = 0;
  double nearest = 0;
  if (parse_short_integer(value, integer)) {
    nearest = static_cast<double>(integer);
  } else {
    const Number number = parse_number(value);
    if (!takes_number(kind, number)) return false;
    nearest = number.floating;
  }
  std::string order;
  append_double_order(nearest, order);
  place.values.append(place.group.key, {part, order, value}, times);
  const Aggregator& aggregator = aggregators_[place.column];
  if (times.empty()) return aggregator.add(place.state(), "");
  aggregator.merge(place.state(), times);
  return true;
}

void Columns::append_states(const GroupStates::Group& group, PairKeyLines& states) const {
  for (std::size_t column = 0; column < group.of_columns.size(); ++column) {
    const char letter = letter_of(column);
    const std::string& state = group.of_columns[column];
    if (!state.empty()) states.append(group.key, {std::string_view(&letter, 1)}, state);
  }
}

namespace {

// Finds the value at a rank among values that arrive in the order of their nearest doubles.
class RankSearch {
 public:
  void begin(std::uint64_t count, std::uint32_t ppm) {
    const auto wanted = static_cast<unsigned __int128>(count) * ppm;
    rank_ = std::max<std::uint64_t>(1, static_cast<std::uint64_t>((wanted + kMillion - 1) / kMillion));
    before_ = 0;
    found_.clear();
    is_found_ = false;
    same_.clear();
  }
  void add(std::string_view order, std::string_view text, std::uint64_t times) {
    if (is_found_) return;
    if (order != order_) close();
    order_ = order;
    same_.emplace_back(text, times);
  }
  const std::string& result() {
    close();
    return found_;
  }

 private:
  // Values with the same nearest double may differ, if they are longer than it.
  void close() {
    auto is_less = [](const auto& left, const auto& right) {
      return compare({.nearest = 0, .text = left.first}, {.nearest = 0, .text = right.first}) < 0;
    };
    if (same_.size() > 1) std::stable_sort(same_.begin(), same_.end(), is_less);
    for (auto& [text, times] : same_) {
      before_ += times;
      if (is_found_ || before_ < rank_) continue;
      is_found_ = true;
      found_ = text;
    }
    same_.clear();
  }

  std::uint64_t rank_ = 0;
  std::uint64_t before_ = 0;
  bool is_found_ = false;
  std::string found_;
  std::string order_;
  std::vector<std::pair<std::string, std::uint64_t>> same_;
};

// Reads the pair keys of one key after another.
class ColumnGroups final : public GroupSource {
 public:
  ColumnGroups(std::unique_ptr<GroupSource> pairs, const Columns& columns, AggregatedTo to, EventSink* events)
      : pairs_(std::move(pairs)), columns_(columns), to_(to), events_(events), values_(columns.results()) {}

  Result<bool> next_group() override {
    if (!is_begun_) TRY(read_pair());
    is_begun_ = true;
    while (has_pair_ && has_key_ && pair_key() == key_) TRY(read_pair());
    if (!has_pair_) return false;
    key_ = pair_key();
    has_key_ = true;
    next_ = 0;
    terms_.clear();
    if (to_ == AggregatedTo::kResult) TRY(read_results());
    return true;
  }

  Result<bool> next_value() override {
    if (to_ == AggregatedTo::kResult) {
      if (next_ == values_.size()) return false;
      value_ = values_[next_++];
      return true;
    }
    while (next_ == terms_.size()) {
      if (!has_pair_ || pair_key() != key_) return false;
      make_terms();
      TRY(read_pair());
    }
    value_ = terms_[next_++];
    return true;
  }
  std::string_view key() const override { return key_; }
  std::string_view value() const override { return value_; }

 private:
  std::string_view pair_key() const { return pair_->key(); }

  // Reads the next pair key and merges its states.
  Result<void> read_pair() {
    TRY_ASSIGN(has_pair_, pairs_->next_group());
    if (!has_pair_) return {};
    bytes_ = pairs_->key();
    pair_.emplace(bytes_);
    state_.clear();
    const Aggregator& aggregator = columns_.aggregator_of(pair_->value());
    while (true) {
      TRY_ASSIGN(bool has_state, pairs_->next_value());
      if (!has_state) return {};
      aggregator.merge(state_, pairs_->value());
    }
  }

  std::string_view text_of_value() const {
    const Kind kind = column().kind;
    std::string_view text = pair_->value().substr(1 + (kind == Kind::kQuantile ? kOrderBytes : 1));
    if (kind == Kind::kList) take_position(text);
    return text;
  }
  const Aggregation& column() const { return columns_.aggregation(columns_.index_of(pair_->value())); }

  void make_terms() {
    terms_.clear();
    next_ = 0;
    const std::string_view part = pair_->value();
    const bool has_value = Columns::has_value(part);
    // The number of values follows from the values.
    if (!has_value && collects(column().kind)) return;
    if (has_value) {
      const auto times = number_at<std::uint64_t>(state_);
      terms_.push_back(fmt::format("{}{}{} {}", part.front(), kValueTerm, times, text_of_value()));
      return;
    }
    columns_.aggregator_of(part).append_terms(state_, terms_);
    for (std::string& term : terms_) term.insert(0, {part.front(), kStateTerm});
  }

  Result<void> read_results() {
    for (std::size_t i = 0; i < values_.size(); ++i) values_[i] = result_of_nothing(columns_.aggregation(i).kind);
    while (has_pair_ && pair_key() == key_) {
      const std::size_t index = columns_.index_of(pair_->value());
      TRY(read_column(index));
    }
    return {};
  }

  bool is_of(std::size_t index) const {
    return has_pair_ && pair_key() == key_ && columns_.index_of(pair_->value()) == index;
  }

  Result<void> read_column(std::size_t index) {
    if (index == values_.size()) return read_pair();
    const Aggregation& aggregation = columns_.aggregation(index);
    std::string& result = values_[index];
    if (!collects(aggregation.kind)) {
      const Aggregator& aggregator = columns_.aggregator_of(pair_->value());
      std::vector<std::string> values;
      aggregator.finish(state_, values);
      const auto text = aggregator.text_of(state_);
      if (events_ != nullptr && text.has_value() && aggregator.has_number(state_)) {
        events_->emit(event::GroupBad{.key = shown_group(key_), .reason = not_only_numbers(aggregation, *text)});
      }
      result = aggregation.kind == Kind::kTop ? json_array(values, aggregation.has_label) : values.front();
      return read_pair();
    }
    if (aggregation.kind == Kind::kQuantile) {
      rank_.begin(number_at<std::uint64_t>(state_), aggregation.quantile_ppm);
      TRY(read_pair());
    }
    std::uint64_t distinct = 0;
    const bool is_array = aggregation.kind == Kind::kUnique || aggregation.kind == Kind::kList;
    if (is_array) result = "[";
    for (; is_of(index); ++distinct) {
      if (!Columns::has_value(pair_->value())) {
        distinct += number_at<std::uint64_t>(state_) - 1;
        TRY(read_pair());
        continue;
      }
      const std::string_view text = text_of_value();
      if (aggregation.kind == Kind::kQuantile) {
        rank_.add(pair_->value().substr(1, kOrderBytes), text, number_at<std::uint64_t>(state_));
      } else if (is_array) {
        if (distinct > 0) result += ", ";
        append_json_text(result, text);
      }
      TRY(read_pair());
    }
    if (aggregation.kind == Kind::kQuantile) result = rank_.result();
    if (is_array) result += ']';
    if (aggregation.kind == Kind::kDistinct) result = std::to_string(distinct);
    return {};
  }

  static void append_json_text(std::string& target, std::string_view hidden) {
    std::string text;
    append_shown(hidden, "\n", text);
    append_json_string(target, text);
  }

  static std::string json_array(const std::vector<std::string>& values, bool has_labels) {
    std::string text = "[";
    for (const std::string& value : values) {
      if (text.size() > 1) text += ", ";
      if (!has_labels) {
        append_json_text(text, value);
        continue;
      }
      text += '[';
      append_json_string(text, split_label(value).number);
      text += ", ";
      append_json_text(text, split_label(value).label);
      text += ']';
    }
    return text + ']';
  }

  const std::unique_ptr<GroupSource> pairs_;
  const Columns& columns_;
  const AggregatedTo to_;
  EventSink* const events_;
  bool is_begun_ = false;
  bool has_key_ = false;
  bool has_pair_ = false;
  std::string bytes_;  // of the current pair key, which pair_ borrows
  std::optional<PairKey> pair_;
  std::string state_;
  std::string key_;
  std::vector<std::string> values_;
  std::vector<std::string> terms_;
  std::size_t next_ = 0;
  std::string value_;
  RankSearch rank_;
};

}  // namespace

std::unique_ptr<GroupSource> make_column_groups(std::unique_ptr<GroupSource> pairs, const Columns& columns,
                                                AggregatedTo to, EventSink* events) {
  return std::make_unique<ColumnGroups>(std::move(pairs), columns, to, events);
}

}  // namespace quern::shuffle
