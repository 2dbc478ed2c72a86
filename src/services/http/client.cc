#include <algorithm>
#include <cstdlib>
#include <memory>
#include <random>
#include <utility>
#include <vector>

#include "model/limits.h"
#include "services/http/exchange.h"
#include "services/http/host_pause.h"
#include "services/http/http.h"
#include "services/http/wire.h"

namespace quern::http {
namespace {

using Clock = std::chrono::steady_clock;

// Collects an answer in memory.
class Collector final : public Receiver {
 public:
  explicit Collector(std::size_t most_bytes) : most_bytes_(most_bytes) {}

  Result<void> begin(const Head&) override {
    body.clear();
    return {};
  }
  Result<void> take(std::string_view bytes) override {
    if (bytes.size() > most_bytes_ - body.size()) {
      return bad_input("the answer is longer than " + std::to_string(most_bytes_) + " bytes");
    }
    body.append(bytes);
    return {};
  }
  bool again(Request&) override { return true; }
  void done(Result<Head> result) override { outcome = std::move(result); }

  std::string body;
  std::optional<Result<Head>> outcome;

 private:
  const std::size_t most_bytes_;
};

class HttpClient final : public Client {
 public:
  HttpClient(ClientOptions options, RedirectRules rules, std::unique_ptr<Wire> wire)
      : options_(std::move(options)),
        rules_(std::move(rules)),
        wire_(std::move(wire)),
        random_(std::random_device()()),
        pauses_(options_.listener) {}

  Result<Response> call(const Request& request, Signer* signer, const std::stop_token& stop) override;
  void start(Request request, Receiver& receiver, Signer* signer) override {
    add(std::move(request), {receiver, signer}, false);
  }
  void pause(Receiver& receiver) override {
    if (Exchange* exchange = find(receiver)) exchange->is_paused = true;
  }
  void resume(Receiver& receiver) override {
    if (Exchange* exchange = find(receiver)) {
      exchange->is_paused = false;
      exchange->last_activity = Clock::now();
    }
  }
  void cancel(Receiver& receiver) override {
    if (Exchange* exchange = find(receiver)) exchange->is_cancelled = true;
  }
  bool is_waiting(const Receiver& receiver) const override {
    if (pauses_.is_empty()) return false;
    const Clock::time_point now = Clock::now();
    return std::any_of(exchanges_.begin(), exchanges_.end(), [&](const auto& exchange) {
      return &exchange->receiver() == &receiver && waits_for_host(*exchange, now);
    });
  }
  bool is_pausing(std::string_view url) const override;
  std::size_t running() const override { return exchanges_.size(); }
  Result<void> step(Clock::time_point deadline, int wake_fd, const std::stop_token& stop) override;

 private:
  Exchange* find(const Receiver& receiver);
  void add(Request request, Exchange::Peers peers, bool takes_any_success);
  bool waits_for_host(const Exchange& exchange, Clock::time_point now) const {
    return exchange.transfer == nullptr && pauses_.next(exchange.host()) > now;
  }
  bool may_begin(const Exchange& exchange, Clock::time_point now) const {
    return exchange.transfer == nullptr && exchange.due <= now && !waits_for_host(exchange, now);
  }
  void begin_due(Clock::time_point now);
  void begin(Exchange& exchange, Clock::time_point now);
  void note_served();
  void end_cancelled();
  void end_stalled(Clock::time_point now);
  void take_ends();
  void end_attempt(Exchange& exchange, const std::optional<WireFailure>& failure);
  void finish(Exchange& exchange, Result<Head> outcome);
  void let_paused_go_on();
  void stop_all();
  std::string stall_of(Exchange& exchange, Clock::time_point now) const;
  double uniform() { return std::uniform_real_distribution<double>(0, 1)(random_); }
  std::chrono::milliseconds time_to_wait(Clock::time_point deadline) const;

  const ClientOptions options_;
  const RedirectRules rules_;
  const std::unique_ptr<Wire> wire_;
  std::mt19937_64 random_;
  HostPauses pauses_;
  std::vector<std::unique_ptr<Exchange>> exchanges_;
  std::size_t news_ = 0;  // counts exchanges that have ended or begun to wait for their hosts
  bool is_stepping_ = false;
};

Exchange* HttpClient::find(const Receiver& receiver) {
  for (auto& exchange : exchanges_) {
    if (&exchange->receiver() == &receiver) return exchange.get();
  }
  return nullptr;
}

void HttpClient::add(Request request, Exchange::Peers peers, bool takes_any_success) {
  exchanges_.push_back(std::make_unique<Exchange>(std::move(request), peers, rules_, takes_any_success));
}

Result<Response> HttpClient::call(const Request& request, Signer* signer, const std::stop_token& stop) {
  Collector collector(options_.most_body_bytes);
  add(request, {collector, signer}, true);
  while (!collector.outcome.has_value()) {
    auto stepped = step(Clock::time_point::max(), -1, stop);
    if (!stepped.ok() && !collector.outcome.has_value()) {
      std::erase_if(exchanges_, [&](auto& exchange) { return &exchange->receiver() == &collector; });
      return std::move(stepped).error();
    }
  }
  TRY_ASSIGN(Head head, std::move(*collector.outcome));
  return Response{.head = std::move(head), .body = std::move(collector.body)};
}

void HttpClient::finish(Exchange& exchange, Result<Head> outcome) {
  auto found =
      std::find_if(exchanges_.begin(), exchanges_.end(), [&](const auto& other) { return other.get() == &exchange; });
  CHECK(found != exchanges_.end());
  std::unique_ptr<Exchange> owned = std::move(*found);
  exchanges_.erase(found);
  ++news_;
  owned->receiver().done(std::move(outcome));
}

// Whether enough exchanges wait for the host already.
bool HttpClient::is_pausing(std::string_view url) const {
  if (pauses_.is_empty()) return false;
  constexpr std::ptrdiff_t kEnough = 2;
  const Clock::time_point now = Clock::now();
  const std::string host = host_of(url);
  return std::count_if(exchanges_.begin(), exchanges_.end(), [&](const auto& exchange) {
           return waits_for_host(*exchange, now) && exchange->host() == host;
         }) >= kEnough;
}

void HttpClient::begin_due(Clock::time_point now) {
  std::vector<Exchange*> due;
  for (auto& exchange : exchanges_) {
    if (may_begin(*exchange, now)) due.push_back(exchange.get());
  }
  // In order of their due times, so that an exchange that is refused repeatedly does not use up its host's turns.
  std::stable_sort(due.begin(), due.end(), [](const Exchange* a, const Exchange* b) { return a->due < b->due; });
  for (Exchange* exchange : due) {
    if (may_begin(*exchange, now)) begin(*exchange, now);
  }
}

void HttpClient::begin(Exchange& exchange, Clock::time_point now) {
  pauses_.begun(exchange.host(), now, uniform());
  auto request = exchange.prepare();
  if (!request.ok()) return finish(exchange, std::move(request).error());
  exchange.attempt_begun = exchange.last_activity = exchange.window_begin = now;
  exchange.sent_bytes = exchange.window_bytes = 0;
  exchange.is_held = exchange.is_noted = false;
  auto transfer = wire_->begin(exchange, *request.value());
  if (!transfer.ok()) return finish(exchange, exchange.with_context(std::move(transfer).error()));
  exchange.transfer = transfer.value();
}

// Records that hosts which were in trouble serve again.
void HttpClient::note_served() {
  if (pauses_.is_empty()) return;
  for (auto& exchange : exchanges_) {
    if (exchange->transfer == nullptr || exchange->is_noted || !exchange->is_served()) continue;
    exchange->is_noted = true;
    pauses_.served(exchange->host());
  }
}

void HttpClient::end_attempt(Exchange& exchange, const std::optional<WireFailure>& failure) {
  if (exchange.transfer != nullptr) wire_->drop(std::exchange(exchange.transfer, nullptr));
  const Judge judge{.policy = options_.retry, .pauses = pauses_, .now = Clock::now(), .uniform = uniform()};
  Verdict verdict = exchange.judge(failure, judge);
  if (auto* again = std::get_if<TryAgain>(&verdict)) {
    exchange.due = judge.now + again->wait;
    if (waits_for_host(exchange, judge.now)) ++news_;
  } else {
    finish(exchange, std::move(std::get<Finished>(verdict).outcome));
  }
}

void HttpClient::take_ends() {
  while (auto end = wire_->next_end()) end_attempt(end->exchange, end->failure);
}

void HttpClient::end_cancelled() {
  std::vector<Exchange*> cancelled;
  for (auto& exchange : exchanges_) {
    if (exchange->is_cancelled) cancelled.push_back(exchange.get());
  }
  for (Exchange* exchange : cancelled) end_attempt(*exchange, std::nullopt);
}

// Returns why the attempt should be ended, or "" if it should continue.
std::string HttpClient::stall_of(Exchange& exchange, Clock::time_point now) const {
  auto in_milliseconds = [](std::chrono::milliseconds time) { return std::to_string(time.count()) + " ms"; };
  if (exchange.transfer == nullptr) return "";
  if (exchange.longest().count() > 0 && now - exchange.attempt_begun >= exchange.longest()) {
    return "no answer came within " + in_milliseconds(exchange.longest());
  }
  const auto window = options_.timeouts.slow_window;
  if (exchange.is_held || exchange.is_paused || now - exchange.window_begin >= window) {
    const std::uint64_t bytes = std::exchange(exchange.window_bytes, 0);
    const auto least = limits::kLeastBytesPerSecond * static_cast<std::uint64_t>(window.count()) / 1000;
    exchange.window_begin = now;
    if (exchange.is_held || exchange.is_paused) return "";
    if (bytes > 0 && bytes < least)
      return "only " + std::to_string(bytes) + " bytes came in " + in_milliseconds(window);
  }
  if (now - exchange.last_activity < options_.timeouts.stall) return "";
  std::uint64_t sent = Wire::sent_bytes(exchange.transfer);
  if (sent == exchange.sent_bytes) return "no byte came for " + in_milliseconds(options_.timeouts.stall);
  exchange.sent_bytes = sent;
  exchange.last_activity = now;
  return "";
}

void HttpClient::end_stalled(Clock::time_point now) {
  std::vector<std::pair<Exchange*, std::string>> stalled;
  for (auto& exchange : exchanges_) {
    std::string why = stall_of(*exchange, now);
    if (!why.empty()) stalled.emplace_back(exchange.get(), std::move(why));
  }
  for (auto& [exchange, why] : stalled) {
    Error error{.kind = ErrorKind::kRetry, .message = std::move(why)};
    end_attempt(*exchange, WireFailure{.error = std::move(error), .may_be_repeated = true});
  }
}

void HttpClient::let_paused_go_on() {
  std::vector<Exchange*> resumed;
  for (auto& exchange : exchanges_) {
    if (exchange->is_held && !exchange->is_paused && exchange->transfer != nullptr) resumed.push_back(exchange.get());
  }
  for (Exchange* exchange : resumed) {
    exchange->is_held = false;
    Wire::resume(exchange->transfer);
  }
}

void HttpClient::stop_all() {
  for (auto& exchange : exchanges_) exchange->is_cancelled = true;
  end_cancelled();
}

std::chrono::milliseconds HttpClient::time_to_wait(Clock::time_point deadline) const {
  Clock::time_point now = Clock::now();
  Clock::time_point until = std::min(deadline, now + std::min(limits::kHttpLookInterval, options_.timeouts.stall));
  for (const auto& exchange : exchanges_) {
    if (exchange->is_cancelled) return std::chrono::milliseconds(0);
    if (exchange->transfer == nullptr) {
      until = std::min(until, std::max(exchange->due, pauses_.next(exchange->host())));
    } else if (exchange->longest().count() > 0) {
      until = std::min(until, exchange->attempt_begun + exchange->longest());
    }
  }
  return std::max(std::chrono::milliseconds(0), std::chrono::ceil<std::chrono::milliseconds>(until - now));
}

Result<void> HttpClient::step(Clock::time_point deadline, int wake_fd, const std::stop_token& stop) {
  // A receiver that waits for its own client would wait forever.
  CHECK(!is_stepping_);
  is_stepping_ = true;
  struct Stepped {
    bool& flag;
    ~Stepped() { flag = false; }
  } stepped{is_stepping_};
  std::stop_callback wake(stop, [this] { wire_->wake(); });
  const std::size_t news_before = news_;
  while (true) {
    if (stop.stop_requested()) {
      stop_all();
      return stopped();
    }
    Clock::time_point now = Clock::now();
    end_cancelled();
    begin_due(now);
    let_paused_go_on();
    TRY(wire_->perform());
    note_served();
    take_ends();
    end_stalled(Clock::now());
    if (news_ != news_before || Clock::now() >= deadline) return {};
    if (exchanges_.empty() && wake_fd < 0) return {};
    TRY_ASSIGN(bool is_woken, wire_->poll(time_to_wait(deadline), wake_fd));
    if (is_woken) return {};
  }
}

}  // namespace

Result<std::unique_ptr<Client>> make_client(ClientOptions options) {
  TRY_ASSIGN(auto wire, Wire::make(options));
  RedirectRules rules{.private_redirects = options.private_redirects};
  const char* proxy = std::getenv("TASKCLUSTER_PROXY_URL");  // NOLINT(concurrency-mt-unsafe): nothing calls setenv
  if (auto url = parse_url(proxy == nullptr ? "" : proxy); url.ok()) rules.task_proxy = std::move(url).value();
  return std::unique_ptr<Client>(std::make_unique<HttpClient>(std::move(options), std::move(rules), std::move(wire)));
}

}  // namespace quern::http
