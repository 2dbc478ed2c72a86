#include "services/taskcluster/download.h"

#include <openssl/evp.h>

#include <array>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "base/secret.h"
#include "model/limits.h"
#include "services/taskcluster/root_url.h"

namespace quern::taskcluster {
namespace {

// A hash of bytes as they come, or nothing where none is expected.
class Hash {
 public:
  Hash(const EVP_MD* algorithm, std::string expected)
      : algorithm_(algorithm), expected_(std::move(expected)), context_(::EVP_MD_CTX_new()) {
    CHECK(context_ != nullptr);
  }
  void begin() { CHECK(::EVP_DigestInit_ex(context_.get(), algorithm_, nullptr) == 1); }
  void add(std::string_view bytes) {
    if (!expected_.empty()) CHECK(::EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()) == 1);
  }
  bool is_as_expected() {
    if (expected_.empty()) return true;
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned size = 0;
    CHECK(::EVP_DigestFinal_ex(context_.get(), digest.data(), &size) == 1);
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::string text;
    for (unsigned i = 0; i < size; ++i) {
      text += kDigits[digest[i] >> 4U];
      text += kDigits[digest[i] & 15U];
    }
    return text == expected_;
  }

 private:
  struct Free {
    void operator()(EVP_MD_CTX* context) const { ::EVP_MD_CTX_free(context); }
  };
  const EVP_MD* algorithm_;
  const std::string expected_;
  const std::unique_ptr<EVP_MD_CTX, Free> context_;
};

// One GET with its attempts, each from the first byte.
class Fetch final : public http::Receiver {
 public:
  Fetch(Api& api, ArtifactSink& sink, const ObjectDownload& expected, bool url_expires)
      : api_(api),
        sink_(sink),
        expires_(url_expires ? std::optional<UtcTime>(expected.expires) : std::nullopt),
        sha256_(::EVP_sha256(), expected.sha256),
        sha512_(::EVP_sha512(), expected.sha512) {}

  Result<void> begin(const http::Head& /*head*/) override {
    sha256_.begin();
    sha512_.begin();
    return sink_.begin();
  }
  Result<void> take(std::string_view bytes) override {
    sha256_.add(bytes);
    sha512_.add(bytes);
    return sink_.write(bytes);
  }
  bool again(http::Request& /*request*/) override { return !has_expired(); }
  void done(Result<http::Head> outcome) override { outcome_ = std::move(outcome); }

  bool has_expired() const { return expires_.has_value() && api_.now() >= *expires_; }

  Result<void> run(const std::string& url, const std::stop_token& stop) {
    // Without a signer: the URL is a store's, of which Taskcluster's credentials are no business.
    api_.client().start({.url = url, .decodes = true}, *this, nullptr);
    while (!outcome_.has_value()) {
      auto far = std::chrono::steady_clock::now() + std::chrono::hours(1);
      auto stepped = api_.client().step(far, -1, stop);
      if (!stepped.ok() && !outcome_.has_value()) {
        api_.client().cancel(*this);
        static_cast<void>(api_.client().step(std::chrono::steady_clock::now(), -1, {}).ok());
      }
      if (!stepped.ok()) return stepped;
    }
    if (!outcome_->ok()) return std::move(*outcome_).error();
    if (sha256_.is_as_expected() && sha512_.is_as_expected()) return {};
    return bad_input("the bytes are not those that were uploaded: their hash is another one");
  }

 private:
  Api& api_;
  ArtifactSink& sink_;
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
  Secret::wipe(body);  // It holds a signed URL.
  return parsed;
}

// The URL of an object is good for a minute only, so that after it another one is asked for.
Result<void> download_object(Api& api, const ArtifactContent& content, ArtifactSink& sink,
                             const std::stop_token& stop) {
  Result<void> outcome;
  for (std::size_t i = 0; i < limits::kMaxObjectDownloads; ++i) {
    TRY_ASSIGN(ObjectDownload object, start_download(api, content, stop));
    Fetch fetch(api, sink, object, true);
    outcome = fetch.run(object.url, stop);
    bool is_over = outcome.ok() || outcome.error().kind == ErrorKind::kBadInput ||
                   outcome.error().kind == ErrorKind::kStopped || !fetch.has_expired();
    if (is_over) return outcome;
  }
  return outcome;
}

}  // namespace

Result<void> download(Api& api, const ArtifactPlace& place, ArtifactSink& sink, const std::stop_token& stop) {
  TRY_ASSIGN(ArtifactContent content, Queue(api).artifact_content(place, stop));
  const std::string name = "artifact " + place.name + " of task " + place.task_id;
  if (content.kind == ArtifactContent::Kind::kError) {
    return not_found(name + " has no bytes, only the worker's error " + content.reason + ": " + content.message);
  }
  if (content.kind == ArtifactContent::Kind::kObject) return download_object(api, content, sink, stop).context(name);
  return Fetch(api, sink, {}, false).run(content.url, stop).context(name);
}

}  // namespace quern::taskcluster
