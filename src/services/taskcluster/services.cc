#include "services/taskcluster/services.h"

#include <algorithm>
#include <cstddef>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/text.h"
#include "base/utf8.h"
#include "model/limits.h"
#include "services/taskcluster/answers.h"
#include "services/taskcluster/names.h"

namespace quern::taskcluster {
namespace {

// Limits for names of buckets that the auth service provides credentials for.
constexpr std::size_t kLeastBucketName = 3;
constexpr std::size_t kMostBucketName = 64;

Result<void> check_length(std::string_view part, std::string_view text, std::size_t most) {
  std::size_t length = utf8::count_characters(text);
  if (length >= 1 && length <= most) return {};
  return bad_input("the " + std::string(part) + " of a mail has " + std::to_string(length) +
                   " characters; it must be 1 to " + std::to_string(most));
}

Result<void> check_mail(const Mail& mail) {
  TRY(check_length("address", mail.address, limits::kMaxMailAddress));
  TRY(check_length("subject", mail.subject, limits::kMaxMailSubject));
  TRY(check_length("content", mail.content, limits::kMaxMailContent));
  bool is_header = std::any_of(mail.address.begin(), mail.address.end(), is_control) ||
                   std::any_of(mail.subject.begin(), mail.subject.end(), is_control);
  if (is_header) return bad_input("the address or the subject of a mail has a line end or another control character");
  if (mail.address.find('@') == std::string::npos) return bad_input("the address of a mail has no @");
  if (!mail.link.has_value()) return {};
  TRY(check_length("link's text", mail.link->text, limits::kMaxMailLinkText));
  return check_length("link's URL", mail.link->url, limits::kMaxMailLinkUrl);
}

std::string json_of(const Mail& mail) {
  Json json{{"address", mail.address}, {"subject", mail.subject}, {"content", mail.content}};
  if (mail.link.has_value()) json["link"] = Json{{"text", mail.link->text}, {"href", mail.link->url}};
  return dump_json(json);
}

Result<Json> parse_object(std::string_view text) {
  auto json = parse_json(text);
  if (json.has_value() && json->is_object()) return std::move(*json);
  return bad_input("the answer is not a JSON object");
}

const char* level_of(const S3Request& request) { return request.writes ? "read-write" : "read-only"; }

}  // namespace

Result<MailOutcome> send_mail(Api& api, const Mail& mail, const std::stop_token& stop) {
  TRY(check_mail(mail));
  Question question{.name = "email to " + mail.address,
                    .service = "notify",
                    .method = "POST",
                    .path = "/email",
                    .body = json_of(mail)};
  // The answer is the text OK, or empty; never JSON.
  TRY_ASSIGN(std::string body, api.ask(question, stop));
  return body.empty() ? MailOutcome::kDropped : MailOutcome::kTaken;
}

Result<Secret> get_secret(Api& api, const std::string& name, const std::stop_token& stop) {
  Question question{.name = "secret " + name, .service = "secrets", .path = api_path({"secret", name})};
  TRY_ASSIGN(std::string body, api.ask(question, stop));
  auto secret = parse_secret(body).context(question.name);
  Secret::wipe(body);
  return secret;
}

Result<std::vector<std::string>> current_scopes(Api& api, const std::stop_token& stop) {
  Question question{.name = "currentScopes", .service = "auth", .path = "/scopes/current"};
  TRY_ASSIGN(std::string body, api.ask(question, stop));
  return parse_scopes(body).context(question.name);
}

Result<void> check_s3_request(const S3Request& request) {
  auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; };
  bool is_bucket = request.bucket.size() >= kLeastBucketName && request.bucket.size() <= kMostBucketName &&
                   std::all_of(request.bucket.begin(), request.bucket.end(), is_letter);
  if (!is_bucket) {
    return bad_input("the bucket " + request.bucket +
                     " has a name that Taskcluster gives no credentials for: it must be " +
                     "lower-case letters, digits and hyphens only");
  }
  if (!request.prefix.empty() && (request.prefix.starts_with('/') || !request.prefix.ends_with('/'))) {
    return bad_input("the prefix " + request.prefix + " must end with / and not begin with it");
  }
  return {};
}

Result<std::optional<std::chrono::seconds>> clock_difference(Api& api, const std::stop_token& stop) {
  http::Request request{.url = api_url(api.access().api_root_url, "queue", "/ping"), .keeps_refusals = true};
  TRY_ASSIGN(http::Response response, api.client().call(request, nullptr, stop).context("asking for the time"));
  auto date = response.head.header("date");
  auto theirs = date.has_value() ? http::parse_http_date(*date) : std::nullopt;
  if (!theirs.has_value()) return std::optional<std::chrono::seconds>();
  return std::optional(std::chrono::duration_cast<std::chrono::seconds>(*theirs - api.now()));
}

Result<std::string> indexed_task(Api& api, const std::string& name, const std::stop_token& stop) {
  Question question{.name = "indexed task " + name, .service = "index", .path = api_path({"task", name})};
  TRY_ASSIGN(std::string body, api.ask(question, stop));
  return parse_indexed_task(body).context(question.name);
}

std::string scope_of(const S3Request& request) {
  return std::string("auth:aws-s3:") + level_of(request) + ":" + request.bucket + "/" + request.prefix;
}

Result<AwsCredentials> s3_credentials(Api& api, const S3Request& request, const std::stop_token& stop) {
  TRY(check_s3_request(request));
  Question question{.name = "awsS3Credentials for " + request.bucket + "/" + request.prefix,
                    .service = "auth",
                    .path = api_path({"aws", "s3", level_of(request), request.bucket, request.prefix})};
  TRY_ASSIGN(std::string body, api.ask(question, stop));
  auto credentials = parse_s3_credentials(body).context(question.name);
  Secret::wipe(body);
  return credentials;
}

Result<std::vector<std::string>> parse_scopes(std::string_view text) {
  TRY_ASSIGN(Json json, parse_object(text));
  Fields fields(json);
  std::vector<std::string> scopes = fields.texts_or_none("scopes");
  static_cast<void>(fields.array("scopes"));
  TRY(fields.finish());
  return scopes;
}

Result<std::string> parse_indexed_task(std::string_view text) {
  TRY_ASSIGN(Json json, parse_object(text));
  Fields fields(json);
  std::string task_id = fields.text("taskId");
  TRY(fields.finish());
  if (is_slugid(task_id)) return task_id;
  return bad_input("taskId is not the id of a task");
}

Result<Secret> parse_secret(std::string_view text) {
  TRY_ASSIGN(Json json, parse_object(text));
  Fields fields(json);
  const Json& secret = fields.object("secret");
  TRY(fields.finish());
  return Secret(dump_json(secret));
}

Result<AwsCredentials> parse_s3_credentials(std::string_view text) {
  TRY_ASSIGN(Json json, parse_object(text));
  Fields fields(json);
  UtcTime expires = fields.time("expires");
  Fields own(fields.object("credentials"), "credentials.");
  AwsCredentials credentials{.access_key_id = own.text("accessKeyId"),
                             .secret_access_key = Secret(own.text("secretAccessKey")),
                             .session_token = Secret(own.text("sessionToken")),
                             .region = "",
                             .expires = expires,
                             .source = "Taskcluster's auth service"};
  TRY(fields.finish());
  TRY(own.finish());
  return credentials;
}

}  // namespace quern::taskcluster
