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

// Why an attempt failed on the wire.
struct WireFailure {
  Error error;
  bool may_be_repeated = false;
};

// A connected pair of request and answer, owned by the Wire until drop().
class Transfer;

// What follows from the end of an attempt.
struct Finished {
  Result<Head> outcome;
};
struct TryAgain {
  std::chrono::milliseconds wait{0};
};
using Verdict = std::variant<Finished, TryAgain>;

// What an attempt that has ended is judged by. All is borrowed.
struct Judge {
  const RetryPolicy& policy;
  HostPauses& pauses;
  std::chrono::steady_clock::time_point now;
  double uniform;  // in [0, 1)
};

// One request from start() to done(): the attempts it takes and the redirects of each. Decides, but moves no bytes.
// Borrows the rules.
class Exchange {
 public:
  struct Peers {
    Receiver& receiver;
    Signer* signer;  // may be nullptr
  };
  // `takes_any_success`: a body of any status below 300 is handed on, not only of 200 and 206.
  Exchange(Request request, Peers peers, const RedirectRules& rules, bool takes_any_success)
      : base_(std::move(request)),
        peers_(peers),
        watch_(rules),
        takes_any_success_(takes_any_success),
        host_(host_of(base_.url)) {}

  // Bodies may hold secrets, such as a token that is sent to STS.
  ~Exchange();
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  // The request of the next attempt, or of the next hop of a redirect. An error is the outcome of the exchange.
  Result<const Request*> prepare();
  // Called once after each prepare() that succeeded.
  Verdict judge(const std::optional<WireFailure>& failure, const Judge& judge);

  // The answer of one attempt as it comes; called by the Wire.
  // There is a connection, perhaps one that was used before, and nothing was sent through it yet. False: the attempt is
  // broken off.
  bool connected(std::string_view address, int port);
  // One line of the head, or of a trailer. False: the attempt is broken off.
  bool head_line(std::string_view line);
  // Bytes of the body. kNothing: they come again after Wire::resume().
  enum class Taken { kAll, kNothing, kBreakOff };
  Taken body(std::string_view bytes);

  Receiver& receiver() { return peers_.receiver; }
  // The answer is wanted in memory, or without its encoding: it may come with gzip and be decoded on the way.
  bool decodes() const { return (takes_any_success_ || base_.decodes) && !base_.range.has_value(); }
  Error with_context(Error error) const;
  // That the next attempt asks.
  const std::string& host() const { return host_; }
  // The answer of this attempt has begun, and is no refusal.
  bool is_served() const { return reader_.is_complete() && answer_ == Answer::kTaken; }
  std::chrono::milliseconds longest() const { return base_.longest; }

  // Of the client's, for each exchange.
  Transfer* transfer = nullptr;  // nullptr while it waits for its next attempt
  std::chrono::steady_clock::time_point due{};
  std::chrono::steady_clock::time_point attempt_begun{};
  std::chrono::steady_clock::time_point last_activity{};
  std::uint64_t sent_bytes = 0;
  // Of the body, since then.
  std::uint64_t window_bytes = 0;
  std::chrono::steady_clock::time_point window_begin{};
  bool is_noted = false;  // that the host has served
  bool is_cancelled = false;
  bool is_paused = false;
  bool is_held = false;  // the wire holds bytes back

 private:
  enum class Answer { kTaken, kRedirect, kRefusal };
  Answer kind_of_answer() const;
  bool begin_answer();
  // An attempt that may be repeated.
  struct Failure {
    Error error;
    bool is_trouble = false;  // of the host, which is busy or away
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
  std::optional<Url> origin_;  // of base_
  std::size_t attempts_ = 0;
  std::size_t failures_ = 0;  // of these, those that count
  std::size_t troubles_ = 0;  // and those that patience covers, since the host last served this exchange
  std::optional<std::chrono::steady_clock::time_point> troubled_since_;
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
