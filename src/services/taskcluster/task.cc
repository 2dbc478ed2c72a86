#include "services/taskcluster/task.h"

namespace quern::taskcluster {

// The queue adds the run of a retry together with the end of the previous run, so the last state is the final one.
bool TaskStatus::is_resolved() const { return quern::is_resolved(state); }

}  // namespace quern::taskcluster
