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

// Mails, secrets, scopes and credentials for S3, of the services of a deployment beside its queue. All calls block;
// errors are those of Api.

namespace quern::taskcluster {

struct Mail {
  struct Link {
    std::string text;  // of the button, up to 40 characters
    std::string url;   // up to 1024
  };
  std::string address;
  std::string subject;  // up to 255 characters
  std::string content;  // Markdown, up to 102400 characters
  std::optional<Link> link = {};
};
enum class MailOutcome {
  kTaken,
  kDropped,  // the service had the same mail lately, or too many for this address
};
// Needs notify:email:<address>. kBadInput for what the service would not take, naming the part, and for control
// characters in address or subject.
Result<MailOutcome> send_mail(Api& api, const Mail& mail, const std::stop_token& stop);

// The JSON object that is the secret. Needs secrets:get:<name>. kNotFound also for one that has expired.
Result<Secret> get_secret(Api& api, const std::string& name, const std::stop_token& stop);

// What the credentials may do, with all roles expanded. Needs auth:current-scopes.
Result<std::vector<std::string>> current_scopes(Api& api, const std::stop_token& stop);

// By how much the deployment's clock is ahead of ours, which is what its answers say the time is; none: they do not
// say. Asks the queue's ping, which everybody may.
Result<std::optional<std::chrono::seconds>> clock_difference(Api& api, const std::stop_token& stop);

// The task that the index has under this name. Needs index:find-task:<name>. kNotFound: there is none.
Result<std::string> indexed_task(Api& api, const std::string& name, const std::stop_token& stop);

struct S3Request {
  std::string bucket;  // without dots, and known to the deployment: else kNotFound
  std::string prefix;  // of keys; ends in / unless it is ""
  bool writes = false;
};
// The scope that the request needs.
std::string scope_of(const S3Request& request);
// kBadInput: bucket or prefix cannot be asked for so.
Result<void> check_s3_request(const S3Request& request);
// Good for an hour. kBadInput as above.
Result<AwsCredentials> s3_credentials(Api& api, const S3Request& request, const std::stop_token& stop);

// What the services answer, as answers.h has it.
Result<std::vector<std::string>> parse_scopes(std::string_view text);
Result<Secret> parse_secret(std::string_view text);
Result<std::string> parse_indexed_task(std::string_view text);
Result<AwsCredentials> parse_s3_credentials(std::string_view text);

}  // namespace quern::taskcluster
