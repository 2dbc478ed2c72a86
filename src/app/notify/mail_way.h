#pragma once

#include <memory>
#include <stop_token>
#include <string>

#include "base/environment.h"
#include "base/result.h"
#include "model/job.h"
#include "services/mail/mail.h"

namespace quern::app {

// One of the ways in which a mail goes out. Belongs to one thread.
class MailWay {
 public:
  virtual ~MailWay() = default;
  enum class End {
    kTaken,    // by the next one on the way; whether it arrives is not known
    kDropped,  // by Taskcluster, which had the same mail lately or too many for this address
  };
  // Blocks, for a minute or two where nobody answers. Errors name the way and never a password.
  virtual Result<End> send(const mail::Mail& mail, const std::stop_token& stop) = 0;
};

// This machine's name; "" if it has none.
std::string host_name();

// "smtp", "sendmail", "taskcluster"; "none".
std::string_view name_of(NotifyVia via);

// `via` is not kNone. smtp: through the server of SMTP_URL. sendmail: by the program SENDMAIL, or /usr/sbin/sendmail.
// taskcluster: by the service of TASKCLUSTER_ROOT_URL, in a task through its proxy. The sender is QUERN_MAIL_FROM; else
// for smtp the user of SMTP_URL where that is an address, or `owner`, and for sendmail whom that program takes.
// kBadConfig, naming the variable: what the way needs is not there. Touches no network.
Result<std::unique_ptr<MailWay>> make_mail_way(NotifyVia via, const std::string& owner,
                                               const EnvironmentLookup& environment);

}  // namespace quern::app
