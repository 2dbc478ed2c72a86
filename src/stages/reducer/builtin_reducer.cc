#include "stages/reducer/builtin_reducer.h"

#include <utility>

#include "model/aggregated_groups.h"
#include "model/column_value.h"
#include "model/limits.h"
#include "model/pair.h"
#include "model/result_shape.h"

namespace quern::reducer {
namespace {

using Kind = Aggregation::Kind;

// How many groups are reduced between two progress reports.
constexpr std::uint64_t kGroupsPerReport = 65536;

bool is_array(Kind kind) { return kind == Kind::kList || kind == Kind::kUnique || kind == Kind::kTop; }

class BuiltinReducer {
 public:
  BuiltinReducer(const BuiltinReducerOptions& options, GroupSource& groups, ReducedSink& sink,
                 const std::stop_token& stop)
      : options_(options), groups_(groups), sink_(sink), stop_(stop) {}

  // Returns false at the end.
  Result<bool> reduce_one() {
    TRY_ASSIGN(bool has_group, groups_.next_group());
    if (!has_group) return false;
    has_reduced_ = true;
    key_.assign(groups_.key());
    if (options_.aggregation.kind == Kind::kColumns) {
      write_key_of_columns();
      TRY(write_columns());
    } else {
      text_.assign(key_).append(options_.separator);
      TRY(is_array(options_.aggregation.kind) ? write_array() : write_value());
    }
    text_.push_back('\n');
    ++progress_.groups;
    TRY(hand_over());
    return true;
  }
  // Of all records, there is a result even if there is no record.
  Result<void> reduce_nothing() {
    const bool is_of_all = options_.aggregation.kind == Kind::kColumns && options_.aggregation.key_parts == 0;
    if (has_reduced_ || !is_of_all) return {};
    write_key_of_columns();
    for (std::size_t i = 0; i < options_.aggregation.columns.size(); ++i) {
      write_column(i, result_of_nothing(options_.aggregation.columns[i].kind));
    }
    text_.push_back('\n');
    return hand_over();
  }
  event::GroupsReduced take_progress() {
    progress_.child = options_.child;
    return std::exchange(progress_, {});
  }

 private:
  void write_key_of_columns() {
    text_ = options_.has_cells ? key_ : shown_group(key_, options_.column_separator);
    // Between two steps a pair always has a key.
    if (options_.aggregation.key_parts > 0 || options_.separator == kBetweenInside) text_ += options_.separator;
  }
  Result<void> write_columns() {
    for (std::size_t i = 0; i < options_.aggregation.columns.size(); ++i) {
      TRY_ASSIGN(bool has_value, groups_.next_value());
      CHECK(has_value);
      write_column(i, groups_.value());
      ++progress_.values;
    }
    return {};
  }
  void write_column(std::size_t number, std::string_view value) {
    if (options_.has_cells) return append_cell(value, text_);
    if (number > 0) text_ += options_.column_separator;
    append_shown(shown_result(value), kLineFeedInText, text_);
  }
  Result<void> write_value() {
    TRY_ASSIGN(bool has_value, groups_.next_value());
    CHECK(has_value);
    text_.append(shown_result(groups_.value()));
    ++progress_.values;
    return {};
  }
  Result<void> write_array() {
    text_.push_back('[');
    bool is_first = true;
    while (true) {
      TRY_ASSIGN(bool has_value, groups_.next_value());
      if (!has_value) break;
      if (!is_first) text_.append(", ");
      append_json_string(text_, groups_.value());
      is_first = false;
      ++progress_.values;
      if (text_.size() > limits::kBlockBytes) TRY(hand_over());
    }
    text_.push_back(']');
    return {};
  }
  Result<void> hand_over() {
    if (stop_.stop_requested()) return stopped();
    progress_.output_bytes += text_.size();
    TRY(sink_.add(key_, text_));
    text_.clear();
    return {};
  }

  const BuiltinReducerOptions& options_;
  GroupSource& groups_;
  ReducedSink& sink_;
  const std::stop_token& stop_;
  bool has_reduced_ = false;
  std::string key_;
  std::string text_;
  event::GroupsReduced progress_;
};

}  // namespace

Result<void> run_builtin_reducer(const BuiltinReducerOptions& options, std::unique_ptr<GroupSource> groups,
                                 ReducedSink& sink, EventSink& events, const std::stop_token& stop) {
  if (!options.is_aggregated && Aggregator(options.aggregation).keeps_state()) {
    groups = make_aggregated_groups(std::move(groups), options.aggregation, AggregatedFrom::kValues,
                                    AggregatedTo::kResult, &events);
  }
  BuiltinReducer reducer(options, *groups, sink, stop);
  bool has_more = true;
  while (has_more) {
    for (std::uint64_t i = 0; has_more && i < kGroupsPerReport; ++i) {
      TRY_ASSIGN(has_more, reducer.reduce_one());
    }
    if (!has_more) TRY(reducer.reduce_nothing());
    events.emit(reducer.take_progress());
  }
  return {};
}

}  // namespace quern::reducer
