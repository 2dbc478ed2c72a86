#pragma once

#include <optional>
#include <string_view>

#include "base/result.h"
#include "services/http/http.h"

// Decides which redirects an exchange follows. The answer of a public server must not make quern read, as data, what
// only this machine or its network should see: an instance's metadata, a service on loopback, the proxy of a task.

namespace quern::http {

// Whether the address is loopback, link-local, private or unique-local, or mapped to such an address. Returns false for
// a text that is not an address.
bool is_private_address(std::string_view address);

struct RedirectRules {
  bool private_redirects = false;      // ClientOptions
  std::optional<Url> task_proxy = {};  // of TASKCLUSTER_PROXY_URL
};

// Checks the hops of one attempt. A redirect from one private address to another is harmless and is followed.
//
// If a proxy makes the connections, quern does not know the address of a host name: it counts as public, and the proxy
// is responsible for what it allows.
class RedirectWatch {
 public:
  explicit RedirectWatch(const RedirectRules& rules) : rules_(rules) {}

  // Call it at the beginning of an attempt.
  void start() { was_public_ = false; }
  // kDenied if the redirect to `target` must not be followed, whatever its address is. `origin` is the request's first
  // URL.
  Result<void> check_target(const Url& origin, const Url& target) const;
  // Call it when the connection for `url`, the first or a later hop, to this address and port exists. kDenied as above.
  Result<void> check_connection(const Url& url, std::string_view address, int port);

 private:
  const RedirectRules& rules_;
  bool was_public_ = false;  // whether any hop was public
};

}  // namespace quern::http
