#pragma once

#include <chrono>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/secret.h"
#include "model/credentials.h"
#include "services/taskcluster/api.h"

// The services of a deployment other than its queue: mail, secrets, scopes and credentials for S3. All calls block;
// errors are those of Api.

namespace quern::taskcluster {

struct Mail {
  struct Link {
    std::string text;  // of the button; up to 40 characters
    std::string url;   // up to 1024
  };
  std::string address;
  std::string subject;  // up to 255 characters
  std::string content;  // Markdown, up to 102400 characters
  std::optional<Link> link = {};
};
enum class MailOutcome {
  kTaken,
  kDropped,  // the service sent the same mail recently, or too many mails to this address
};
// Needs the scope notify:email:<address>. kBadInput, naming the part, for anything that the service would refuse, and
// for control characters in the address or subject.
Result<MailOutcome> send_mail(Api& api, const Mail& mail, const std::stop_token& stop);

// Returns the secret, which is a JSON object. Needs the scope secrets:get:<name>. kNotFound also for an expired secret.
Result<Secret> get_secret(Api& api, const std::string& name, const std::stop_token& stop);

// Returns the scopes of the credentials, with all roles expanded. Needs the scope auth:current-scopes.
Result<std::vector<std::string>> current_scopes(Api& api, const std::stop_token& stop);

// Returns by how much the deployment's clock is ahead of this machine's, according to its answers; nullopt if they
// contain no time. Uses the queue's ping, which needs no scope.
Result<std::optional<std::chrono::seconds>> clock_difference(Api& api, const std::stop_token& stop);

// Returns the task with this name in the index. Needs the scope index:find-task:<name>. kNotFound if there is none.
Result<std::string> indexed_task(Api& api, const std::string& name, const std::stop_token& stop);

struct S3Request {
  std::string bucket;  // without dots, and known to the deployment; otherwise kNotFound
  std::string prefix;  // of keys; ends in / unless it is ""
  bool writes = false;
};
// Returns the scope that the request needs.
std::string scope_of(const S3Request& request);
// kBadInput if the bucket or the prefix is not valid for such a request.
Result<void> check_s3_request(const S3Request& request);
// Returns credentials that are valid for an hour. kBadInput as above.
Result<AwsCredentials> s3_credentials(Api& api, const S3Request& request, const std::stop_token& stop);

// Parses an answer as described in answers.h.
Result<std::vector<std::string>> parse_scopes(std::string_view text);
Result<Secret> parse_secret(std::string_view text);
Result<std::string> parse_indexed_task(std::string_view text);
Result<AwsCredentials> parse_s3_credentials(std::string_view text);

}  // namespace quern::taskcluster
