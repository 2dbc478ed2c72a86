#include "app/task/final_task.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "app/notify/notice.h"
#include "app/notify/owner_mail.h"
#include "model/taskcluster/task_report.h"

namespace quern::app {
namespace {

// Only these artifacts can be read by anyone who has their address.
bool is_public(std::string_view artifact) { return artifact.starts_with("public/"); }

NoticeFacts facts_of(const FinalOutcome& outcome) {
  NoticeFacts facts{.owner = outcome.job.owner, .job = outcome.job_name, .accounting = outcome.accounting};
  if (outcome.failure != nullptr) facts.details = outcome.failure->details;
  if (is_public(outcome.result) && !outcome.result_url.empty()) {
    facts.link = {.text = "Result", .url = outcome.result_url};
    return facts;
  }
  if (!outcome.result.empty()) facts.place = outcome.result + ", a private artifact of the task";
  facts.link = {.text = "Task", .url = outcome.task_url};
  return facts;
}

}  // namespace

void tell_owner(const FinalOutcome& outcome, EventSink& events, const std::stop_token& stop) {
  auto say = [&](event::Level level, const std::string& text) { events.emit(event::Note{level, text}); };
  OwnerMail mail(outcome.job, std::getenv, say);  // NOLINT(concurrency-mt-unsafe): nothing here calls setenv
  mail.send(facts_of(outcome), 0, stop, say);
}

namespace {

// Levels of merges. A plan has far fewer, but the tasks of a group that another program made may form a cycle.
constexpr int kMostLevels = 32;

// A map may depend on a task outside of the job, such as the one that builds its image.
bool needs_tasks_of_the_job(const taskcluster::TaskDefinition& definition) {
  auto tag = definition.tags.find("quern-kind");
  if (tag == definition.tags.end()) return false;
  const auto kind = task_kind_of(tag->second);
  return kind.has_value() && *kind != TaskKind::kMap;
}

}  // namespace

std::optional<UtcTime> begin_of_job(TaskPeer& peer, std::vector<std::string> task_ids, const std::stop_token& stop) {
  std::optional<UtcTime> begin;
  for (int level = 0; level < kMostLevels && !task_ids.empty(); ++level) {
    auto statuses = peer.queue().statuses(task_ids, stop);
    if (!statuses.ok()) return begin;
    for (const taskcluster::TaskStatus& status : statuses.value()) {
      if (status.runs.empty() || !status.runs.front().scheduled.has_value()) continue;
      begin = std::min(begin.value_or(*status.runs.front().scheduled), *status.runs.front().scheduled);
    }
    auto first = peer.queue().task(task_ids.front(), stop);
    if (!first.ok() || !needs_tasks_of_the_job(first.value())) return begin;
    task_ids = std::move(first.value().dependencies);
  }
  return begin;
}

}  // namespace quern::app
