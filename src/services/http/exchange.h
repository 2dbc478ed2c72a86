#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "base/result.h"
#include "services/http/head_reader.h"
#include "services/http/host_pause.h"
#include "services/http/http.h"
#include "services/http/redirects.h"
#include "services/http/refusal.h"
#include "services/http/url.h"

namespace quern::http {

// Why an attempt failed before it was answered completely.
struct WireFailure {
  Error error;
  bool may_be_repeated = false;
};

// One request and its answer on a connection; owned by the Wire until drop().
class Transfer;

// The result of an attempt: the exchange has finished, or is tried again.
struct Finished {
  Result<Head> outcome;
};
struct TryAgain {
  std::chrono::milliseconds wait{0};
};
using Verdict = std::variant<Finished, TryAgain>;

// The context for judging an attempt that has ended. Everything is borrowed.
struct Judge {
  const RetryPolicy& policy;
  HostPauses& pauses;
  std::chrono::steady_clock::time_point now;
  double uniform;  // in [0, 1)
};

// One request from start() to done(): its attempts, and the redirects of each. Makes the decisions; the Wire moves the
// bytes. Borrows the rules. Not thread-safe.
class Exchange {
 public:
  struct Peers {
    Receiver& receiver;
    Signer* signer;  // may be nullptr
  };
  // `takes_any_success`: delivers the body for any status below 300, not only for 200, 203 and 206.
  Exchange(Request request, Peers peers, const RedirectRules& rules, bool takes_any_success)
      : base_(std::move(request)),
        peers_(peers),
        watch_(rules),
        takes_any_success_(takes_any_success),
        host_(host_of(base_.url)) {}

  // Wipes the body, which may contain secrets such as a token that is sent to STS.
  ~Exchange();
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  // Returns the request of the next attempt, or of the next hop of a redirect. An error ends the exchange.
  Result<const Request*> prepare();
  // Judges the attempt. Call it once after each successful prepare().
  Verdict judge(const std::optional<WireFailure>& failure, const Judge& judge);

  // The answer of one attempt as it arrives; called by the Wire.
  // A connection exists, possibly a reused one, and nothing was sent through it yet. Returns false to abort the
  // attempt.
  bool connected(std::string_view address, int port);
  // One line of the header, or of a trailer. Returns false to abort the attempt.
  bool head_line(std::string_view line);
  // Bytes of the body. kNothing: deliver the same bytes again after Wire::resume().
  enum class Taken { kAll, kNothing, kBreakOff };
  Taken body(std::string_view bytes);

  Receiver& receiver() { return peers_.receiver; }
  // Whether the answer may be compressed with gzip and decoded on the way: it is collected in memory, or the caller
  // wants it decoded.
  bool decodes() const { return (takes_any_success_ || base_.decodes) && !base_.range.has_value(); }
  Error with_context(Error error) const;
  // The host that the next attempt asks.
  const std::string& host() const { return host_; }
  // Whether the answer of this attempt has begun and is not a refusal.
  bool is_served() const { return reader_.is_complete() && answer_ == Answer::kTaken; }
  std::chrono::milliseconds longest() const { return base_.longest; }

  // State that the client keeps for each exchange.
  Transfer* transfer = nullptr;  // nullptr while it waits for its next attempt
  std::chrono::steady_clock::time_point due{};
  std::chrono::steady_clock::time_point attempt_begun{};
  std::chrono::steady_clock::time_point last_activity{};
  std::uint64_t sent_bytes = 0;
  // Bytes of the body since window_begin.
  std::uint64_t window_bytes = 0;
  std::chrono::steady_clock::time_point window_begin{};
  bool is_noted = false;  // whether it was recorded that the host serves
  bool is_cancelled = false;
  bool is_paused = false;
  bool is_held = false;  // whether the wire holds back bytes

 private:
  enum class Answer { kTaken, kRedirect, kRefusal };
  Answer kind_of_answer() const;
  bool begin_answer();
  // A failed attempt that may be repeated.
  struct Failure {
    Error error;
    bool is_trouble = false;  // the host is busy or unavailable
    bool is_away = false;
    std::optional<std::chrono::seconds> retry_after = {};
  };
  Verdict judge_refusal(const Judge& judge);
  Verdict follow_redirect();
  bool is_patient(const RetryPolicy& policy) const;
  bool is_last(const Failure& failure, const Judge& judge);
  Verdict try_again(Failure failure, const Judge& judge, bool is_last);
  Error explain(const Refusal& refusal) const;
  Verdict hand_over_refusal();
  void leave_origin();

  Request base_;
  const Peers peers_;
  RedirectWatch watch_;
  const bool takes_any_success_;
  std::string host_;
  std::optional<Url> origin_;  // the origin of base_
  std::size_t attempts_ = 0;
  std::size_t failures_ = 0;  // among these: the ones that count against the limit
  std::size_t troubles_ = 0;  // and those covered by patience, since the host last served this exchange
  std::optional<std::chrono::steady_clock::time_point> troubled_since_;
  // State of the current attempt.
  Request sent_;
  Url url_;
  std::optional<Request> hop_;  // the target of redirects, before signing
  bool is_foreign_ = false;     // whether redirects have led to another origin
  std::size_t redirects_ = 0;
  HeadReader reader_;
  Answer answer_ = Answer::kTaken;
  bool answer_ends_early_ = false;
  std::string refusal_body_;
  std::optional<Error> receiver_error_;
};

}  // namespace quern::http
