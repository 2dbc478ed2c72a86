#include <fmt/format.h>

#include <chrono>
#include <utility>

#include "model/limits.h"
#include "services/taskcluster/services.h"
#include "stages/submit/submit.h"

namespace quern::submit {

Result<void> check_access(taskcluster::Api& api, const std::stop_token& stop) {
  if (!api.access().credentials.has_value() && !api.access().is_proxy) {
    return Error{.kind = ErrorKind::kDenied,
                 .message =
                     "nobody may create tasks without credentials: set TASKCLUSTER_CLIENT_ID and "
                     "TASKCLUSTER_ACCESS_TOKEN, and TASKCLUSTER_CERTIFICATE for temporary ones"};
  }
  TRY_ASSIGN(auto difference, taskcluster::clock_difference(api, stop));
  // A deployment that does not tell its time refuses tasks itself, and says why.
  if (!difference.has_value() || std::chrono::abs(*difference) <= limits::kMaxClockDifference) return {};
  return Error{.kind = ErrorKind::kDenied,
               .message = fmt::format("the clock of this machine is {} {} that of {}, which would refuse the tasks; "
                                      "set it right",
                                      rough_duration(*difference), difference->count() > 0 ? "behind" : "ahead of",
                                      api.access().root_url)};
}

Result<HeldScopes> held_scopes(taskcluster::Api& api, const std::stop_token& stop) {
  auto scopes = taskcluster::current_scopes(api, stop);
  if (scopes.ok()) return HeldScopes{.scopes = std::move(scopes).value()};
  constexpr int kForbidden = 403;
  if (scopes.error().code != kForbidden) return std::move(scopes).error();
  return HeldScopes{.scopes = std::nullopt, .why = std::move(scopes).error().message};
}

Error lacks_scopes(const std::vector<std::string>& missing) {
  return Error{.kind = ErrorKind::kDenied,
               .message = fmt::format("these credentials lack {} that the tasks need, so none was created; ask the "
                                      "administrators of the deployment for:",
                                      missing.size() == 1 ? "a scope" : fmt::format("{} scopes", missing.size())),
               .details = fmt::format("{}", fmt::join(missing, "\n"))};
}

}  // namespace quern::submit
