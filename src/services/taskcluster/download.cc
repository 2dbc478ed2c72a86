#include "services/taskcluster/download.h"

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <utility>

#include "base/digest.h"
#include "base/encoding.h"
#include "base/secret.h"
#include "services/http/head_reader.h"
#include "services/taskcluster/names.h"

namespace quern::taskcluster {
namespace {

// How often a new URL of an object is requested after the previous one has expired.
constexpr std::size_t kMaxObjectDownloads = 5;

// Hashes bytes as they arrive; does nothing if no hash is expected.
class Hash {
 public:
  Hash(DigestKind kind, std::string expected) : kind_(kind), expected_(std::move(expected)) {}
  void begin() {
    if (!expected_.empty()) digest_.emplace(kind_);
  }
  void add(std::string_view bytes) {
    if (digest_.has_value()) digest_->add(bytes);
  }
  bool is_as_expected() {
    return expected_.empty() || (digest_.has_value() && hex_encode(digest_->value()) == expected_);
  }

 private:
  const DigestKind kind_;
  const std::string expected_;  // hexadecimal digits, or ""
  std::optional<Digest> digest_;
};

// One GET with its attempts, each of which starts at the first byte.
class Fetch final : public http::Receiver {
 public:
  // `sink` is nullptr if only the size is wanted.
  Fetch(Api& api, ArtifactSink* sink, const ObjectDownload& expected, bool url_expires)
      : api_(api),
        sink_(sink),
        expires_(url_expires ? std::optional<UtcTime>(expected.expires) : std::nullopt),
        sha256_(DigestKind::kSha256, expected.sha256),
        sha512_(DigestKind::kSha512, expected.sha512) {}

  Result<void> begin(const http::Head& head) override {
    if (sink_ == nullptr) return take_size(head);
    sha256_.begin();
    sha512_.begin();
    return sink_->begin();
  }
  Result<void> take(std::string_view bytes) override {
    if (sink_ == nullptr) return {};
    sha256_.add(bytes);
    sha512_.add(bytes);
    return sink_->write(bytes);
  }
  bool again(http::Request& /*request*/) override { return !has_expired(); }
  void done(Result<http::Head> outcome) override { outcome_ = std::move(outcome); }

  bool has_expired() const { return expires_.has_value() && api_.now() >= *expires_; }

  Result<void> run(const std::string& url, const std::stop_token& stop) {
    // Not signed: the URL belongs to a store, which must not get Taskcluster's credentials.
    http::Request request{.url = url, .decodes = sink_ != nullptr};
    // A HEAD would need a different signature than the one in the URL.
    if (sink_ == nullptr) request.range = http::ByteRange{.first = 0, .count = 1};
    api_.client().start(std::move(request), *this, nullptr);
    while (!outcome_.has_value()) {
      auto far = std::chrono::steady_clock::now() + std::chrono::hours(1);
      auto stepped = api_.client().step(far, -1, stop);
      if (!stepped.ok() && !outcome_.has_value()) {
        api_.client().cancel(*this);
        static_cast<void>(api_.client().step(std::chrono::steady_clock::now(), -1, {}).ok());
      }
      if (!stepped.ok()) return stepped;
    }
    if (is_enough_) return {};
    if (!outcome_->ok()) return std::move(*outcome_).error();
    if (sink_ == nullptr) return {};
    if (sha256_.is_as_expected() && sha512_.is_as_expected()) return {};
    return bad_input("the bytes are not those that were uploaded: their hash is another one");
  }
  const std::optional<std::uint64_t>& size() const { return size_; }

 private:
  Result<void> take_size(const http::Head& head) {
    constexpr int kPartial = 206;
    is_enough_ = head.status != kPartial;
    auto range = http::parse_content_range(head.header("content-range").value_or(""));
    if (range.has_value()) size_ = range->total;
    if (!is_enough_) return {};
    size_ = http::parse_content_length(head.header("content-length").value_or(""));
    // The store does not support ranges and would send everything.
    return stopped();
  }

  Api& api_;
  ArtifactSink* const sink_;
  std::optional<std::uint64_t> size_;
  bool is_enough_ = false;
  const std::optional<UtcTime> expires_;
  Hash sha256_;
  Hash sha512_;
  std::optional<Result<http::Head>> outcome_;
};

Result<ObjectDownload> start_download(Api& api, const ArtifactContent& content, const std::stop_token& stop) {
  Question question{.name = "startDownload " + content.object_name,
                    .service = "object",
                    .method = "PUT",
                    .path = api_path({"start-download", content.object_name}),
                    .body = R"({"acceptDownloadMethods":{"getUrl":true}})"};
  TRY_ASSIGN(std::string body, api.ask_as(*content.credentials, question, stop));
  auto parsed = parse_object_download(body).context(question.name);
  Secret::wipe(body);  // contains a signed URL
  return parsed;
}

// The URL of an object is valid for only a minute; after that, a new one is requested.
Result<std::optional<std::uint64_t>> fetch_object(Api& api, const ArtifactContent& content, ArtifactSink* sink,
                                                  const std::stop_token& stop) {
  Result<void> outcome;
  for (std::size_t i = 0; i < kMaxObjectDownloads; ++i) {
    TRY_ASSIGN(ObjectDownload object, start_download(api, content, stop));
    Fetch fetch(api, sink, object, true);
    outcome = fetch.run(object.url, stop);
    if (outcome.ok()) return fetch.size();
    bool is_over = outcome.error().kind == ErrorKind::kBadInput || outcome.error().kind == ErrorKind::kStopped ||
                   !fetch.has_expired();
    if (is_over) break;
  }
  return std::move(outcome).error();
}

// Returns the size if `sink` is nullptr.
Result<std::optional<std::uint64_t>> fetch(Api& api, const ArtifactPlace& place, ArtifactSink* sink,
                                           const std::stop_token& stop) {
  TRY_ASSIGN(ArtifactContent content, Queue(api).artifact_content(place, stop));
  const std::string name = "artifact " + place.name + " of task " + place.task_id;
  if (content.kind == ArtifactContent::Kind::kError) {
    return not_found(name + " has no bytes, only the worker's error " + content.reason + ": " + content.message);
  }
  if (content.kind == ArtifactContent::Kind::kObject) return fetch_object(api, content, sink, stop).context(name);
  Fetch fetch(api, sink, {}, false);
  TRY(fetch.run(content.url, stop).context(name));
  return fetch.size();
}

}  // namespace

Result<void> download(Api& api, const ArtifactPlace& place, ArtifactSink& sink, const std::stop_token& stop) {
  TRY(fetch(api, place, &sink, stop));
  return {};
}

Result<std::optional<std::uint64_t>> stored_bytes(Api& api, const ArtifactPlace& place, const std::stop_token& stop) {
  return fetch(api, place, nullptr, stop);
}

}  // namespace quern::taskcluster
