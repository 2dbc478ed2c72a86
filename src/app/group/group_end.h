#pragma once

#include <functional>
#include <optional>
#include <string>

#include "app/group/group_session.h"
#include "app/group/watch.h"
#include "base/result.h"

namespace quern::app {

// What a command about a group leaves here.
struct Leaves {
  std::optional<std::string> result;  // where the result is fetched to; none: it is not
  std::optional<std::string> beside;  // result.json stands next to this path; none: there is none
};

// What is to be done and said when the job of a group has ended, as `ending` says: reads the accounting that its final
// task left, fetches the result, writes result.json, and says how it went. The exit status, as of quern run.
Result<int> close_group(GroupSession& session, const watch::GroupWatch& watch, watch::Ending ending,
                        const Leaves& leaves);

// The error is about a file of this machine: its code is an errno, and not the status of an answer.
bool is_about_this_machine(const Error& error);

// What `task`, which has failed, says of why in the task.json of its latest run; "" where it left none.
std::string cause_of(GroupSession& session, const watch::GroupWatch& watch, const WatchedTask& task);

// The end of a watch that says nothing of the job, which goes on or has completed: says the error, writes it to
// result.json as `stopped`, and returns kStatusUnwatched.
Result<int> close_unwatched(GroupSession& session, const Error& error, const Leaves& leaves);

// Does `work`. If it fails, result.json next to `beside` says so, unless nothing was begun, as the command line or the
// job file is wrong.
Result<int> account_for_failure(GroupSession& session, const std::optional<std::string>& beside,
                                const std::function<Result<int>()>& work);

}  // namespace quern::app
