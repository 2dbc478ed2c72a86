#pragma once

#include <functional>
#include <optional>
#include <string>

#include "app/group/group_session.h"
#include "app/group/watch.h"
#include "base/result.h"

namespace quern::app {

// The files that a command about a group writes on this machine.
struct Leaves {
  std::optional<std::string> result;  // where the result is fetched to; absent if it is not fetched
  std::optional<std::string> beside;  // result.json is written next to this path; absent: not written
};

// Ends a command once the job of a group has ended as in `ending`: reads the accounting left by the final task, fetches
// the result, writes result.json, and reports how the job ended. Returns the exit status, as for quern run.
Result<int> close_group(GroupSession& session, const watch::GroupWatch& watch, watch::Ending ending,
                        const Leaves& leaves);

// Whether the error is about a file of this machine: its code is an errno, not the status of an HTTP answer.
bool is_about_this_machine(const Error& error);

// Returns the cause of failure in the task.json of the latest run of `task`, which has failed; "" if it left none.
std::string cause_of(GroupSession& session, const watch::GroupWatch& watch, const WatchedTask& task);

// Ends a watch that has not found out how the job ended; the job continues or has completed. Reports the error, writes
// it to result.json as `stopped`, and returns kStatusUnwatched.
Result<int> close_unwatched(GroupSession& session, const Error& error, const Leaves& leaves);

// Calls `work`. If it fails, writes result.json next to `beside`, unless nothing was begun because the command line or
// the job file is wrong.
Result<int> account_for_failure(GroupSession& session, const std::optional<std::string>& beside,
                                const std::function<Result<int>()>& work);

}  // namespace quern::app
