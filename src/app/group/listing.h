#pragma once

#include <map>
#include <string>
#include <vector>

#include "app/group/watch.h"
#include "base/result.h"
#include "services/taskcluster/task.h"

namespace quern::watch {

// Makes a GroupWatch from the tasks of a listing, which come in any order.
class Listing {
 public:
  void add(const taskcluster::GroupedTask& task);
  // Fails with kBadInput if quern made none of the tasks, or the final one is missing.
  Result<GroupWatch> finish(taskcluster::Api& api, const taskcluster::TaskGroup& group) &&;

 private:
  struct Entry {
    WatchedTask task;
    taskcluster::TaskStatus status;
    std::vector<std::string> dependencies;
    std::size_t depth = 0;  // length of the longest chain of tasks before it, each needed by the next
  };
  void measure_depths();
  void sort();
  void join(GroupWatch& watch) const;

  std::vector<Entry> entries_;
  std::string job_;
  std::string artifact_prefix_;
  std::string packed_job_;
  std::size_t others_ = 0;  // tasks that quern did not make
};

}  // namespace quern::watch
