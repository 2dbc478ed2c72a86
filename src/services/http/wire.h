#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "services/http/exchange.h"
#include "services/http/http.h"

namespace quern::http {

struct WireEnd {
  Exchange& exchange;
  std::optional<WireFailure> failure;  // nullopt: the complete answer arrived
};

// Performs attempts: one request, one answer, without judging either. Only this class uses libcurl's transfers. Not
// thread-safe, except for wake().
class Wire {
 public:
  static Result<std::unique_ptr<Wire>> make(const ClientOptions& options);
  ~Wire();
  Wire(const Wire&) = delete;
  Wire& operator=(const Wire&) = delete;

  // Borrows both until drop(). perform() and resume() pass the answer to `exchange` as it arrives.
  Result<Transfer*> begin(Exchange& exchange, const Request& request);
  // Aborts the attempt if it has not ended, and takes back its handle.
  void drop(Transfer* transfer);
  static void resume(Transfer* transfer);
  // The number of bytes of the request's body that were sent.
  static std::uint64_t sent_bytes(Transfer* transfer);
  // Transfers what is possible without blocking.
  Result<void> perform();
  // Returns the next attempt that has ended, or nullopt.
  std::optional<WireEnd> next_end();
  // Waits until a transfer can continue or `wake_fd` (if not -1) is readable; returns true in the latter case.
  Result<bool> poll(std::chrono::milliseconds longest, int wake_fd);
  // Ends a poll() early. Any thread may call it.
  void wake();

 private:
  Wire(ClientOptions options, std::string authorities);
  std::unique_ptr<Transfer> take_idle();
  std::unique_ptr<Transfer> make_transfer() const;

  const ClientOptions options_;
  const std::string authorities_;
  void* const multi_;  // a CURLM
  std::vector<std::unique_ptr<Transfer>> busy_;
  std::vector<std::unique_ptr<Transfer>> idle_;
};

}  // namespace quern::http
