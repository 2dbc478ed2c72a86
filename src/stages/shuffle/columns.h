#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "model/aggregate.h"
#include "model/aggregated_groups.h"
#include "model/column_value.h"
#include "model/event.h"
#include "model/groups.h"
#include "stages/shuffle/group_states.h"
#include "stages/shuffle/pair_keys.h"

namespace quern::shuffle {

// How aggregations that need the values of a key in order are kept in a table of pair keys (pair_keys.h): kDistinct and
// kQuantile alone, and kColumns. The second part of a pair key is the letter of a column (model/column_value.h), and
//  - nothing: its state is that of the column's aggregation; for kQuantile the number of its values; for kDistinct
//    after AggregateTable::seal_counted, the number of the values that were counted and removed;
//  - or, for kList, kUnique, kDistinct and kQuantile, one of the column's values in a form that sorts as its values do
//    (for kList, as their positions do): its state is how often the value occurred.
// So everything about a key is adjacent, in order, and bounded by the memory of the table, however many values there
// are. Immutable, so thread-safe.
class Columns {
 public:
  Columns(const Aggregation& aggregation, AggregatedFrom from);

  // Removes the first of the values of a pair from `values`, and returns it.
  std::string_view take_value(std::string_view& values) const;
  // Adds one value, or one term, to the state of its column, or appends it to `values` as a pair key with what the
  // table is to add to its state: that of some values, or "" for one. Returns "", or why it did neither: the value is
  // not a number and must be one, it is of no column, or not a term, or the key does not have as many parts as `group`.
  // `position` is that of the value among all values or terms (model/column_value.h); it is needed only if
  // has_positions().
  std::string add(GroupStates::Group& group, std::string_view value, std::string_view position,
                  PairKeyLines& values) const;
  // Appends the states of the group, for the table to merge with its own.
  void append_states(const GroupStates::Group& group, PairKeyLines& states) const;
  bool has_positions() const { return has_positions_; }
  // The aggregator of the states of a pair key with this second part.
  const Aggregator& aggregator_of(std::string_view part) const { return aggregators_[index_of(part)]; }
  bool are_terms() const { return from_ == AggregatedFrom::kTerms; }

  // The number of columns, and one more if groups may be without values (kWithoutValues): it counts the records.
  std::size_t count() const { return kinds_.size(); }
  std::size_t results() const { return results_; }
  std::size_t index_of(std::string_view part) const;
  const Aggregation& aggregation(std::size_t column) const { return kinds_[column]; }
  bool have_distinct() const { return have_distinct_; }
  // What follows the letter of a pair key's second part if it is a value of kDistinct, otherwise "".
  std::string_view distinct_value(std::string_view part) const {
    return have_distinct_ && kinds_[index_of(part)].kind == Aggregation::Kind::kDistinct ? part.substr(1)
                                                                                         : std::string_view();
  }
  // Whether a value of such a pair key follows the letter.
  static bool has_value(std::string_view part) { return part.size() > 1; }

 private:
  // What a value or term of one column is added to.
  struct Place {
    GroupStates::Group& group;
    std::size_t column;
    std::string_view position;
    PairKeyLines& values;
    std::string& state() const { return group.of_columns[column]; }
  };
  bool add_term(const Place& place, std::string_view term) const;
  bool add_value(const Place& place, std::string_view value) const;
  bool collect(const Place& place, std::string_view value, std::string_view times) const;
  bool has_parts(std::string_view key) const;
  // The column of a value or of a pair key's second part; count() or more if it is of no column.
  std::size_t find(std::string_view value) const {
    const std::size_t column = column_of(value);
    if (column < results_) return column;
    return results_ < count() && value.starts_with(kWithoutValues) ? results_ : count();
  }
  char letter_of(std::size_t column) const;

  const Aggregation aggregation_;
  std::vector<Aggregation> kinds_;
  std::size_t results_ = 0;
  std::vector<Aggregator> aggregators_;
  bool has_positions_ = false;
  bool have_distinct_ = false;
  const bool has_letters_;  // whether values begin with the letter of their column
  const AggregatedFrom from_;
};

// Turns groups of states of pair keys into groups of the original keys: one value for each column, in their order, or
// terms that Columns::append() reads. A column without a value has result_of_nothing(); those of kList, kUnique and
// kTop are JSON arrays if there are several columns. Holds the results of one key, and for kQuantile the values that
// are the same double. Not thread-safe. With kResult, values of kMin and kMax that are not numbers, in a group that has
// numbers, are reported to `events` as GroupBad; it is borrowed and may be nullptr.
std::unique_ptr<GroupSource> make_column_groups(std::unique_ptr<GroupSource> pairs, const Columns& columns,
                                                AggregatedTo to, EventSink* events);

}  // namespace quern::shuffle
