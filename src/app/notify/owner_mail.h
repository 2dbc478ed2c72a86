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

// Tells the owner of a job how it ended, if the job asks for that. Whatever goes wrong with it is said and has no other
// consequence. Belongs to one thread.
class OwnerMail {
 public:
  using Say = std::function<void(event::Level level, const std::string& text)>;

  // Says at once if the owner cannot be told from here. The job is borrowed.
  OwnerMail(const Job& job, const EnvironmentLookup& environment, const Say& say);

  // `signal` is what stopped the job, or 0. Blocks until the mail is on its way, or it is clear that it is not.
  void send(const NoticeFacts& facts, int signal, const std::stop_token& stop, const Say& say);

 private:
  const Job& job_;
  std::unique_ptr<MailWay> way_;  // null: none
};

}  // namespace quern::app
