#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "app/notify/mail_way.h"
#include "app/notify/notice.h"
#include "model/event.h"

namespace quern::app {

// Notifies the owner of a job how it ended, if the job asks for that. If that fails, the failure is reported and has no
// other effect. Not thread-safe.
class OwnerMail {
 public:
  using Say = std::function<void(event::Level level, const std::string& text)>;

  // Warns immediately if no mail can be sent from this host. The job is borrowed.
  OwnerMail(const Job& job, const EnvironmentLookup& environment, const Say& say);

  // `signal` is the signal that stopped the job, or 0. Blocks until the mail was accepted or has failed.
  void send(const NoticeFacts& facts, int signal, const std::stop_token& stop, const Say& say);

 private:
  const Job& job_;
  std::unique_ptr<MailWay> way_;  // null if no mail can be sent
};

}  // namespace quern::app
