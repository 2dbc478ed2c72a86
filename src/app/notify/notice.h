#pragma once

#include <string>

#include "model/accounting.h"
#include "model/job.h"
#include "services/mail/mail.h"

namespace quern::app {

// How a job ended, for its owner. Everything is borrowed.
struct NoticeFacts {
  const std::string& owner;
  const std::string& job;  // its name
  const Accounting& accounting;
  std::string details = {};    // further lines about the failure, as in Error::details
  std::string place = {};      // where a person finds the result: "/data/result.txt on example"; "" if nowhere
  mail::Mail::Link link = {};  // a page about it; without a URL there is none
};

// Whether the job asks for a mail about such an end. A user who pressed Ctrl-C (`signal` is SIGINT) knows about it; if
// anything else stops a job, that counts as a failure.
bool is_mail_wanted(const Notify& notify, Outcome outcome, int signal);

// Returns the mail about the job: its outcome, why it failed, where the result is, its accounting. Text from other
// sources (names, messages of modules) cannot become a header, nor markup or a link if Markdown is rendered. Pure
// function.
mail::Mail compose_notice(const NoticeFacts& facts);

}  // namespace quern::app
