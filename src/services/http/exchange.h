#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "base/result.h"
#include "services/http/head_reader.h"
#include "services/http/http.h"
#include "services/http/refusal.h"
#include "services/http/url.h"
#include "services/http/wire.h"

namespace quern::http {

// What follows from the end of an attempt.
struct Finished {
  Result<Head> outcome;
};
struct TryAgain {
  std::chrono::milliseconds wait{0};
};
using Verdict = std::variant<Finished, TryAgain>;

// One request from start() to done(): the attempts it takes and the redirects of each. Decides, but moves no bytes.
class Exchange final : public WireUser {
 public:
  struct Peers {
    Receiver& receiver;
    Signer* signer;  // may be nullptr
  };
  // `takes_any_success`: a body of any status below 300 is handed on, not only of 200 and 206.
  Exchange(Request request, Peers peers, bool takes_any_success)
      : base_(std::move(request)), peers_(peers), takes_any_success_(takes_any_success) {}

  // The request of the next attempt, or of the next hop of a redirect. An error is the outcome of the exchange.
  Result<const Request*> prepare();
  // Called once after each prepare() that succeeded. `uniform` is in [0, 1).
  Verdict judge(const std::optional<WireFailure>& failure, const RetryPolicy& policy, double uniform);

  bool head_line(std::string_view line) override;
  Taken body(std::string_view bytes) override;

  Receiver& receiver() { return peers_.receiver; }
  // The answer is wanted in memory, or without its encoding: it may come with gzip and be decoded on the way.
  bool decodes() const { return (takes_any_success_ || base_.decodes) && !base_.range.has_value(); }
  Error with_context(Error error) const;

  // Of the client's, for each exchange.
  Transfer* transfer = nullptr;  // nullptr while it waits for its next attempt
  std::chrono::steady_clock::time_point due{};
  std::chrono::steady_clock::time_point last_activity{};
  std::uint64_t sent_bytes = 0;
  bool is_cancelled = false;
  bool is_paused = false;
  bool is_held = false;  // the wire holds bytes back

 private:
  enum class Answer { kTaken, kRedirect, kRefusal };
  Answer kind_of_answer() const;
  bool begin_answer();
  Verdict judge_refusal(const RetryPolicy& policy, double uniform);
  Verdict follow_redirect();
  Verdict try_again(Error error, const RetryPolicy& policy, double uniform,
                    std::optional<std::chrono::seconds> retry_after);
  Verdict hand_over_refusal();
  void leave_origin();

  Request base_;
  const Peers peers_;
  const bool takes_any_success_;
  std::optional<Url> origin_;  // of base_
  std::size_t attempts_ = 0;
  // Of the attempt.
  Request sent_;
  Url url_;
  std::optional<Request> hop_;  // where redirects have led, before signing
  bool is_foreign_ = false;     // they have led to another origin
  std::size_t redirects_ = 0;
  HeadReader reader_;
  Answer answer_ = Answer::kTaken;
  bool answer_ends_early_ = false;
  std::string refusal_body_;
  std::optional<Error> receiver_error_;
};

}  // namespace quern::http
