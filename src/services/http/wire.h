#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "services/http/http.h"

// Attempts on the wire: one request, one answer, with no opinion about either. The only user of libcurl's transfers.

namespace quern::http {

// Takes the answer of one attempt as it comes; called from within Wire::perform() and Wire::resume().
class WireUser {
 public:
  virtual ~WireUser() = default;
  enum class Taken { kAll, kNothing, kBreakOff };
  // There is a connection, perhaps one that was used before, and nothing was sent through it yet. False: the attempt is
  // broken off.
  virtual bool connected(std::string_view address, int port) = 0;
  // One line of the head, or of a trailer. False: the attempt is broken off.
  virtual bool head_line(std::string_view line) = 0;
  // Bytes of the body. kNothing: they come again after resume().
  virtual Taken body(std::string_view bytes) = 0;
};

// Why an attempt failed on the wire.
struct WireFailure {
  Error error;
  bool may_be_repeated = false;
};

// A connected pair of request and answer, owned by the Wire until drop().
class Transfer;

struct WireEnd {
  WireUser* user = nullptr;
  std::optional<WireFailure> failure;  // none: the whole answer came
};

class Wire {
 public:
  virtual ~Wire() = default;
  // Both are borrowed until drop(). `decodes`: the body is asked for with gzip and handed on without it.
  virtual Result<Transfer*> begin(WireUser& user, const Request& request, bool decodes) = 0;
  // Breaks off an attempt that has not ended, and takes back its handle in any case.
  virtual void drop(Transfer* transfer) = 0;
  virtual void resume(Transfer* transfer) = 0;
  // Bytes of the request's body that were sent.
  virtual std::uint64_t sent_bytes(Transfer* transfer) const = 0;
  // Moves what can be moved without waiting.
  virtual Result<void> perform() = 0;
  // The next attempt that has ended, if there is one.
  virtual std::optional<WireEnd> next_end() = 0;
  // Waits until something can be moved, or `wake_fd` (if not -1) is readable: true.
  virtual Result<bool> poll(std::chrono::milliseconds longest, int wake_fd) = 0;
  // Ends a poll() early. The only call for any thread.
  virtual void wake() = 0;
};

Result<std::unique_ptr<Wire>> make_wire(const ClientOptions& options);

}  // namespace quern::http
