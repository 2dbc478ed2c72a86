#include "services/taskcluster/api.h"

#include <chrono>
#include <cstddef>
#include <utility>

#include "base/encoding.h"
#include "model/limits.h"
#include "services/taskcluster/answers.h"
#include "services/taskcluster/hawk.h"
#include "services/taskcluster/names.h"

namespace quern::taskcluster {
namespace {

// How Taskcluster's own clients repeat attempts. A task's proxy repeats them itself, for up to a quarter of an hour.
constexpr std::size_t kTaskclusterAttempts = 6;
constexpr std::chrono::milliseconds kTaskclusterFirstWait{200};
constexpr std::chrono::milliseconds kTaskclusterLongestWait{30000};
constexpr std::size_t kTaskclusterProxyAttempts = 2;

// Returns one line for people, without the end of the message, which repeats the request, and without Markdown's code
// block marks.
std::string presentable(std::string_view text) {
  text = text.substr(0, text.find("\n---\n"));
  // The rest contains the whole expression, which repeats the missing scopes.
  text = text.substr(0, text.find("\nThis request requires"));
  std::string line;
  for (char c : text) {
    if (c == '`') continue;
    bool is_blank = static_cast<unsigned char>(c) <= ' ' || c == '\x7f';
    if (is_blank && (line.empty() || line.ends_with(' '))) continue;
    if (line.size() == limits::kMaxErrorTextBytes) return line + "...";
    line += is_blank ? ' ' : c;
  }
  while (line.ends_with(' ') || line.ends_with('.')) line.pop_back();
  return line;
}

ErrorKind kind_of(int status, bool is_taskclusters) {
  if (!is_taskclusters) return ErrorKind::kRetry;
  if (status == 401 || status == 403) return ErrorKind::kDenied;
  if (status == 404 || status == 410) return ErrorKind::kNotFound;
  return status == 408 || status == 429 || status >= 500 ? ErrorKind::kRetry : ErrorKind::kBadInput;
}

std::string advice_on_clock(const http::Head& head, UtcTime now) {
  auto date = head.header("date");
  auto theirs = date.has_value() ? http::parse_http_date(*date) : std::nullopt;
  if (!theirs.has_value()) return "set the clock of this machine right";
  auto difference = std::chrono::duration_cast<std::chrono::seconds>(*theirs - now);
  return "the clock of this machine is " + rough_duration(difference) +
         (difference.count() > 0 ? " behind" : " ahead of") + " the deployment's; set it right";
}

std::string advice(const http::Head& head, const RefusalBody& body, UtcTime now, bool is_in_task) {
  if (head.status == 401 && body.message.find("Stale timestamp") != std::string::npos)
    return advice_on_clock(head, now);
  if (head.status == 401) return "check TASKCLUSTER_CLIENT_ID, TASKCLUSTER_ACCESS_TOKEN and TASKCLUSTER_CERTIFICATE";
  if (head.status == 403 && is_in_task) {
    return "a task has the scopes that its job says: add these scopes to taskcluster.scopes of the job, and submit it "
           "again with credentials that hold them";
  }
  if (head.status == 403) return "ask the administrators of the deployment for these scopes, or use other credentials";
  return "";
}

}  // namespace

http::ClientOptions client_options(const Access& access) {
  http::ClientOptions options;
  options.retry = {.attempts = kTaskclusterAttempts,
                   .patience = access.patience,
                   .errors_are_trouble = true,
                   .first_wait = kTaskclusterFirstWait,
                   .longest_wait = kTaskclusterLongestWait};
  if (access.is_proxy) {
    options.retry.attempts = kTaskclusterProxyAttempts;
    options.timeouts.stall = limits::kTaskclusterProxyPatience;
    // The proxy is on this machine.
    options.uses_proxies = false;
  }
  return options;
}

Error explain_refusal(const http::Response& response, UtcTime now, bool is_in_task) {
  const http::Head& head = response.head;
  RefusalBody body = parse_refusal(response.body);
  std::string message = "HTTP status " + std::to_string(head.status);
  if (!body.code.empty()) message += ", " + presentable(body.code);
  if (!body.message.empty()) message += ": " + presentable(body.message);
  const bool is_taskclusters = !body.code.empty() || !body.message.empty();
  if (!is_taskclusters) message += ", and the answer does not come from Taskcluster";
  if (auto id = head.header("x-for-request-id")) message += " (request id " + presentable(*id) + ")";
  if (std::string what_to_do = advice(head, body, now, is_in_task); !what_to_do.empty()) message += "; " + what_to_do;
  return Error{.kind = kind_of(head.status, is_taskclusters), .message = std::move(message), .code = head.status};
}

Api::Api(const Access& access, http::Client& client, Clock now, Random random)
    : access_(access),
      client_(client),
      now_(std::move(now)),
      random_(std::move(random)),
      signer_(access.credentials.has_value() ? make_signer(*access.credentials, now_, random_) : nullptr) {}

Result<std::string> Api::ask(const Question& question, const std::stop_token& stop) {
  return send(access_.api_root_url, signer_.get(), question, stop);
}

Result<std::string> Api::ask_as(const Credentials& credentials, const Question& question, const std::stop_token& stop) {
  auto signer = make_signer(credentials, now_, random_);
  return send(access_.root_url, signer.get(), question, stop);
}

Result<http::Request> Api::request_for(const std::string& root, const Question& question) {
  http::Request request{
      .method = question.method, .url = api_url(root, question.service, question.path), .keeps_refusals = true};
  if (!question.body.has_value()) return request;
  // Taskcluster would answer with an error that suggests another attempt.
  if (question.body->size() > limits::kMaxTaskclusterBodyBytes) {
    return bad_input(question.name + ": the request has " + std::to_string(question.body->size()) +
                     " bytes, and Taskcluster takes " + std::to_string(limits::kMaxTaskclusterBodyBytes));
  }
  request.headers.push_back({.name = "Content-Type", .value = "application/json"});
  request.body = *question.body;
  return request;
}

Result<std::string> Api::read(const std::string& root, const Question& question, http::Response response) const {
  if (response.head.status < 300) return std::move(response.body);
  return explain_refusal(response, now_(), access_.is_proxy).with_context(question.name + " at " + root);
}

Result<std::string> Api::send(const std::string& root, http::Signer* signer, const Question& question,
                              const std::stop_token& stop) {
  TRY_ASSIGN(http::Request request, request_for(root, question));
  auto response = client_.call(request, signer, stop).context(question.name);
  if (!response.ok()) return std::move(response).error();
  return read(root, question, std::move(response).value());
}

Result<void> ask_for_pages(Api& api, Question question,
                           const std::function<Result<std::string>(std::string_view)>& read,
                           const std::stop_token& stop) {
  const std::string path = question.path;
  std::string token;
  for (std::size_t page = 0; page < limits::kMaxTaskclusterPages; ++page) {
    const char* mark = path.find('?') == std::string::npos ? "?" : "&";
    if (!token.empty()) question.path = path + mark + "continuationToken=" + percent_encode(token);
    TRY_ASSIGN(std::string body, api.ask(question, stop));
    TRY_ASSIGN(std::string next, read(body).context(question.name));
    if (next.empty()) return {};
    // Otherwise the same page would be requested forever.
    if (next == token) break;
    token = std::move(next);
  }
  return bad_input(question.name + ": the pages of the list do not come to an end");
}

}  // namespace quern::taskcluster
