#include <fmt/format.h>

#include <chrono>
#include <deque>
#include <utility>
#include <vector>

#include "app/group/submit.h"
#include "model/limits.h"
#include "services/taskcluster/answers.h"
#include "services/taskcluster/names.h"
#include "services/taskcluster/queue.h"
#include "services/taskcluster/request_batch.h"
#include "services/taskcluster/services.h"

namespace quern::submit {
namespace {

// Creates tasks, each after all that it depends on. run() may be called only once.
class Creator {
 public:
  Creator(taskcluster::Api& api, const Plan& plan, const std::vector<bool>& is_there);
  // `on_created` is called for each task. An error explains what was refused, but not which tasks now exist.
  Result<void> run(const std::function<void(std::size_t)>& on_created, const std::stop_token& stop);

  // To be called after an error: sends no more requests, and waits for those under way, so that none arrives after a
  // cancellation.
  void take_what_is_open(const std::stop_token& stop);

  std::size_t created() const { return created_; }  // by run()
  std::size_t found() const { return found_; }
  std::size_t in_doubt() const { return in_doubt_; }  // requested, but not answered at the end

 private:
  void settle(std::size_t task);
  Error doubted(Error error, std::size_t task);
  void ask_for_what_is_ready();

  taskcluster::Api& api_;
  const Plan& plan_;
  taskcluster::Batch batch_;
  std::vector<std::size_t> missing_needs_;            // of each task: how many needed tasks do not exist yet
  std::vector<std::vector<std::size_t>> dependents_;  // of each task
  std::deque<std::size_t> ready_;
  std::vector<UtcTime> asked_;  // of each task: when it was first requested, which is its time of creation
  std::size_t found_ = 0;
  std::size_t created_ = 0;
  std::size_t in_doubt_ = 0;
};

Creator::Creator(taskcluster::Api& api, const Plan& plan, const std::vector<bool>& is_there)
    : api_(api),
      plan_(plan),
      batch_(api),
      missing_needs_(plan.tasks.size()),
      dependents_(plan.tasks.size()),
      asked_(plan.tasks.size()) {
  for (std::size_t task = 0; task < plan.tasks.size(); ++task) {
    if (is_there[task]) {
      ++found_;
      continue;
    }
    for (std::size_t need : plan.tasks[task].needs) {
      CHECK(need < task);
      if (is_there[need]) continue;
      ++missing_needs_[task];
      dependents_[need].push_back(task);
    }
    if (missing_needs_[task] == 0) ready_.push_back(task);
  }
}

void Creator::settle(std::size_t task) {
  ++created_;
  for (std::size_t dependent : dependents_[task]) {
    if (--missing_needs_[dependent] == 0) ready_.push_back(dependent);
  }
}

void Creator::ask_for_what_is_ready() {
  while (!ready_.empty() && batch_.has_room()) {
    std::size_t task = ready_.front();
    ready_.pop_front();
    asked_[task] = api_.now();
    batch_.ask(task, taskcluster::create_task_question(plan_.tasks[task].id, plan_.definition(task, asked_[task])));
  }
}

Result<void> Creator::run(const std::function<void(std::size_t)>& on_created, const std::stop_token& stop) {
  on_created(found_);
  while (found_ + created_ < plan_.tasks.size()) {
    ask_for_what_is_ready();
    auto answer = batch_.next(stop);
    in_doubt_ = batch_.open();
    if (!answer.ok()) return std::move(answer).error();
    const std::string context = "creating " + plan_.tasks[answer.value().number].label;
    auto created = std::move(answer.value().body).context(context);
    if (!created.ok()) return doubted(std::move(created).error(), answer.value().number);
    settle(answer.value().number);
    on_created(found_ + created_);
  }
  return {};
}

// A task whose request was not answered may have been created all the same.
Error Creator::doubted(Error error, std::size_t task) {
  // If this machine slept in the meantime, it is the time that is refused, not the task.
  if (api_.now() - asked_[task] > limits::kMostTaskclusterPatience) error.kind = ErrorKind::kRetry;
  if (error.kind == ErrorKind::kRetry) ++in_doubt_;
  return error;
}

void Creator::take_what_is_open(const std::stop_token& stop) {
  std::size_t unanswered = 0;
  while (batch_.open() > 0) {
    auto answer = batch_.next(stop);
    if (!answer.ok()) break;
    if (answer.value().body.ok()) {
      ++created_;
    } else if (answer.value().body.error().kind == ErrorKind::kRetry) {
      ++unanswered;
    }
  }
  in_doubt_ = batch_.open() + unanswered;
}

std::string how_many(const Creator& creator, const Plan& plan) {
  std::string doubt = creator.in_doubt() == 0 ? "" : fmt::format(", and perhaps {} more", creator.in_doubt());
  return fmt::format("{} of {} tasks are created{}", creator.found() + creator.created(), plan.tasks.size(), doubt);
}

std::string ways_on(const std::string& group_id) {
  return fmt::format(
      "to create the others, with the same job, inputs and settings:  quern submit --group {}\n"
      "to cancel those that are there:  quern cancel {}",
      group_id, group_id);
}

Error stopped(const Creator& creator, const Plan& plan) {
  return Error{.kind = ErrorKind::kStopped,
               .message = fmt::format("stopped: {}", how_many(creator, plan)),
               .details = ways_on(plan.group_id)};
}

// Whether the deployment has examined a task and rejected it, so that another attempt would fail too. A deployment that
// is busy or away has not refused anything.
bool is_refusal(const Error& error) { return error.kind != ErrorKind::kRetry && error.code >= 400 && error.code < 500; }

// Cancels a group that cannot be completed, so that none of its tasks runs in vain. Returns a description of what it
// did.
std::string end_group(taskcluster::Api& api, const Creator& creator, const Plan& plan, const std::stop_token& stop) {
  if (creator.created() + creator.found() + creator.in_doubt() == 0) return "no task was created";
  if (creator.created() + creator.in_doubt() == 0) {
    return fmt::format("{}, all of them before; the task group was left as it was\n{}", how_many(creator, plan),
                       ways_on(plan.group_id));
  }
  auto cancelled = cancel_group(api, plan.group_id, stop);
  if (cancelled.ok()) {
    return fmt::format("{} of {} tasks had been created; the task group {} was sealed and {} of its tasks cancelled",
                       creator.found() + creator.created(), plan.tasks.size(), plan.group_id,
                       cancelled.value().cancelled_count);
  }
  const std::string& is_sealed = cancelled.error().details;
  return fmt::format("{}, and the task group could not be cancelled: {}\n{}\n{}", how_many(creator, plan),
                     cancelled.error().message, is_sealed.empty() ? ways_on(plan.group_id) : is_sealed,
                     taskcluster::group_page(api.access().root_url, plan.group_id));
}

}  // namespace

Result<void> create_tasks(taskcluster::Api& api, const Plan& plan, const std::vector<bool>& is_there,
                          const std::function<void(std::size_t)>& on_created, const std::stop_token& stop) {
  CHECK(is_there.size() == plan.tasks.size());
  Creator creator(api, plan, is_there);
  auto created = creator.run(on_created, stop);
  if (created.ok()) return {};
  if (created.error().kind == ErrorKind::kStopped) return stopped(creator, plan);
  Error error = std::move(created).error();
  if (!is_refusal(error)) {
    error.details =
        fmt::format("{}; the task group is left as it is\n{}", how_many(creator, plan), ways_on(plan.group_id));
    return error;
  }
  creator.take_what_is_open(stop);
  error.details = end_group(api, creator, plan, stop);
  return error;
}

Result<taskcluster::GroupCancellation> cancel_group(taskcluster::Api& api, const std::string& group_id,
                                                    const std::stop_token& stop) {
  taskcluster::Queue queue(api);
  TRY(queue.seal_group(group_id, stop));
  auto cancelled = queue.cancel_group(group_id, stop);
  if (cancelled.ok()) return cancelled;
  Error error = std::move(cancelled).error();
  error.details = fmt::format(
      "the task group is sealed, so that no task can be added to it, and its tasks go on; to end them:  quern cancel "
      "{}",
      group_id);
  return error;
}

namespace {

std::string in_words(std::size_t scopes) { return scopes == 1 ? "a scope" : fmt::format("{} scopes", scopes); }

template <typename T>
Result<void> unless_it_is_missing(Result<T> asked) {
  if (asked.ok() || asked.error().kind == ErrorKind::kNotFound) return {};
  return std::move(asked).error().with_context(
      "the tasks could not be watched, so none was created (--no-watch does without)");
}

}  // namespace

Result<void> check_access(taskcluster::Api& api, const std::stop_token& stop) {
  if (!api.access().credentials.has_value() && !api.access().is_proxy) {
    return Error{.kind = ErrorKind::kDenied,
                 .message =
                     "nobody may create tasks without credentials: set TASKCLUSTER_CLIENT_ID and "
                     "TASKCLUSTER_ACCESS_TOKEN, and TASKCLUSTER_CERTIFICATE for temporary ones"};
  }
  TRY_ASSIGN(auto difference, taskcluster::clock_difference(api, stop));
  // A deployment that does not send its time will refuse tasks itself and explain why.
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

Error lacks_scopes(const std::vector<std::string>& for_tasks, const std::vector<std::string>& to_watch) {
  std::string lacking;
  if (!for_tasks.empty()) lacking = in_words(for_tasks.size()) + " that the tasks need";
  if (!to_watch.empty()) {
    lacking += fmt::format("{}{} that watching them and fetching their result needs (--no-watch does without)",
                           lacking.empty() ? "" : ", and ", in_words(to_watch.size()));
  }
  std::vector<std::string> all = for_tasks;
  all.insert(all.end(), to_watch.begin(), to_watch.end());
  return Error{.kind = ErrorKind::kDenied,
               .message = fmt::format("these credentials lack {}, so no task was created; ask the administrators of "
                                      "the deployment for:",
                                      lacking),
               .details = fmt::format("{}", fmt::join(all, "\n"))};
}

Result<void> try_to_watch(taskcluster::Api& api, const WatchedThings& things, const std::stop_token& stop) {
  taskcluster::Queue queue(api);
  auto pass = [](const taskcluster::GroupedTask& /*task*/) { return Result<void>(); };
  TRY(unless_it_is_missing(queue.list_task_group(things.group_id, pass, stop)));
  TRY(unless_it_is_missing(queue.statuses({things.task_id}, stop)));
  return unless_it_is_missing(
      queue.artifact_content({.task_id = things.task_id, .run_id = {}, .name = things.artifact}, stop));
}

}  // namespace quern::submit
