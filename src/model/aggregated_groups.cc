#include "model/aggregated_groups.h"

#include <algorithm>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

namespace quern {
namespace {

class AggregatedGroups final : public GroupSource {
 public:
  AggregatedGroups(std::unique_ptr<GroupSource> groups, Aggregation aggregation, AggregatedFrom from, AggregatedTo to)
      : groups_(std::move(groups)), aggregator_(aggregation), from_(from), to_(to) {}

  Result<bool> next_group() override {
    TRY_ASSIGN(bool has_group, groups_->next_group());
    if (!has_group) return false;
    key_.assign(groups_->key());
    TRY(aggregator_.keeps_state() ? read_states() : read_distinct());
    next_value_ = 0;
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
      } else if (!aggregator_.add(state_, groups_->value()).ok()) {
        return not_a_number(aggregator_.aggregation().kind, key_, groups_->value());
      }
    }
    if (to_ == AggregatedTo::kResult) {
      aggregator_.finish(state_, values_);
      return {};
    }
    values_.clear();
    aggregator_.append_terms(state_, values_);
    return {};
  }

  Result<void> read_distinct() {
    std::unordered_set<std::string> distinct;
    while (true) {
      TRY_ASSIGN(bool has_value, groups_->next_value());
      if (!has_value) break;
      distinct.emplace(groups_->value());
    }
    values_.clear();
    while (!distinct.empty()) values_.push_back(std::move(distinct.extract(distinct.begin()).value()));
    std::sort(values_.begin(), values_.end());
    return {};
  }

  const std::unique_ptr<GroupSource> groups_;
  const Aggregator aggregator_;
  const AggregatedFrom from_;
  const AggregatedTo to_;
  std::string key_;
  std::string state_;
  std::vector<std::string> values_;
  std::size_t next_value_ = 0;
};

}  // namespace

std::unique_ptr<GroupSource> make_aggregated_groups(std::unique_ptr<GroupSource> groups, Aggregation aggregation,
                                                    AggregatedFrom from, AggregatedTo to) {
  return std::make_unique<AggregatedGroups>(std::move(groups), aggregation, from, to);
}

}  // namespace quern
