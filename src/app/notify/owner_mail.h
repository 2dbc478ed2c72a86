#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "app/notify/notice.h"
#include "base/environment.h"
#include "base/result.h"
#include "model/event.h"
#include "model/job.h"
#include "model/limits.h"
#include "services/mail/mail.h"

namespace quern::app {

// Passes the message to `program -t -i`, which is the interface of sendmail and its replacements: the recipient is
// taken from the To header. The program gets quern's environment without its secrets, and a process group of its own,
// which is killed if it takes longer than `patience` or a stop is requested; background processes that it leaves when
// it ends continue. Blocks. Errors name the program and the last line of its output: kBadConfig if it does not start,
// kRetry or kBadInput if it fails, kStopped.
Result<void> run_sendmail(const std::string& program, std::string_view message, const std::stop_token& stop,
                          std::chrono::milliseconds patience = limits::kSendmailTimeout);

// One method of sending mail. Not thread-safe.
class MailWay {
 public:
  virtual ~MailWay() = default;
  enum class End {
    kTaken,    // accepted by the next server; whether it arrives is not known
    kDropped,  // by Taskcluster, which had the same mail recently or too many for this address
  };
  // Blocks, for a minute or two if there is no answer. Errors name the method, and never a password.
  virtual Result<End> send(const mail::Mail& mail, const std::stop_token& stop) = 0;
};

// Returns "smtp", "sendmail", "taskcluster" or "none".
std::string_view name_of(NotifyVia via);

// `via` must not be kNone. smtp: uses the server of SMTP_URL. sendmail: runs the program SENDMAIL, or
// /usr/sbin/sendmail. taskcluster: uses the service of TASKCLUSTER_ROOT_URL, in a task through its proxy. The sender is
// QUERN_MAIL_FROM; otherwise, for smtp, the user of SMTP_URL if that is an address, or else `owner`; for sendmail, the
// program's default. Fails with kBadConfig, naming the variable, if something required is missing. Does not use the
// network.
Result<std::unique_ptr<MailWay>> make_mail_way(NotifyVia via, const std::string& owner,
                                               const EnvironmentLookup& environment);

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
