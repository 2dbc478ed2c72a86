#pragma once

#include <string>
#include <utility>
#include <vector>

#include "model/groups.h"

namespace quern::reducer {

using Groups = std::vector<std::pair<std::string, std::vector<std::string>>>;

// Returns groups from memory. Borrows them.
class FakeGroups final : public GroupSource {
 public:
  explicit FakeGroups(const Groups& groups) : groups_(groups) {}
  Result<bool> next_group() override {
    next_value_ = 0;
    return next_group_++ < groups_.size();
  }
  Result<bool> next_value() override { return next_value_++ < groups_[next_group_ - 1].second.size(); }
  std::string_view key() const override { return groups_[next_group_ - 1].first; }
  std::string_view value() const override { return groups_[next_group_ - 1].second[next_value_ - 1]; }

 private:
  const Groups& groups_;
  std::size_t next_group_ = 0;
  std::size_t next_value_ = 0;
};

// Keeps everything that is added.
class FakeSink final : public ReducedSink {
 public:
  Result<void> add(std::string_view key, std::string_view lines) override {
    added.emplace_back(key, lines);
    text += lines;
    return {};
  }
  std::vector<std::pair<std::string, std::string>> added;
  std::string text;
};

}  // namespace quern::reducer
