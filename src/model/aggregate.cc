#include "model/aggregate.h"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <compare>
#include <cstring>
#include <nlohmann/json.hpp>
#include <utility>

#include "model/exact_sum.h"
#include "model/number.h"

namespace quern {
namespace {

using Kind = Aggregation::Kind;

constexpr std::array<std::pair<std::string_view, Kind>, 8> kNames = {{{"sum", Kind::kSum},
                                                                      {"count", Kind::kCount},
                                                                      {"min", Kind::kMin},
                                                                      {"max", Kind::kMax},
                                                                      {"mean", Kind::kMean},
                                                                      {"list", Kind::kList},
                                                                      {"unique", Kind::kUnique},
                                                                      {"top", Kind::kTop}}};

template <typename T>
T read(std::string_view bytes, std::size_t offset) {
  T value;
  CHECK(bytes.size() >= offset + sizeof value);
  std::memcpy(&value, bytes.data() + offset, sizeof value);
  return value;
}

template <typename T>
void write(std::string& bytes, const T& value) {
  bytes.append(reinterpret_cast<const char*>(&value), sizeof value);
}

bool is_orderable(const Number& number) { return number.kind != Number::Kind::kNone && !std::isnan(number.floating); }

std::string shown(std::string_view text) {
  constexpr std::size_t kShownBytes = 80;
  return fmt::format("'{}{}'", text.substr(0, kShownBytes), text.size() > kShownBytes ? "..." : "");
}

// A number in a state. Equal numbers are in the order of their bytes.
struct Ranked {
  WrittenNumber number;

  static constexpr std::size_t kHeadBytes = sizeof(double) + sizeof(std::uint32_t);
  static Ranked parse(std::string_view bytes) {
    auto length = read<std::uint32_t>(bytes, sizeof(double));
    return {{.nearest = read<double>(bytes, 0), .text = bytes.substr(kHeadBytes, length)}};
  }
  std::string_view text() const { return number.text; }
  std::size_t size_bytes() const { return kHeadBytes + text().size(); }
  std::string bytes() const {
    std::string bytes;
    write(bytes, number.nearest);
    write(bytes, static_cast<std::uint32_t>(text().size()));
    return bytes.append(text());
  }
  bool is_before(const Ranked& other, bool largest_first) const {
    std::weak_ordering order = compare(number, other.number);
    if (order == 0) return text() < other.text();
    return largest_first ? order > 0 : order < 0;
  }
};

// The best value as a number, while all are numbers (its state begins with kNumbers and is a Ranked), and as bytes.
// State: the mark; the Ranked number if the mark says so; the bytes.
class Extreme {
 public:
  Extreme(std::string& state, bool is_max) : state_(state), is_max_(is_max) {}

  void add(std::string_view value) {
    Number number = parse_number(value);
    bool is_number = is_orderable(number);
    take(is_number ? Ranked{{.nearest = number.floating, .text = value}} : Ranked{}, is_number, value);
  }
  void merge(std::string_view other) {
    bool is_number = other.front() == kNumbers;
    take(is_number ? Ranked::parse(other.substr(1)) : Ranked{}, is_number, text_of(other));
  }
  static std::string_view text_of(std::string_view state) {
    if (state.front() != kNumbers) return state.substr(1);
    return state.substr(1 + Ranked::parse(state.substr(1)).size_bytes());
  }
  static bool are_numbers(std::string_view state) { return state.front() == kNumbers; }
  static std::string_view best_of(std::string_view state) {
    return state.front() == kNumbers ? Ranked::parse(state.substr(1)).text() : state.substr(1);
  }

 private:
  static constexpr char kNumbers = 'n';
  static constexpr char kBytes = 'b';

  void take(Ranked number, bool is_number, std::string_view text) {
    if (state_.empty()) return keep(number, is_number, text);
    std::string_view old_text = text_of(state_);
    bool has_better_text = is_max_ ? text > old_text : text < old_text;
    bool were_numbers = state_.front() == kNumbers;
    Ranked old_number = were_numbers ? Ranked::parse(std::string_view(state_).substr(1)) : Ranked{};
    bool are_numbers = were_numbers && is_number;
    bool has_better_number = are_numbers && number.is_before(old_number, is_max_);
    if (!has_better_text && !has_better_number && are_numbers == were_numbers) return;
    keep(has_better_number ? number : old_number, are_numbers, has_better_text ? text : old_text);
  }
  void keep(const Ranked& number, bool is_number, std::string_view text) {
    std::string state(1, is_number ? kNumbers : kBytes);
    if (is_number) state += number.bytes();
    state_ = state.append(text);
  }

  std::string& state_;
  const bool is_max_;
};

// State: the numbers, largest first.
void add_to_top(std::string& state, const Ranked& number, std::uint64_t most) {
  std::string_view rest = state;
  std::uint64_t before = 0;
  while (!rest.empty() && before < most) {
    Ranked other = Ranked::parse(rest);
    if (number.is_before(other, true)) break;
    rest.remove_prefix(other.size_bytes());
    ++before;
  }
  if (before >= most) return;
  state.insert(state.size() - rest.size(), number.bytes());
  // One too many may have stood at the end.
  rest = state;
  for (std::uint64_t i = 0; i < most && !rest.empty(); ++i) rest.remove_prefix(Ranked::parse(rest).size_bytes());
  state.resize(state.size() - rest.size());
}

void append_ranked(std::string_view state, std::vector<std::string>& values) {
  for (; !state.empty(); state.remove_prefix(Ranked::parse(state).size_bytes())) {
    values.emplace_back(Ranked::parse(state).text());
  }
}

void add_count(std::string& state, std::uint64_t count) {
  if (!state.empty()) count += read<std::uint64_t>(state, 0);
  state.resize(sizeof count);
  std::memcpy(state.data(), &count, sizeof count);
}

void store(std::string& state, const ExactSum& sum, std::size_t offset) {
  state.resize(offset);
  sum.append_to(state);
}

std::string_view sum_of_mean(std::string_view state) {
  return state.empty() ? state : state.substr(sizeof(std::uint64_t));
}

}  // namespace

Aggregation aggregation_of(const Builtin& builtin) {
  for (auto& [name, kind] : kNames) {
    if (name == builtin.name) return {.kind = kind, .top_count = builtin.top_count};
  }
  check_failed("a built-in reducer", __FILE__, __LINE__);
}

std::string_view name_of(Kind kind) {
  for (auto& [name, named] : kNames) {
    if (named == kind) return name;
  }
  return "";
}

bool Aggregator::keeps_state() const { return aggregation_.kind != Kind::kList && aggregation_.kind != Kind::kUnique; }

bool Aggregator::has_terms() const {
  return keeps_state() && aggregation_.kind != Kind::kCount && aggregation_.kind != Kind::kMean;
}

Result<void> Aggregator::add(std::string& state, std::string_view value) const {
  if (aggregation_.kind == Kind::kCount) {
    add_count(state, 1);
    return {};
  }
  if (aggregation_.kind == Kind::kMin || aggregation_.kind == Kind::kMax) {
    Extreme(state, aggregation_.kind == Kind::kMax).add(value);
    return {};
  }
  Number number = parse_number(value);
  bool is_possible = aggregation_.kind == Kind::kTop ? is_orderable(number) : number.kind != Number::Kind::kNone;
  if (!is_possible) return bad_input("no number");
  if (aggregation_.kind == Kind::kTop) {
    add_to_top(state, {{.nearest = number.floating, .text = value}}, aggregation_.top_count);
    return {};
  }
  bool is_mean = aggregation_.kind == Kind::kMean;
  ExactSum sum(is_mean ? sum_of_mean(state) : state);
  sum.add(number);
  if (is_mean) add_count(state, 1);
  store(state, sum, is_mean ? sizeof(std::uint64_t) : 0);
  return {};
}

void Aggregator::merge(std::string& state, std::string_view other) const {
  if (state.empty()) {
    state = other;
    return;
  }
  switch (aggregation_.kind) {
    case Kind::kCount:
      return add_count(state, read<std::uint64_t>(other, 0));
    case Kind::kMin:
    case Kind::kMax:
      return Extreme(state, aggregation_.kind == Kind::kMax).merge(other);
    case Kind::kTop:
      for (std::string_view rest = other; !rest.empty(); rest.remove_prefix(Ranked::parse(rest).size_bytes())) {
        add_to_top(state, Ranked::parse(rest), aggregation_.top_count);
      }
      return;
    case Kind::kMean:
    case Kind::kSum: {
      bool is_mean = aggregation_.kind == Kind::kMean;
      if (!is_mean && ExactSum::add_small(state, other)) return;
      ExactSum sum(is_mean ? sum_of_mean(state) : state);
      sum.add(ExactSum(is_mean ? sum_of_mean(other) : other));
      if (is_mean) add_count(state, read<std::uint64_t>(other, 0));
      return store(state, sum, is_mean ? sizeof(std::uint64_t) : 0);
    }
    case Kind::kList:
    case Kind::kUnique:
      check_failed("an aggregation with a state", __FILE__, __LINE__);
  }
}

void Aggregator::append_terms(std::string_view state, std::vector<std::string>& values) const {
  CHECK(has_terms());
  if (aggregation_.kind == Kind::kSum) return ExactSum(state).append_terms(values);
  if (aggregation_.kind == Kind::kTop) return append_ranked(state, values);
  // The best number is not always the best text, and which of them counts shows only when all values are known.
  std::string_view text = Extreme::text_of(state);
  values.emplace_back(Extreme::best_of(state));
  if (text != values.back()) values.emplace_back(text);
  if (Extreme::are_numbers(state) || !is_orderable(parse_number(text))) return;
  // Some value was no number. Another one stands for it, which is none either, and never the best.
  values.emplace_back(aggregation_.kind == Kind::kMax ? "" : std::string(text) + '~');
}

void Aggregator::finish(std::string_view state, std::vector<std::string>& values) const {
  values.clear();
  switch (aggregation_.kind) {
    case Kind::kCount:
      return values.push_back(fmt::format("{}", read<std::uint64_t>(state, 0)));
    case Kind::kMin:
    case Kind::kMax:
      return values.emplace_back(Extreme::best_of(state)), void();
    case Kind::kTop:
      return append_ranked(state, values);
    case Kind::kSum:
      return values.push_back(ExactSum(state).text());
    case Kind::kMean:
      return values.push_back(shortest_text(ExactSum(sum_of_mean(state)).quotient(read<std::uint64_t>(state, 0))));
    case Kind::kList:
    case Kind::kUnique:
      check_failed("an aggregation with a state", __FILE__, __LINE__);
  }
}

Error not_a_number(Kind kind, std::string_view key, std::string_view value) {
  return bad_input(
      fmt::format("{{builtin: {}}} got the value {} of the key {}, which is no number; let the "
                  "mapper write numbers, or use another reducer",
                  name_of(kind), shown(value), shown(key)));
}

void append_json_string(std::string& target, std::string_view text) {
  target += nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace quern
