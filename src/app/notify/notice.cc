#include "app/notify/notice.h"

#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <cstddef>

#include "base/bytes.h"
#include "base/shown_url.h"
#include "base/utf8.h"
#include "model/limits.h"
#include "views/terminal/accounting_text.h"
#include "views/terminal/terminal_text.h"

namespace quern::app {
namespace {

// How much of a failure's explanation goes into a mail.
constexpr std::size_t kMailedDetailsBytes = 16 * limits::kKiB;

// The most columns of a job's name in a subject, which mail programs cut anyway.
constexpr std::size_t kNameColumns = 100;

bool is_done(Outcome outcome) { return outcome == Outcome::kDone || outcome == Outcome::kDoneWithLosses; }

std::string in_words(Outcome outcome) {
  switch (outcome) {
    case Outcome::kDone:
      return "is done";
    case Outcome::kDoneWithLosses:
      return "is done, with losses within its limits";
    case Outcome::kFailed:
      return "failed";
    case Outcome::kStopped:
      return "was stopped";
  }
  return "";
}

// Markdown shows text between back-quotes literally.
std::string as_code(std::string_view text) {
  std::string code = view::clean(text);
  std::replace(code.begin(), code.end(), '`', '\'');
  return "`" + code + "`";
}

// Markdown shows lines literally that follow an empty line and are indented by four.
void add_block(std::string& text, std::string_view lines) {
  text += '\n';
  while (!lines.empty()) {
    const std::size_t end = lines.find('\n');
    const std::string line = view::clean(lines.substr(0, end));
    text += line.empty() ? "\n" : "    " + line + "\n";
    lines.remove_prefix(end == std::string_view::npos ? lines.size() : end + 1);
  }
}

std::string why(const NoticeFacts& facts) {
  std::string lines = without_passwords(facts.accounting.failure) + "\n";
  if (!facts.details.empty()) {
    lines.append("\n").append(utf8::cut(facts.details, kMailedDetailsBytes)).append("\n");
  }
  return lines;
}

}  // namespace

bool is_mail_wanted(const Notify& notify, Outcome outcome, int signal) {
  if (notify.via == NotifyVia::kNone) return false;
  if (is_done(outcome)) return notify.on_completed;
  return notify.on_failed && !(outcome == Outcome::kStopped && signal == SIGINT);
}

mail::Mail compose_notice(const NoticeFacts& facts) {
  const Accounting& accounting = facts.accounting;
  mail::Mail mail{
      .to = facts.owner,
      .subject = fmt::format("{} {}", view::fit(view::clean(facts.job), kNameColumns), in_words(accounting.outcome)),
      .text = fmt::format("The job {} of {} {}.\n", as_code(facts.job), as_code(facts.owner),
                          in_words(accounting.outcome))};
  if (!is_done(accounting.outcome)) add_block(mail.text, why(facts));
  if (!facts.place.empty()) {
    mail.text += fmt::format("\nThe result ({}):\n", format_bytes(accounting.result_bytes));
    add_block(mail.text, facts.place);
  }
  if (!facts.link.url.empty() && facts.link.url.size() <= limits::kMaxMailLinkUrl) {
    mail.link = facts.link;
  } else if (!facts.link.url.empty()) {
    // The service of Taskcluster does not accept this link.
    add_block(mail.text, facts.link.text + ": " + facts.link.url);
  }
  Accounting without_result = accounting;
  without_result.result.clear();
  add_block(mail.text, view::accounting_text(without_result, {}));
  // The service of Taskcluster accepts no more, and a person would not read it.
  mail.text = utf8::cut(mail.text, limits::kMaxMailContent);
  return mail;
}

}  // namespace quern::app
