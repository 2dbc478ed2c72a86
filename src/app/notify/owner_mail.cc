#include "app/notify/owner_mail.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

#include "base/environment.h"
#include "model/limits.h"
#include "services/mail/smtp.h"
#include "services/process/child.h"
#include "services/process/interpreter.h"
#include "services/taskcluster/api.h"
#include "services/taskcluster/names.h"
#include "services/taskcluster/services.h"

namespace quern::app {
namespace {

// How much of the program's output goes into a mail.
constexpr std::size_t kKeptSendmailBytes = 4 * limits::kKiB;

using Clock = std::chrono::steady_clock;

// EX_TEMPFAIL of sysexits.h.
constexpr int kTemporaryFailure = 75;

// Passes the message on, and returns whether the program has read all of it, after its end.
Result<bool> wait_for_end(process::Child& child, Clock::time_point deadline, const std::stop_token& stop) {
  Buffer output;
  bool took_all = true;
  while (true) {
    TRY_ASSIGN(process::Activity seen, child.wait(output, limits::kPipeBytes, -1, deadline, stop));
    took_all = took_all && !seen.input_closed;
    if (seen.exited) return took_all;
    const bool is_late = Clock::now() >= deadline;
    // Immediately, without the time that the destructor grants.
    if (seen.stopped || is_late) child.kill();
    if (seen.stopped) return stopped();
    if (is_late) return Error{.kind = ErrorKind::kRetry, .message = "it does not come to an end"};
  }
}

// Returns the last line that is not blank; of a long one, its end.
std::string last_line(const std::vector<std::string>& lines) {
  for (auto line = lines.rbegin(); line != lines.rend(); ++line) {
    const std::string text = line->substr(0, line->find_last_not_of("\r ") + 1);
    if (!text.empty()) return text.substr(text.size() - std::min(text.size(), kKeptSendmailBytes));
  }
  return "";
}

}  // namespace

Result<void> run_sendmail(const std::string& program, std::string_view message, const std::stop_token& stop,
                          std::chrono::milliseconds patience) {
  auto started = process::Child::start_unguarded(
      {.command = {program, "-t", "-i"}, .environment = process::child_environment({}, {}), .logs_output = true});
  if (!started.ok()) return bad_config(started.error().message);
  process::Child& child = *started.value();
  child.send(message);
  child.end_input();
  TRY_ASSIGN(const bool took_all, wait_for_end(child, Clock::now() + patience, stop).context(program));
  const process::Exit exit = *child.exit();
  const bool is_good = exit.status == 0 && exit.signal == 0;
  if (is_good && took_all) return {};
  if (is_good) return bad_input(program + " ended before it had read the whole mail");
  std::string why = fmt::format("{} failed: {}", program, exit.in_words());
  if (std::string said = last_line(child.last_log_lines()); !said.empty()) why += ": " + said;
  return Error{.kind = exit.status == kTemporaryFailure ? ErrorKind::kRetry : ErrorKind::kBadInput,
               .message = std::move(why)};
}

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

namespace {

constexpr const char* kUsualSendmail = "/usr/sbin/sendmail";

Result<std::string> make_message(const mail::Mail& mail, const std::string& from) {
  mail::Stamp stamp{.from = from, .date = std::chrono::system_clock::now(), .host = host_name()};
  return mail::make_message(mail, stamp, taskcluster::system_random);
}

class SmtpWay final : public MailWay {
 public:
  SmtpWay(mail::SmtpServer server, std::string from) : server_(std::move(server)), from_(std::move(from)) {}

  Result<End> send(const mail::Mail& mail, const std::stop_token& stop) override {
    TRY_ASSIGN(std::string message, make_message(mail, from_));
    TRY(mail::send_by_smtp(server_, {.from = from_, .to = mail.to}, message, stop));
    return End::kTaken;
  }

 private:
  const mail::SmtpServer server_;
  const std::string from_;
};

class SendmailWay final : public MailWay {
 public:
  SendmailWay(std::string program, std::string from) : program_(std::move(program)), from_(std::move(from)) {}

  Result<End> send(const mail::Mail& mail, const std::stop_token& stop) override {
    TRY_ASSIGN(std::string message, make_message(mail, from_));
    TRY(run_sendmail(program_, message, stop));
    return End::kTaken;
  }

 private:
  const std::string program_;
  const std::string from_;
};

class TaskclusterWay final : public MailWay {
 public:
  explicit TaskclusterWay(taskcluster::Access access) : access_(std::move(access)) {}

  Result<End> send(const mail::Mail& mail, const std::stop_token& stop) override {
    http::ClientOptions options = taskcluster::client_options(access_);
    // A proxy retries for a quarter of an hour if a service does not answer; a mail is not worth that.
    options.timeouts.stall = limits::kMailTimeout;
    options.timeouts.total = limits::kMailTimeout;
    options.retry.attempts = limits::kMailAttempts;
    options.retry.patience = {};
    TRY_ASSIGN(auto client, http::make_client(options));
    taskcluster::Api api(access_, *client, std::chrono::system_clock::now, taskcluster::system_random);
    taskcluster::Mail question{.address = mail.to, .subject = mail.subject, .content = mail.text};
    if (mail.link.has_value()) question.link = {.text = mail.link->text, .url = mail.link->url};
    TRY_ASSIGN(auto outcome, taskcluster::send_mail(api, question, stop));
    return outcome == taskcluster::MailOutcome::kTaken ? End::kTaken : End::kDropped;
  }

 private:
  const taskcluster::Access access_;
};

// Returns "" if no sender is named.
Result<std::string> named_sender(const EnvironmentLookup& environment) {
  std::string from(variable_value(environment, "QUERN_MAIL_FROM"));
  if (!from.empty()) TRY(mail::check_address(from).context("QUERN_MAIL_FROM"));
  return from;
}

Result<std::unique_ptr<MailWay>> make_smtp_way(const std::string& owner, const EnvironmentLookup& environment) {
  std::string url(variable_value(environment, "SMTP_URL"));
  if (url.empty()) {
    return bad_config("SMTP_URL is not set, which names the mail server, as in smtp://USER:PASSWORD@HOST:587");
  }
  auto server = mail::parse_smtp_url(url).context("SMTP_URL");
  Secret::wipe(url);
  if (!server.ok()) return std::move(server).error();
  TRY_ASSIGN(std::string from, named_sender(environment));
  if (from.empty()) {
    const std::string& user = server.value().user;
    const bool is_address = user.find('@') != std::string::npos && mail::check_address(user).ok();
    from = is_address ? user : owner;
  }
  return std::unique_ptr<MailWay>(std::make_unique<SmtpWay>(std::move(server).value(), std::move(from)));
}

Result<std::unique_ptr<MailWay>> make_sendmail_way(const EnvironmentLookup& environment) {
  std::string program(variable_value(environment, "SENDMAIL"));
  const bool is_named = !program.empty();
  if (!is_named) program = kUsualSendmail;
  if (!program.starts_with('/')) return bad_config("SENDMAIL must be the absolute path of a program, without options");
  if (::access(program.c_str(), X_OK) != 0) {
    return bad_config(is_named ? fmt::format("SENDMAIL names {}, which is not a program that can be started", program)
                               : fmt::format("there is no {}; SENDMAIL names another program", program));
  }
  TRY_ASSIGN(std::string from, named_sender(environment));
  return std::unique_ptr<MailWay>(std::make_unique<SendmailWay>(std::move(program), std::move(from)));
}

}  // namespace

std::string_view name_of(NotifyVia via) {
  switch (via) {
    case NotifyVia::kNone:
      return "none";
    case NotifyVia::kTaskcluster:
      return "taskcluster";
    case NotifyVia::kSmtp:
      return "smtp";
    case NotifyVia::kSendmail:
      return "sendmail";
  }
  return "";
}

Result<std::unique_ptr<MailWay>> make_mail_way(NotifyVia via, const std::string& owner,
                                               const EnvironmentLookup& environment) {
  CHECK(via != NotifyVia::kNone);
  if (via == NotifyVia::kSmtp) return make_smtp_way(owner, environment);
  if (via == NotifyVia::kSendmail) return make_sendmail_way(environment);
  TRY_ASSIGN(auto access, taskcluster::access_of(environment));
  return std::unique_ptr<MailWay>(std::make_unique<TaskclusterWay>(std::move(access)));
}

}  // namespace quern::app
