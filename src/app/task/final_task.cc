#include "app/task/final_task.h"

#include <fmt/format.h>

#include <cstdlib>

#include "app/notify/notice.h"
#include "app/notify/owner_mail.h"

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

}  // namespace quern::app
