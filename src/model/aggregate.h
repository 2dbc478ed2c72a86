#pragma once

#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "arithmetic/exact_sum.h"
#include "arithmetic/number.h"
#include "base/coding.h"
#include "base/result.h"
#include "model/job.h"

// The built-in reducers and combiners (docs/job-file.md). No I/O.

namespace quern {

struct Aggregation {
  // kColumns: several aggregations at once, each of its own values (model/column_value.h).
  // kFirst and kLast: only in columns. There, each of their values, and those of kList, follows its position.
  enum class Kind {
    kSum,
    kCount,
    kMean,
    kMin,
    kMax,
    kList,
    kUnique,
    kTop,
    kDistinct,
    kQuantile,
    kStddev,
    kFirst,
    kLast,
    kColumns
  };
  Kind kind = Kind::kCount;
  std::uint64_t top_count = 0;       // N; only for kTop
  bool has_label = false;            // only for kTop in columns: each number is shown with a label (LabelledNumber)
  std::uint32_t quantile_ppm = 0;    // in millionths: 950,000 for p95; only for kQuantile
  std::vector<Aggregation> columns;  // only for kColumns; none is kColumns
  std::size_t key_parts = 0;         // only for kColumns: how many paths `group` has
  std::string column;                // of one of `columns`: its name, for messages
  bool operator==(const Aggregation&) const = default;
};
// The aggregation that a built-in reducer or combiner performs.
Aggregation aggregation_of(const Builtin& builtin);
std::string_view name_of(Aggregation::Kind kind);
// Where an aggregation is named. A combiner runs any number of times over the values of a key.
enum class AggregatedBy { kReducer, kCombiner, kColumn };
// The names of the aggregations that are possible there.
std::vector<std::string> aggregation_names(AggregatedBy by);

// Combines any number of values into one state; neither their order nor their grouping affects the result. A state is a
// byte string; "" is the state of no values. kList, and what sorts_values(), has no state smaller than the values
// themselves: for these keeps_state() is false, and no other function may be called. Values of kFirst and kLast begin
// with their positions (column_value.h), which are not part of a term.
class Aggregator {
 public:
  explicit Aggregator(Aggregation aggregation) : aggregation_(aggregation) {}

  const Aggregation& aggregation() const { return aggregation_; }
  bool keeps_state() const;
  // Whether terms have the form of values. Not so for kCount, kMean and kStddev, whose states include the number of
  // values.
  bool terms_are_values() const;

  // Returns false, and leaves the state unchanged, if the aggregation needs a number and the value is not one.
  bool add(std::string& state, std::string_view value) const;
  // Like add(), but changes a state, which is not "", in place without changing its size. Returns false, and leaves the
  // state unchanged, if that is not possible; call add() then. Inline, like merge_in_place(), because each pair of a
  // job may pass through here.
  bool add_in_place(std::span<char> state, std::string_view value) const {
    using Kind = Aggregation::Kind;
    const Kind kind = aggregation_.kind;
    if (kind == Kind::kCount) return add_to_count(state.data(), 1), true;
    if (kind == Kind::kTop) return add_to_top_in_place(state, value);
    std::int64_t term = 0;
    if ((kind != Kind::kSum && kind != Kind::kMean) || !parse_short_integer(value, term)) return false;
    if (kind == Kind::kSum) return ExactSum::add_small(state.data(), term);
    return ExactSum::add_small(state.data() + kCountBytes, term) && (add_to_count(state.data(), 1), true);
  }
  void merge(std::string& state, std::string_view other) const;
  // Like merge() of two states, neither of them "", as add_in_place() is like add().
  bool merge_in_place(std::span<char> state, std::string_view other) const {
    using Kind = Aggregation::Kind;
    const Kind kind = aggregation_.kind;
    if (kind == Kind::kSum) return ExactSum::add_small(state.data(), other);
    const bool is_mean = kind == Kind::kMean;
    if (kind != Kind::kCount && !is_mean) return false;
    if (is_mean && !ExactSum::add_small(state.data() + kCountBytes, other.substr(kCountBytes))) return false;
    add_to_count(state.data(), load_number<std::uint64_t>(other.data()));
    return true;
  }
  // Appends the result: the N largest values, largest first, for kTop; otherwise one value, or kNoResult.
  void finish(std::string_view state, std::vector<std::string>& values) const;
  // Only for kMin and kMax, which use the numbers of a key if it has any and otherwise compare its values as bytes:
  // returns the best value that is not a number (NaN is not), or nullopt if there is none.
  std::optional<std::string_view> text_of(std::string_view state) const;
  bool has_number(std::string_view state) const;
  // Appends a small, bounded number of texts that recreate this state when they are added one by one with add_term().
  // docs/formats/part.md describes them.
  void append_terms(std::string_view state, std::vector<std::string>& terms) const;
  // Returns false, and leaves the state unchanged, if the text is not a valid term. No valid one counts more than 2^48
  // values, so that counts of damaged terms do not come round to 0.
  bool add_term(std::string& state, std::string_view term) const;

  // The state of kCount, and of kMean before the sum.
  static constexpr std::size_t kCountBytes = sizeof(std::uint64_t);
  // Adds to a count, in the byte order of the machine. Stops at the largest number: only damaged terms get there, and a
  // mean divides by it.
  static void add_to_count(char* count, std::uint64_t more) {
    std::uint64_t sum = 0;
    if (__builtin_add_overflow(load_number<std::uint64_t>(count), more, &sum)) sum = UINT64_MAX;
    std::memcpy(count, &sum, sizeof sum);
  }

 private:
  bool add_to_top_in_place(std::span<char> state, std::string_view value) const;

  Aggregation aggregation_;
};

// Whether the aggregation needs the values of a key in order, so that the shuffle sorts them
// (stages/shuffle/pair_keys.h): kUnique, kDistinct, kQuantile, and kColumns, which may contain these.
bool sorts_values(Aggregation::Kind kind);

// Whether the aggregation accepts only numbers.
bool needs_numbers(Aggregation::Kind kind);
// Whether such an aggregation accepts this value: sum and mean accept any number; top refuses NaN, which cannot be
// ordered.
bool takes_number(Aggregation::Kind kind, const Number& value);
// Whether the aggregation accepts this value, which may have a label.
bool takes_value(const Aggregation& aggregation, std::string_view value);

// Returns the message for a value that must be a number and is not, with advice. `between` is what was to separate key
// and value, if they are a line of text; "" if they are not, or it is not known.
std::string not_a_number(const Aggregation& aggregation, std::string_view key, std::string_view value,
                         std::string_view between = "");
// Returns the message for a value that is not a number although its key also has numbers.
std::string not_only_numbers(const Aggregation& aggregation, std::string_view value);
// The key of a group as text, with `between` between its parts (model/column_value.h).
std::string shown_group(std::string_view key, std::string_view between = ", ");
// Stands for a missing result, which differs from a value "null": no value contains a line feed.
inline constexpr std::string_view kNoResult = "\n";
// A result as text.
inline std::string_view shown_result(std::string_view result) { return result == kNoResult ? "null" : result; }
// The result of a column for a group without a value: 0 if it counts, else kNoResult.
std::string_view result_of_nothing(Aggregation::Kind kind);

// Appends `text` as a JSON string; bytes that are not UTF-8 become U+FFFD.
void append_json_string(std::string& target, std::string_view text);

}  // namespace quern
