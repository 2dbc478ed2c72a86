#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "base/result.h"
#include "services/http/http.h"
#include "services/taskcluster/credentials.h"

namespace quern::taskcluster {

// How Taskcluster's own clients repeat attempts and wait, but as long as the access says while the deployment is busy
// (429, 500 and above) or away; through the proxy of a task, which repeats attempts itself for a quarter of an hour,
// each of them takes longer, and there are fewer.
http::ClientOptions client_options(const Access& access);

// One request to a service.
struct Question {
  std::string name;  // for messages: "createTask fOF8Cqj0QPKbvczC2dnXiQ"
  std::string service = "queue";
  std::string method = "GET";
  std::string path;                 // with its query, percent-encoded
  std::optional<std::string> body;  // JSON
};

// The services of a deployment. Belongs to the thread of the client; borrows it and the access.
//
// Errors: those of http::Client where there is no answer; else kDenied for 401 and 403, kNotFound for 404 and 410,
// kRetry for 408, 429, 500 and above after all attempts, and for an answer that does not come from Taskcluster, such as
// that of a load balancer whose services are away; kBadInput for all other refusals. Error::code is the status. The
// message names the method and the deployment, Taskcluster's own code and words, and the id of the request for
// administrators.
class Api {
 public:
  Api(const Access& access, http::Client& client, Clock now, Random random);

  // The body of the answer. Blocks.
  Result<std::string> ask(const Question& question, const std::stop_token& stop);
  // As somebody else, and never through the proxy, which would sign for us.
  Result<std::string> ask_as(const Credentials& credentials, const Question& question, const std::stop_token& stop);

  // What ask() is made of, for whoever sends many questions at once: the request, who signs it, and what its answer
  // means.
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

// What an answer of 300 or above means. `is_in_task`: it was a task that asked, with its own scopes.
Error explain_refusal(const http::Response& response, UtcTime now, bool is_in_task = false);

// Asks for page after page. `read` takes the body of an answer and returns the token of the next page, "" for none.
// kBadInput if the pages do not come to an end.
Result<void> ask_for_pages(Api& api, Question question,
                           const std::function<Result<std::string>(std::string_view)>& read,
                           const std::stop_token& stop);

}  // namespace quern::taskcluster
