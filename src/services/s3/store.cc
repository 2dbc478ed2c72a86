#include "services/s3/store.h"

#include <charconv>
#include <chrono>
#include <map>
#include <set>
#include <string_view>
#include <utility>

#include "base/encoding.h"
#include "model/limits.h"
#include "services/s3/error_document.h"
#include "services/s3/xml.h"

namespace quern::s3 {
namespace {

constexpr int kNotFound = 404;

// Returns the object's size from "bytes 0-0/123" or "bytes */0".
std::optional<std::uint64_t> size_in_range(std::string_view content_range) {
  std::size_t slash = content_range.rfind('/');
  if (slash == std::string_view::npos) return std::nullopt;
  std::string_view text = content_range.substr(slash + 1);
  std::uint64_t size_bytes = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), size_bytes);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return size_bytes;
}

class ServerStore final : public Store {
 public:
  ServerStore(StoreOptions options, http::Client& client, CredentialProvider& provider, Clock now)
      : options_(std::move(options)), client_(client), provider_(provider), now_(std::move(now)) {}

  Result<void> list(const ListRequest& request, const std::function<Result<void>(const Object&)>& take,
                    const std::stop_token& stop) override;
  Result<std::optional<Object>> head(const std::string& bucket, const std::string& key,
                                     const std::stop_token& stop) override;
  Result<ObjectRequest> object_request(const std::string& bucket, const std::string& key,
                                       const std::stop_token& stop) override;
  Result<http::Response> change(const ChangeRequest& request, const std::stop_token& stop) override;
  Error explain(const http::Response& refusal, const std::string& bucket) override {
    return explain(refusal, bucket, "", "s3:GetObject");
  }

 private:
  struct Question {
    std::string method = "GET";
    std::string bucket;
    std::string key = {};
    std::string query = {};
    std::optional<http::ByteRange> range = {};
    std::chrono::milliseconds longest{0};
    std::vector<http::Header> headers = {};
    std::string_view body = {};
  };

  std::string region_of(const std::string& bucket) const;
  http::Signer& signer_for(const std::string& region);
  Result<http::Response> ask(const Question& question, const std::stop_token& stop);
  std::vector<http::Header> headers() const;
  Error explain(const http::Response& response, const std::string& bucket, std::string name, std::string permission);
  Result<std::optional<Object>> head_by_range(const std::string& bucket, const std::string& key,
                                              const std::stop_token& stop);
  Result<void> learn_region(const std::string& bucket, const std::stop_token& stop);

  const StoreOptions options_;
  http::Client& client_;
  CredentialProvider& provider_;
  const Clock now_;
  std::map<std::string, std::string> regions_;  // of buckets that are not in options_.region
  std::set<std::string> asked_;                 // buckets that have answered, so their region is known
  std::map<std::string, std::unique_ptr<http::Signer>> signers_;
};

std::string ServerStore::region_of(const std::string& bucket) const {
  auto found = regions_.find(bucket);
  return found == regions_.end() ? options_.region : found->second;
}

http::Signer& ServerStore::signer_for(const std::string& region) {
  std::unique_ptr<http::Signer>& signer = signers_[region];
  if (signer == nullptr) signer = make_signer(for_s3(region), provider_, now_);
  return *signer;
}

// The headers of all requests.
std::vector<http::Header> ServerStore::headers() const {
  if (!options_.requester_pays) return {};
  return {{.name = "x-amz-request-payer", .value = "requester"}};
}

// Sends the request again if the server names another region for the bucket, but only once; any later answer is
// returned.
Result<http::Response> ServerStore::ask(const Question& question, const std::stop_token& stop) {
  for (bool is_first = true; true; is_first = false) {
    std::string region = region_of(question.bucket);
    http::Request request{.method = question.method,
                          .url = object_url(options_.address, question.bucket, question.key, region),
                          .headers = headers(),
                          .body = std::string(question.body),
                          .range = question.range,
                          .longest = question.longest,
                          .keeps_refusals = true};
    if (!question.query.empty()) request.url += "?" + question.query;
    request.headers.insert(request.headers.end(), question.headers.begin(), question.headers.end());
    TRY_ASSIGN(http::Response response, client_.call(request, &signer_for(region), stop));
    std::string other = response.head.status < 300 ? "" : region_in(response);
    if (!is_first || other.empty() || other == region) {
      // A refusal without a body does not confirm the region.
      if (question.method != "HEAD" || response.head.status < 300) asked_.insert(question.bucket);
      return response;
    }
    regions_[question.bucket] = std::move(other);
  }
}

Error ServerStore::explain(const http::Response& response, const std::string& bucket, std::string name,
                           std::string permission) {
  auto credentials = provider_.current({});
  if (!credentials.ok()) {
    return name.empty() ? std::move(credentials).error() : std::move(credentials).error().with_context(name);
  }
  Asked asked{.name = std::move(name),
              .bucket = bucket,
              .permission = std::move(permission),
              .region = region_of(bucket),
              .credentials = credentials.value(),
              .pays = options_.requester_pays};
  return explain_refusal(response, asked, now_());
}

Result<void> ServerStore::list(const ListRequest& request, const std::function<Result<void>(const Object&)>& take,
                               const std::stop_token& stop) {
  std::string name = "listing " + format_s3_url(request.bucket, request.prefix);
  Question question{.bucket = request.bucket};
  std::string token;
  while (true) {
    // The parameters are in the order of their names, as they are signed.
    question.query = token.empty() ? "" : "continuation-token=" + percent_encode(token) + "&";
    if (!request.delimiter.empty()) question.query += "delimiter=" + percent_encode(request.delimiter) + "&";
    question.query += "encoding-type=url&list-type=2&prefix=" + percent_encode(request.prefix);
    auto response = ask(question, stop).context(name);
    if (!response.ok()) return std::move(response).error();
    if (response.value().head.status >= 300) {
      return explain(response.value(), request.bucket, name, "s3:ListBucket");
    }
    auto page = parse_list_page(response.value().body).context(name);
    if (!page.ok()) return std::move(page).error();
    for (const Object& object : page.value().objects) TRY(take(object));
    if (page.value().next_token.empty()) return {};
    if (page.value().next_token == token) {
      return bad_input(name + ": the server gives the same page again and again; it does not know ListObjectsV2");
    }
    token = std::move(page.value().next_token);
  }
}

Result<std::optional<Object>> ServerStore::head(const std::string& bucket, const std::string& key,
                                                const std::stop_token& stop) {
  Question question{.method = "HEAD", .bucket = bucket, .key = key, .longest = limits::kHeadTimeout};
  auto response = ask(question, stop).context(format_s3_url(bucket, key));
  if (!response.ok()) {
    if (response.error().kind == ErrorKind::kStopped) return std::move(response).error();
    return head_by_range(bucket, key, stop);
  }
  const http::Head& head = response.value().head;
  // A missing bucket results in the same status; listing and getting report it.
  if (head.status == kNotFound) return std::optional<Object>();
  if (head.status >= 300) return head_by_range(bucket, key, stop);
  Object object{.key = key, .etag = std::string(head.header("etag").value_or(""))};
  std::string_view length = head.header("content-length").value_or("");
  auto [end, error] = std::from_chars(length.data(), length.data() + length.size(), object.size_bytes);
  if (length.empty() || error != std::errc() || end != length.data() + length.size()) {
    return bad_input(format_s3_url(bucket, key) + ": the server does not say how large it is");
  }
  return std::optional<Object>(std::move(object));
}

// The answer to a HEAD has no body, so the server cannot explain a refusal. The answer to a GET of one byte has one.
Result<std::optional<Object>> ServerStore::head_by_range(const std::string& bucket, const std::string& key,
                                                         const std::stop_token& stop) {
  constexpr int kRangeNotSatisfiable = 416;  // for an empty object
  Question question{.bucket = bucket, .key = key, .range = http::ByteRange{.first = 0, .count = 1}};
  auto response = ask(question, stop).context(format_s3_url(bucket, key));
  if (!response.ok()) return std::move(response).error();
  const http::Head& head = response.value().head;
  if (head.status == kNotFound) return std::optional<Object>();
  auto size_bytes = size_in_range(head.header("content-range").value_or(""));
  if (head.status >= 300 && head.status != kRangeNotSatisfiable) {
    return explain(response.value(), bucket, format_s3_url(bucket, key), "s3:GetObject");
  }
  if (!size_bytes.has_value()) {
    return bad_input(format_s3_url(bucket, key) + ": the server does not say how large it is");
  }
  return std::optional<Object>(
      Object{.key = key, .size_bytes = *size_bytes, .etag = std::string(head.header("etag").value_or(""))});
}

// Any request will do, even one that is refused, because the server checks the region first. The answer itself does not
// matter: getting the object will report any problem.
Result<void> ServerStore::learn_region(const std::string& bucket, const std::stop_token& stop) {
  Question question{.bucket = bucket, .query = "list-type=2&max-keys=1"};
  auto response = ask(question, stop).context("asking for the region of the bucket " + bucket);
  if (!response.ok()) return std::move(response).error();
  return {};
}

Result<ObjectRequest> ServerStore::object_request(const std::string& bucket, const std::string& key,
                                                  const std::stop_token& stop) {
  if (!asked_.contains(bucket)) TRY(learn_region(bucket, stop));
  std::string region = region_of(bucket);
  ObjectRequest object{.request = {.url = object_url(options_.address, bucket, key, region), .headers = headers()},
                       .signer = &signer_for(region)};
  // Makes AWS send the checksums that it has of an object; other servers ignore it.
  object.request.headers.push_back({.name = "x-amz-checksum-mode", .value = "ENABLED"});
  return object;
}

Result<http::Response> ServerStore::change(const ChangeRequest& request, const std::stop_token& stop) {
  const std::string name = format_s3_url(request.bucket, request.key);
  const Question question{.method = request.method,
                          .bucket = request.bucket,
                          .key = request.key,
                          .query = request.query,
                          .longest = request.longest,
                          .headers = request.headers,
                          .body = request.body};
  TRY_ASSIGN(http::Response response, ask(question, stop).context(name));
  if (response.head.status < 300) return response;
  return explain(response, request.bucket, name,
                 request.method == "DELETE" ? "s3:AbortMultipartUpload" : "s3:PutObject");
}

}  // namespace

Result<std::unique_ptr<Store>> make_store(StoreOptions options, http::Client& client, CredentialProvider& provider,
                                          Clock now) {
  TRY(check_address_options(options.address));
  TRY(check_region(options.region));
  return std::unique_ptr<Store>(std::make_unique<ServerStore>(std::move(options), client, provider, std::move(now)));
}

}  // namespace quern::s3
