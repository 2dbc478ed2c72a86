#include "app/doctor/peer_checks.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <chrono>
#include <cstddef>

#include "model/limits.h"

namespace quern::app::doctor {
namespace {

// A smaller difference between clocks does not matter.
constexpr std::chrono::seconds kGoodClockDifference{30};
// Credentials that expire sooner may not last for a run.
constexpr std::chrono::hours kSoonEnding{1};

constexpr int kOk = 200;
constexpr int kUnauthorized = 401;
constexpr int kForbidden = 403;
constexpr int kNotFound = 404;

std::string shown(const ImageName& name) {
  std::string text = name.registry + "/" + name.repository;
  if (!name.tag.empty()) text += ":" + name.tag;
  if (!name.digest.empty()) text += "@" + name.digest;
  return text;
}

// "they end at 2026-01-31T12:00:00Z, in 2 hours".
std::string end_text(UtcTime end, UtcTime now) {
  const auto left = std::chrono::duration_cast<std::chrono::seconds>(end - now);
  return fmt::format("ends at {}, {}{}", format_utc(end), left.count() >= 0 ? "in " : "",
                     rough_duration(left) + (left.count() >= 0 ? "" : " ago"));
}

bool ends_soon(UtcTime end, UtcTime now) { return end - now < kSoonEnding; }

}  // namespace

Finding check_clock(const std::string& whose, std::chrono::seconds ahead, std::chrono::seconds tolerated, Need need) {
  const std::string what = "clock";
  const std::chrono::seconds distance = std::chrono::abs(ahead);
  if (distance <= kGoodClockDifference) return ok(what, "as that of " + whose);
  const std::string found =
      fmt::format("{} {} that of {}", rough_duration(distance), ahead.count() > 0 ? "behind" : "ahead of", whose);
  const char* fix = "sudo timedatectl set-ntp true";
  if (distance <= tolerated) return note(what, found, fix);
  return lacking(need, what, fmt::format("{}, which takes no more than {}", found, rough_duration(tolerated)), fix);
}

Finding check_aws_credentials(const AwsCredentials* credentials, UtcTime now) {
  const std::string what = "S3 credentials";
  if (credentials == nullptr) {
    return note(what, "none: only buckets that are open to everybody can be read",
                "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or CREDENTIALS: quern help credentials");
  }
  std::string found = fmt::format("{} of {}", credentials->access_key_id, credentials->source);
  if (!credentials->region.empty()) found += ", region " + credentials->region;
  if (!credentials->expires.has_value()) {
    return ok(what, found + (credentials->session_token.is_empty() ? ", a long-term key" : ", with an unknown end"));
  }
  found += ", " + end_text(*credentials->expires, now);
  if (ends_soon(*credentials->expires, now)) return note(what, found, "get new ones before a long run");
  return ok(what, found);
}

Finding check_client(const taskcluster::Access& access, UtcTime now, Need need) {
  const std::string what = "Taskcluster client";
  const std::string sign_in = "eval \"$(taskcluster signin)\"";
  if (access.is_proxy) return ok(what, "the proxy of this task");
  if (!access.credentials.has_value()) {
    return lacking(need, what, "neither TASKCLUSTER_CLIENT_ID nor TASKCLUSTER_PROXY_URL is set", sign_in);
  }
  const taskcluster::Credentials& credentials = *access.credentials;
  if (!credentials.expires.has_value()) return ok(what, credentials.client_id + ", without an end of its own");
  const std::string found = fmt::format("{}, {}", credentials.client_id, end_text(*credentials.expires, now));
  if (auto valid = taskcluster::check_not_ended(credentials, now); !valid.ok())
    return lacking(need, what, found, sign_in);
  if (ends_soon(*credentials.expires, now)) return note(what, found, sign_in);
  return ok(what, found);
}

Finding check_scopes(std::size_t held, const std::optional<std::vector<std::string>>& missing, Need need) {
  const std::string what = "scopes";
  if (!missing.has_value()) return ok(what, fmt::format("{} held", held));
  if (missing->empty()) return ok(what, fmt::format("{} held, and all that the tasks need", held));
  const std::size_t count = std::min(missing->size(), limits::kShownFailures);
  std::string list =
      fmt::format("{}", fmt::join(missing->begin(), missing->begin() + static_cast<std::ptrdiff_t>(count), ", "));
  if (count < missing->size()) list += fmt::format(" and {} more", missing->size() - count);
  return lacking(need, what, fmt::format("{} held; creating and watching the tasks also needs {}", held, list),
                 "ask the administrators of the deployment for them");
}

Finding check_registry_image(const ImageName& name, const RegistryAnswer& answer) {
  const std::string what = "image";
  const std::string image = shown(name);
  if (answer.status == kOk) {
    if (!name.digest.empty()) return ok(what, image);
    std::string fix = answer.digest.empty()
                          ? ""
                          : fmt::format("taskcluster.image: {}/{}@{}", name.registry, name.repository, answer.digest);
    return note(what, image + ", which may be another image tomorrow", std::move(fix));
  }
  if (answer.status == kUnauthorized || answer.status == kForbidden) {
    return note(what,
                fmt::format("{} is not there for everybody: {} answers {} without an account", image, name.registry,
                            answer.status),
                "make it public, or see that the workers may pull it");
  }
  if (answer.status == kNotFound) {
    return lacking(Need::kNeeded, what, image + " is not there", "make publish, or correct taskcluster.image");
  }
  return lacking(Need::kNeeded, what, fmt::format("{}: {} answers {}", image, name.registry, answer.status),
                 "try again, or correct taskcluster.image");
}

}  // namespace quern::app::doctor
