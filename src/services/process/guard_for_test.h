#pragma once

#include <string>
#include <vector>

#include "services/process/guard.h"

namespace quern::process {

// Records the process groups that it is told about and kills nothing. For tests; not thread-safe.
class NoGuard final : public Guard {
 public:
  void add_group(int group) override { groups_.push_back(group); }
  void remove_group(int group) override { std::erase(groups_, group); }
  const std::string& marker() const override { return marker_; }
  const std::vector<int>& groups() const { return groups_; }

 private:
  std::string marker_ = "QUERN_RUN=test";
  std::vector<int> groups_;
};

}  // namespace quern::process
