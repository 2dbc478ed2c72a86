#include "model/aggregated_groups.h"

#include <fmt/format.h>

#include <string>
#include <utility>
#include <vector>

namespace quern {
namespace {

class AggregatedGroups final : public GroupSource {
 public:
  AggregatedGroups(std::unique_ptr<GroupSource> groups, Aggregation aggregation, AggregatedFrom from, AggregatedTo to,
                   EventSink* events)
      : groups_(std::move(groups)), aggregator_(aggregation), from_(from), to_(to), events_(events) {}

  Result<bool> next_group() override {
    next_value_ = 0;
    do {
      TRY_ASSIGN(bool has_group, groups_->next_group());
      if (!has_group) return say_end(), false;
      key_.assign(groups_->key());
      values_.clear();
      TRY(read_states());
      // Skip a key without a valid value.
    } while (values_.empty());
    return true;
  }
  Result<bool> next_value() override { return next_value_++ < values_.size(); }
  std::string_view key() const override { return key_; }
  std::string_view value() const override { return values_[next_value_ - 1]; }

 private:
  Result<void> read_states() {
    state_.clear();
    while (true) {
      TRY_ASSIGN(bool has_value, groups_->next_value());
      if (!has_value) break;
      if (from_ == AggregatedFrom::kStates) {
        aggregator_.merge(state_, groups_->value());
      } else if (from_ == AggregatedFrom::kTerms) {
        if (!aggregator_.add_term(state_, groups_->value())) return unreadable_term();
      } else if (!aggregator_.add(state_, groups_->value())) {
        say_bad(not_a_number(aggregator_.aggregation(), key_, groups_->value()));
      }
    }
    if (state_.empty()) return {};
    if (to_ == AggregatedTo::kTerms) {
      aggregator_.append_terms(state_, values_);
      return {};
    }
    if (auto text = aggregator_.text_of(state_); text.has_value()) judge_text(*text);
    aggregator_.finish(state_, values_);
    return {};
  }

  Error unreadable_term() const {
    return bad_input(fmt::format(
        "a part is damaged: for the key '{}' it has '{}' instead of a state of {{builtin: {}}}",
        key_.substr(0, kShownBytes), groups_->value().substr(0, kShownBytes), name_of(aggregator_.aggregation().kind)));
  }

  void judge_text(std::string_view text) {
    if (aggregator_.has_number(state_)) return say_bad(not_only_numbers(aggregator_.aggregation(), text));
    if (as_text_.keys++ == 0) as_text_.first_key = key_;
  }

  void say_bad(std::string reason) {
    if (events_ != nullptr) events_->emit(event::GroupBad{.key = key_, .reason = std::move(reason), .details = ""});
  }

  void say_end() {
    if (events_ != nullptr && as_text_.keys > 0) events_->emit(std::exchange(as_text_, {}));
  }

  static constexpr std::size_t kShownBytes = 80;

  const std::unique_ptr<GroupSource> groups_;
  const Aggregator aggregator_;
  const AggregatedFrom from_;
  const AggregatedTo to_;
  EventSink* const events_;
  event::ComparedAsText as_text_;
  std::string key_;
  std::string state_;
  std::vector<std::string> values_;
  std::size_t next_value_ = 0;
};

}  // namespace

std::unique_ptr<GroupSource> make_aggregated_groups(std::unique_ptr<GroupSource> groups, Aggregation aggregation,
                                                    AggregatedFrom from, AggregatedTo to, EventSink* events) {
  return std::make_unique<AggregatedGroups>(std::move(groups), aggregation, from, to, events);
}

}  // namespace quern
