#include "app/notify/owner_mail.h"

#include <fmt/format.h>

#include <utility>

namespace quern::app {

using event::Level;

OwnerMail::OwnerMail(const Job& job, const EnvironmentLookup& environment, const Say& say) : job_(job) {
  if (job.notify.via == NotifyVia::kNone) return;
  auto way = make_mail_way(job.notify.via, job.owner, environment);
  if (way.ok()) {
    way_ = std::move(way).value();
    return;
  }
  // A job that is made for Taskcluster is often tried on a machine outside of it.
  const char* root_url = environment("TASKCLUSTER_ROOT_URL");
  const bool is_elsewhere = job.notify.via == NotifyVia::kTaskcluster && (root_url == nullptr || *root_url == '\0');
  say(is_elsewhere ? Level::kInfo : Level::kWarning,
      fmt::format("{} will get no mail about this job, as notify.via is {}: {}", job.owner, name_of(job.notify.via),
                  way.error().message));
}

void OwnerMail::send(const NoticeFacts& facts, int signal, const std::stop_token& stop, const Say& say) {
  if (way_ == nullptr || !is_mail_wanted(job_.notify, facts.accounting.outcome, signal)) return;
  auto sent = way_->send(compose_notice(facts), stop);
  if (!sent.ok()) {
    return say(Level::kWarning, fmt::format("the mail to {} was not sent by {}: {}", facts.owner,
                                            name_of(job_.notify.via), sent.error().message));
  }
  if (sent.value() == MailWay::End::kDropped) {
    return say(Level::kWarning,
               fmt::format("Taskcluster dropped the mail to {}: it had the same one lately, or too many "
                           "for this address",
                           facts.owner));
  }
  say(Level::kInfo, fmt::format("sent a mail to {} by {}", facts.owner, name_of(job_.notify.via)));
}

}  // namespace quern::app
