#pragma once

#include <string>

#include "model/accounting.h"
#include "model/job.h"
#include "services/mail/mail.h"

namespace quern::app {

// How a job ended, for its owner. All is borrowed.
struct NoticeFacts {
  const std::string& owner;
  const std::string& job;  // its name
  const Accounting& accounting;
  std::string details = {};    // further lines of why it failed, as Error::details
  std::string place = {};      // where a person finds the result: "/data/result.txt on example"; "" if nowhere
  mail::Mail::Link link = {};  // a page about it; without a URL: none
};

// Whether the job asks for a mail about such an end. Who pressed Ctrl-C (`signal` is SIGINT) knows of it; whatever else
// stops a job is a failure.
bool is_mail_wanted(const Notify& notify, Outcome outcome, int signal);

// The mail about the job: what became of it, why it failed, where the result is, its accounting. What others wrote
// (names, messages of modules) cannot become a header, nor markup or a link where Markdown is shown. Pure.
mail::Mail compose_notice(const NoticeFacts& facts);

}  // namespace quern::app
