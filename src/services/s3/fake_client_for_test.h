#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "services/http/http.h"

namespace quern::http {

// A client whose server is a function. It signs as the real one does, and keeps what was asked.
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
  // Only call() is faked.
  void start(Request /*request*/, Receiver& /*receiver*/, Signer* /*signer*/) override { CHECK(false); }
  void pause(Receiver& /*receiver*/) override { CHECK(false); }
  void resume(Receiver& /*receiver*/) override { CHECK(false); }
  void cancel(Receiver& /*receiver*/) override { CHECK(false); }
  std::size_t running() const override { return 0; }
  Result<void> step(std::chrono::steady_clock::time_point /*deadline*/, int /*wake_fd*/,
                    const std::stop_token& /*stop*/) override {
    CHECK(false);
    return {};
  }

  std::vector<Request> asked;  // as signed

 private:
  const Server server_;
};

}  // namespace quern::http
