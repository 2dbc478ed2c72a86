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
  std::optional<WireFailure> failure;  // none: the whole answer came
};

// Attempts on the wire: one request, one answer, with no opinion about either. The only user of libcurl's transfers.
class Wire {
 public:
  static Result<std::unique_ptr<Wire>> make(const ClientOptions& options);
  ~Wire();
  Wire(const Wire&) = delete;
  Wire& operator=(const Wire&) = delete;

  // Both are borrowed until drop(). perform() and resume() hand the answer to `exchange` as it comes.
  Result<Transfer*> begin(Exchange& exchange, const Request& request);
  // Breaks off an attempt that has not ended, and takes back its handle in any case.
  void drop(Transfer* transfer);
  static void resume(Transfer* transfer);
  // Bytes of the request's body that were sent.
  static std::uint64_t sent_bytes(Transfer* transfer);
  // Moves what can be moved without waiting.
  Result<void> perform();
  // The next attempt that has ended, if there is one.
  std::optional<WireEnd> next_end();
  // Waits until something can be moved, or `wake_fd` (if not -1) is readable: true.
  Result<bool> poll(std::chrono::milliseconds longest, int wake_fd);
  // Ends a poll() early. The only call for any thread.
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
