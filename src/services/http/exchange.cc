#include "services/http/exchange.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstddef>
#include <utility>

#include "base/secret.h"
#include "base/text.h"
#include "model/limits.h"
#include "services/http/refusal.h"

namespace quern::http {
namespace {

// How many redirects of one request are followed.
constexpr std::size_t kMaxRedirects = 10;

// Like limits::kRefusalBodyBytes, for callers that want to read refusals.
constexpr std::size_t kKeptRefusalBytes = 1 * limits::kMiB;

// Whether a header is for one origin only, and not for messages: for example Proxy-Authorization, X-Amz-Security-Token
// or X-aws-ec2-metadata-token.
bool is_secret(const Header& header) {
  const std::string name = lower_case(header.name);
  constexpr std::array<std::string_view, 6> kWords = {"authorization", "cookie", "token", "secret", "password", "key"};
  return std::any_of(kWords.begin(), kWords.end(),
                     [&](std::string_view word) { return name.find(word) != std::string::npos; });
}

void hide(std::string_view secret, std::string& text) {
  for (std::size_t at = 0; (at = text.find(secret, at)) != std::string::npos;) text.replace(at, secret.size(), "…");
}

// Removes from the text what the server repeats of a header that is secret: its value, and the parts of it that are
// long enough to be told from words, such as a signature.
void hide_value(std::string_view value, std::string& text) {
  constexpr std::size_t kFewest = 6;
  constexpr std::size_t kFewestOfPart = 17;
  if (value.size() >= kFewest) hide(value, text);
  while (!value.empty()) {
    const std::string_view part = value.substr(0, value.find_first_of(" ,="));
    if (part.size() >= kFewestOfPart) hide(part, text);
    value.remove_prefix(std::min(part.size() + 1, value.size()));
  }
}

bool is_redirect(const Head& head) {
  bool is_one =
      head.status == 301 || head.status == 302 || head.status == 303 || head.status == 307 || head.status == 308;
  return is_one && head.header("location").has_value();
}

// RFC 9110, 15.4: after a 303 the target is fetched with GET. After a 301 or 302, a POST becomes a GET, as in all
// clients.
bool becomes_get(int status, const std::string& method) {
  if (method == "GET" || method == "HEAD") return false;
  return status == 303 || (method == "POST" && (status == 301 || status == 302));
}

}  // namespace

Exchange::~Exchange() {
  for (Request* request : {&base_, &sent_, hop_.has_value() ? &*hop_ : nullptr}) {
    if (request != nullptr && !request->body.empty()) Secret::wipe(request->body);
  }
}

Error Exchange::with_context(Error error) const {
  return std::move(error).with_context(base_.method + " " + shown(url_));
}

Result<const Request*> Exchange::prepare() {
  sent_ = hop_.value_or(base_);
  TRY_ASSIGN(url_, parse_url(sent_.url));
  // A signature uses the host in lower case, and servers compare it with what is sent.
  sent_.url.replace(0, host_.size(), host_);
  if (!hop_.has_value()) {
    origin_ = url_;
    watch_.start();
  }
  if (peers_.signer != nullptr && !is_foreign_) {
    if (auto result = peers_.signer->sign(sent_); !result.ok()) return with_context(std::move(result).error());
  }
  reader_.start(shown(url_));
  answer_ends_early_ = false;
  refusal_body_.clear();
  return &sent_;
}

Exchange::Answer Exchange::kind_of_answer() const {
  const Head& head = reader_.head();
  if (head.status == 200 || head.status == 203 || head.status == 206 || (takes_any_success_ && head.status < 300))
    return Answer::kTaken;
  return is_redirect(head) && !base_.keeps_refusals ? Answer::kRedirect : Answer::kRefusal;
}

bool Exchange::connected(std::string_view address, int port) {
  auto checked = watch_.check_connection(url_, address, port);
  if (checked.ok()) return true;
  receiver_error_ = std::move(checked).error();
  return false;
}

bool Exchange::head_line(std::string_view line) {
  last_activity = std::chrono::steady_clock::now();
  if (is_cancelled) return false;
  if (!reader_.add(line)) return true;
  answer_ = kind_of_answer();
  if (answer_ != Answer::kTaken) return true;
  auto begun = peers_.receiver.begin(reader_.head());
  if (begun.ok()) return true;
  receiver_error_ = std::move(begun).error();
  return false;
}

Exchange::Taken Exchange::body(std::string_view bytes) {
  last_activity = std::chrono::steady_clock::now();
  if (is_cancelled) return Taken::kBreakOff;
  if (answer_ != Answer::kTaken) {
    // The body of a redirect is not needed, and of a refusal only its beginning.
    std::size_t most = base_.keeps_refusals ? kKeptRefusalBytes : limits::kRefusalBodyBytes;
    refusal_body_.append(bytes.substr(0, most - refusal_body_.size()));
    answer_ends_early_ = refusal_body_.size() == most;
    return answer_ends_early_ ? Taken::kBreakOff : Taken::kAll;
  }
  if (is_paused) {
    is_held = true;
    return Taken::kNothing;
  }
  window_bytes += bytes.size();
  auto taken = peers_.receiver.take(bytes);
  if (taken.ok()) return Taken::kAll;
  receiver_error_ = std::move(taken).error();
  return Taken::kBreakOff;
}

Verdict Exchange::judge(const std::optional<WireFailure>& failure, const Judge& judge) {
  ++attempts_;
  if (is_served()) {
    troubles_ = 0;
    troubled_since_.reset();
  }
  if (is_cancelled) return Finished{Error{.kind = ErrorKind::kStopped, .message = "given up"}};
  if (receiver_error_.has_value()) return Finished{with_context(*std::exchange(receiver_error_, std::nullopt))};
  if (failure.has_value() && !(answer_ends_early_ && reader_.is_complete())) {
    if (!failure->may_be_repeated) return Finished{with_context(failure->error)};
    bool is_away = !reader_.is_complete();
    Failure failed{.error = with_context(failure->error), .is_trouble = is_away, .is_away = is_away};
    bool is_last_attempt = is_last(failed, judge);
    return try_again(std::move(failed), judge, is_last_attempt);
  }
  if (!reader_.is_complete()) {
    Error error{.kind = ErrorKind::kBadInput, .message = "the answer has no HTTP head"};
    return Finished{with_context(std::move(error))};
  }
  switch (answer_) {
    case Answer::kTaken:
      return Finished{reader_.head()};
    case Answer::kRedirect:
      return follow_redirect();
    case Answer::kRefusal:
      return judge_refusal(judge);
  }
  return Finished{reader_.head()};
}

Verdict Exchange::judge_refusal(const Judge& judge) {
  const Head& head = reader_.head();
  for (const Header& header : sent_.headers) {
    if (is_secret(header)) hide_value(header.value, refusal_body_);
  }
  Refusal refusal = read_refusal(head, refusal_body_);
  if (!is_repeated(refusal.status, refusal.code)) {
    judge.pauses.served(host_);
    return base_.keeps_refusals ? hand_over_refusal() : Finished{explain(refusal)};
  }
  constexpr int kServerError = 500;
  const bool is_error = refusal.status == kServerError && judge.policy.errors_are_trouble;
  Failure failure{.error = explain(refusal), .is_trouble = is_busy(refusal.status) || is_error};
  auto retry_after = head.header("retry-after");
  if (retry_after.has_value()) failure.retry_after = parse_retry_after(*retry_after, std::chrono::system_clock::now());
  bool is_last_attempt = is_last(failure, judge);
  if (base_.keeps_refusals && is_last_attempt) return hand_over_refusal();
  return try_again(std::move(failure), judge, is_last_attempt);
}

// The receiver can explain an answer of the host it asked, but not one of another host after a redirect.
Error Exchange::explain(const Refusal& refusal) const {
  auto own = is_foreign_ ? std::nullopt : peers_.receiver.refused({.head = reader_.head(), .body = refusal_body_});
  return with_context(own.has_value() ? std::move(*own) : to_error(refusal));
}

// For a caller that asked to read refusals.
Verdict Exchange::hand_over_refusal() {
  auto begun = peers_.receiver.begin(reader_.head());
  if (begun.ok()) begun = peers_.receiver.take(refusal_body_);
  if (!begun.ok()) return Finished{with_context(std::move(begun).error())};
  return Finished{reader_.head()};
}

Verdict Exchange::follow_redirect() {
  --attempts_;  // A redirect does not count as an attempt.
  const Head& head = reader_.head();
  auto target = resolve(url_, *head.header("location"));
  if (!target.ok()) return Finished{with_context(std::move(target).error())};
  Url url = parse_url(target.value()).value();
  std::string refused;
  if (++redirects_ > kMaxRedirects) {
    refused = "redirected more than " + std::to_string(kMaxRedirects) + " times";
  }
  if (url_.scheme == "https" && url.scheme != "https") refused = "redirected from https to http, which is not followed";
  if (!refused.empty()) {
    Error error{.kind = ErrorKind::kBadInput, .message = refused + ", last to " + shown(url), .code = head.status};
    return Finished{with_context(std::move(error))};
  }
  if (auto followed = watch_.check_target(*origin_, url); !followed.ok()) {
    return Finished{with_context(std::move(followed).error())};
  }
  if (!hop_.has_value()) hop_ = base_;
  hop_->url = std::move(target).value();
  host_ = host_of(hop_->url);
  if (becomes_get(head.status, hop_->method)) {
    hop_->method = "GET";
    hop_->body.clear();
  }
  if (!is_foreign_ && !is_same_origin(*origin_, url)) leave_origin();
  return TryAgain{};
}

// Removes everything that authorises the user. It is not sent to another origin, and it is not restored if a later
// redirect leads back.
void Exchange::leave_origin() {
  is_foreign_ = true;
  std::erase_if(hop_->headers, is_secret);
}

bool Exchange::is_patient(const RetryPolicy& policy) const {
  return policy.patience.count() > 0 && policy.attempts > 1 && base_.longest.count() == 0;
}

// Counts a failed attempt and returns whether it was the last one.
bool Exchange::is_last(const Failure& failure, const Judge& judge) {
  if (!failure.is_trouble || !is_patient(judge.policy)) {
    return ++failures_ >= judge.policy.attempts || base_.longest.count() > 0;
  }
  ++troubles_;
  if (!troubled_since_.has_value()) troubled_since_ = judge.now;
  // A longer pause would exceed the patience in any case.
  const auto longest = std::chrono::ceil<std::chrono::seconds>(judge.policy.patience);
  const bool is_given_up =
      judge.pauses.troubled(host_, {.begun = attempt_begun,
                                    .now = judge.now,
                                    .is_away = failure.is_away,
                                    .retry_after = std::min(failure.retry_after, std::optional(longest)),
                                    .patience = judge.policy.patience,
                                    .uniform = judge.uniform,
                                    .why = failure.error});
  // The host serves other requests but not this one.
  const bool is_tired = judge.now - *troubled_since_ >= judge.policy.patience && troubles_ >= judge.policy.attempts;
  return is_given_up || is_tired;
}

Verdict Exchange::try_again(Failure failure, const Judge& judge, bool is_last) {
  if (is_last || !peers_.receiver.again(base_)) {
    Error error = std::move(failure.error);
    error.kind = ErrorKind::kRetry;
    error.message += ", after " + std::to_string(attempts_) + (attempts_ == 1 ? " attempt" : " attempts");
    return Finished{std::move(error)};
  }
  const bool waits = failure.is_trouble && is_patient(judge.policy);
  hop_.reset();
  is_foreign_ = false;
  redirects_ = 0;
  host_ = host_of(base_.url);
  // The pause of the host applies to all its exchanges.
  if (waits) return TryAgain{};
  return TryAgain{retry_wait(judge.policy, failures_, judge.uniform, failure.retry_after)};
}

}  // namespace quern::http
