#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "base/result.h"
#include "services/http/http.h"
#include "services/taskcluster/client_credentials.h"

namespace quern::taskcluster {

// Returns options that repeat attempts and wait like Taskcluster's own clients, but for as long as the access specifies
// while the deployment is busy (429, 500 and above) or unavailable. A task's proxy repeats attempts itself for a
// quarter of an hour, so attempts through it may take longer, and there are fewer of them.
http::ClientOptions client_options(const Access& access);

// One request to a service.
struct Question {
  std::string name;  // for messages: "createTask fOF8Cqj0QPKbvczC2dnXiQ"
  std::string service = "queue";
  std::string method = "GET";
  std::string path;                 // with its query, percent-encoded
  std::optional<std::string> body;  // JSON
};

// The services of a deployment. Belongs to the thread of the client; borrows the client and the access.
//
// Errors: those of http::Client if there is no answer; otherwise kDenied for 401 and 403, kNotFound for 404 and 410,
// kRetry for 408, 429, 500 and above after all attempts, and for an answer that does not come from Taskcluster, such as
// that of a load balancer whose services are down; kBadInput for all other refusals. Error::code is the status. The
// message names the method and the deployment, Taskcluster's own code and message, and the request's id for
// administrators.
class Api {
 public:
  Api(const Access& access, http::Client& client, Clock now, Random random);

  // Returns the body of the answer. Blocks.
  Result<std::string> ask(const Question& question, const std::stop_token& stop);
  // Like ask(), with other credentials, and never through the proxy, which would sign with its own.
  Result<std::string> ask_as(const Credentials& credentials, const Question& question, const std::stop_token& stop);

  // The parts of ask(), for a caller that sends many requests concurrently: the request, its signer, and the
  // interpretation of its answer.
  static Result<http::Request> request_for(const std::string& root, const Question& question);
  http::Signer* signer() { return signer_.get(); }
  Result<std::string> read(const std::string& root, const Question& question, http::Response response) const;

  const Access& access() const { return access_; }
  http::Client& client() { return client_; }
  UtcTime now() const { return now_(); }

 private:
  Result<std::string> send(const std::string& root, http::Signer* signer, const Question& question,
                           const std::stop_token& stop);

  const Access& access_;
  http::Client& client_;
  const Clock now_;
  const Random random_;
  const std::unique_ptr<http::Signer> signer_;  // nullptr: requests are not signed
};

// Returns the error for an answer of 300 or above. `is_in_task`: the request came from a task, with that task's scopes.
Error explain_refusal(const http::Response& response, UtcTime now, bool is_in_task = false);

// Requests one page after another. `read` gets the body of an answer and returns the token of the next page, or "" at
// the end. kBadInput if the pages do not end.
Result<void> ask_for_pages(Api& api, Question question,
                           const std::function<Result<std::string>(std::string_view)>& read,
                           const std::stop_token& stop);

}  // namespace quern::taskcluster
