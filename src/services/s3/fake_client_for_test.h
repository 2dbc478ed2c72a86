#pragma once

#include <algorithm>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "services/http/http.h"

namespace quern::http {

// A client whose server is a function. It signs like the real one and records the requests.
class FakeClient final : public Client {
 public:
  using Server = std::function<Result<Response>(const Request&)>;
  explicit FakeClient(Server server) : server_(std::move(server)) {}

  Result<Response> call(const Request& request, Signer* signer, const std::stop_token& stop) override {
    if (stop.stop_requested()) return Error{.kind = ErrorKind::kStopped, .message = "stopped"};
    asked.push_back(request);
    if (signer != nullptr) TRY(signer->sign(asked.back()));
    TRY_ASSIGN(Response response, server_(asked.back()));
    if (response.head.status < 300 || request.keeps_refusals) return response;
    ErrorKind kind = response.head.status == 404   ? ErrorKind::kNotFound
                     : response.head.status == 403 ? ErrorKind::kDenied
                                                   : ErrorKind::kBadInput;
    return Error{
        .kind = kind,
        .message = request.method + " " + request.url + ": HTTP status " + std::to_string(response.head.status),
        .code = response.head.status};
  }
  // For start(), supports only exchanges without a body, each of which completes in its own step.
  void start(Request request, Receiver& receiver, Signer* signer) override {
    started_.push_back({std::move(request), &receiver, signer});
    most_running = std::max(most_running, started_.size());
  }
  void pause(Receiver& /*receiver*/) override { CHECK(false); }
  void resume(Receiver& /*receiver*/) override { CHECK(false); }
  void cancel(Receiver& /*receiver*/) override { CHECK(false); }
  std::size_t running() const override { return started_.size(); }
  Result<void> step(std::chrono::steady_clock::time_point /*deadline*/, int /*wake_fd*/,
                    const std::stop_token& stop) override {
    CHECK(!started_.empty());
    Started one = std::move(started_.front());
    started_.erase(started_.begin());
    auto response = call(one.request, one.signer, stop);
    one.receiver->done(response.ok() ? Result<Head>(std::move(response).value().head) : std::move(response).error());
    return {};
  }

  std::size_t most_running = 0;
  std::vector<Request> asked;  // signed

 private:
  struct Started {
    Request request;
    Receiver* receiver = nullptr;
    Signer* signer = nullptr;
  };

  const Server server_;
  std::vector<Started> started_;
};

}  // namespace quern::http
