#pragma once

#include <optional>
#include <string_view>

#include "base/result.h"
#include "services/http/http.h"

// Which redirects an exchange follows. What a server out there answers must not make quern read, as data, what only
// this machine or its network should: the metadata of an instance, a service on loopback, the proxy of a task.

namespace quern::http {

// Loopback, link-local, private or unique-local, and what is mapped to one of them. False for a text that is not an
// address.
bool is_private_address(std::string_view address);

struct RedirectRules {
  bool private_redirects = false;      // ClientOptions
  std::optional<Url> task_proxy = {};  // of TASKCLUSTER_PROXY_URL
};

// The hops of one attempt. A redirect from a private address to another one is nobody's gain, and is followed.
//
// Where a proxy connects for us, nobody here knows the address of a host's name: it counts as public, and the proxy has
// to know what it lets through.
class RedirectWatch {
 public:
  explicit RedirectWatch(const RedirectRules& rules) : rules_(rules) {}

  // An attempt begins.
  void start() { was_public_ = false; }
  // kDenied: the redirect to `target` is not followed, whatever its address is. `origin` is where the request began.
  Result<void> check_target(const Url& origin, const Url& target) const;
  // The connection for `url`, the first or a later hop, is there, to this address and port. kDenied as above.
  Result<void> check_connection(const Url& url, std::string_view address, int port);

 private:
  const RedirectRules& rules_;
  bool was_public_ = false;  // some hop was
};

}  // namespace quern::http
