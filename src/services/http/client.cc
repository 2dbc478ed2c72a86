#include <algorithm>
#include <memory>
#include <random>
#include <utility>
#include <vector>

#include "model/limits.h"
#include "services/http/exchange.h"
#include "services/http/http.h"
#include "services/http/wire.h"

namespace quern::http {
namespace {

using Clock = std::chrono::steady_clock;

// Keeps an answer in memory.
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
  HttpClient(ClientOptions options, std::unique_ptr<Wire> wire)
      : options_(std::move(options)), wire_(std::move(wire)), random_(std::random_device()()) {}

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
  std::size_t running() const override { return exchanges_.size(); }
  Result<void> step(Clock::time_point deadline, int wake_fd, const std::stop_token& stop) override;

 private:
  Exchange* find(const Receiver& receiver);
  void add(Request request, Exchange::Peers peers, bool takes_any_success);
  void begin_due(Clock::time_point now);
  void end_cancelled();
  void end_stalled(Clock::time_point now);
  void take_ends();
  void end_attempt(Exchange& exchange, const std::optional<WireFailure>& failure);
  void finish(Exchange& exchange, Result<Head> outcome);
  void let_paused_go_on();
  void stop_all();
  bool is_stalled(Exchange& exchange, Clock::time_point now) const;
  std::chrono::milliseconds time_to_wait(Clock::time_point deadline) const;

  const ClientOptions options_;
  const std::unique_ptr<Wire> wire_;
  std::mt19937_64 random_;
  std::vector<std::unique_ptr<Exchange>> exchanges_;
  std::size_t finished_ = 0;
  bool is_stepping_ = false;
};

Exchange* HttpClient::find(const Receiver& receiver) {
  for (auto& exchange : exchanges_) {
    if (&exchange->receiver() == &receiver) return exchange.get();
  }
  return nullptr;
}

void HttpClient::add(Request request, Exchange::Peers peers, bool takes_any_success) {
  exchanges_.push_back(std::make_unique<Exchange>(std::move(request), peers, takes_any_success));
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
  ++finished_;
  owned->receiver().done(std::move(outcome));
}

void HttpClient::begin_due(Clock::time_point now) {
  std::vector<Exchange*> due;
  for (auto& exchange : exchanges_) {
    if (exchange->transfer == nullptr && exchange->due <= now) due.push_back(exchange.get());
  }
  for (Exchange* exchange : due) {
    auto request = exchange->prepare();
    if (!request.ok()) {
      finish(*exchange, std::move(request).error());
      continue;
    }
    exchange->last_activity = now;
    exchange->sent_bytes = 0;
    exchange->is_held = false;
    auto transfer = wire_->begin(*exchange, *request.value(), exchange->decodes());
    if (!transfer.ok()) {
      finish(*exchange, exchange->with_context(std::move(transfer).error()));
      continue;
    }
    exchange->transfer = transfer.value();
  }
}

void HttpClient::end_attempt(Exchange& exchange, const std::optional<WireFailure>& failure) {
  if (exchange.transfer != nullptr) wire_->drop(std::exchange(exchange.transfer, nullptr));
  double uniform = std::uniform_real_distribution<double>(0, 1)(random_);
  Verdict verdict = exchange.judge(failure, options_.retry, uniform);
  if (auto* again = std::get_if<TryAgain>(&verdict)) {
    exchange.due = Clock::now() + again->wait;
  } else {
    finish(exchange, std::move(std::get<Finished>(verdict).outcome));
  }
}

void HttpClient::take_ends() {
  while (auto end = wire_->next_end()) end_attempt(static_cast<Exchange&>(*end->user), end->failure);
}

void HttpClient::end_cancelled() {
  std::vector<Exchange*> cancelled;
  for (auto& exchange : exchanges_) {
    if (exchange->is_cancelled) cancelled.push_back(exchange.get());
  }
  for (Exchange* exchange : cancelled) end_attempt(*exchange, std::nullopt);
}

bool HttpClient::is_stalled(Exchange& exchange, Clock::time_point now) const {
  if (exchange.transfer == nullptr || exchange.is_held || exchange.is_paused) return false;
  if (now - exchange.last_activity < options_.timeouts.stall) return false;
  std::uint64_t sent = wire_->sent_bytes(exchange.transfer);
  if (sent == exchange.sent_bytes) return true;
  exchange.sent_bytes = sent;
  exchange.last_activity = now;
  return false;
}

void HttpClient::end_stalled(Clock::time_point now) {
  std::vector<Exchange*> stalled;
  for (auto& exchange : exchanges_) {
    if (is_stalled(*exchange, now)) stalled.push_back(exchange.get());
  }
  for (Exchange* exchange : stalled) {
    std::string message = "no byte came for " + std::to_string(options_.timeouts.stall.count()) + " ms";
    Error error{.kind = ErrorKind::kRetry, .message = std::move(message)};
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
    wire_->resume(exchange->transfer);
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
    if (exchange->transfer == nullptr) until = std::min(until, exchange->due);
  }
  return std::max(std::chrono::milliseconds(0), std::chrono::ceil<std::chrono::milliseconds>(until - now));
}

Result<void> HttpClient::step(Clock::time_point deadline, int wake_fd, const std::stop_token& stop) {
  // A receiver that waits for its own client would wait for ever.
  CHECK(!is_stepping_);
  is_stepping_ = true;
  struct Stepped {
    bool& flag;
    ~Stepped() { flag = false; }
  } stepped{is_stepping_};
  std::stop_callback wake(stop, [this] { wire_->wake(); });
  const std::size_t finished_before = finished_;
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
    take_ends();
    end_stalled(Clock::now());
    if (finished_ != finished_before || Clock::now() >= deadline) return {};
    if (exchanges_.empty() && wake_fd < 0) return {};
    TRY_ASSIGN(bool is_woken, wire_->poll(time_to_wait(deadline), wake_fd));
    if (is_woken) return {};
  }
}

}  // namespace

Result<std::unique_ptr<Client>> make_client(ClientOptions options) {
  TRY_ASSIGN(auto wire, make_wire(options));
  return std::unique_ptr<Client>(std::make_unique<HttpClient>(std::move(options), std::move(wire)));
}

}  // namespace quern::http
