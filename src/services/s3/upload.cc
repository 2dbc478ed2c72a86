#include "services/s3/upload.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "base/digest.h"
#include "base/encoding.h"
#include "services/s3/xml.h"

namespace quern::s3 {
namespace {

// How often an upload that failed is removed, and how long one try may take: it is done after a Ctrl-C, too.
constexpr std::size_t kAbortAttempts = 3;
constexpr std::chrono::seconds kAbortTimeout{10};

constexpr int kNoSuchUpload = 404;
// An upload can fail to be completed although its parts are there, and although the status is 200.
constexpr std::size_t kCompleteAttempts = 3;

std::string md5(std::string_view bytes) {
  Digest digest(DigestKind::kMd5);
  digest.add(bytes);
  return digest.value();
}

// Whether the ETag is something else than an MD5, because the object is encrypted with a key of its own.
bool has_own_key(const http::Head& head) {
  return head.header("x-amz-server-side-encryption-customer-algorithm").has_value() ||
         head.header("x-amz-server-side-encryption").value_or("").starts_with("aws:kms");
}

Result<void> check_etag(std::string_view etag, const std::string& expected) {
  if (etag == '"' + expected + '"') return {};
  return bad_input(
      fmt::format("the server has stored other bytes than were sent: their ETag is {}, not \"{}\"", etag, expected));
}

class Upload {
 public:
  Upload(Store& store, const UploadRequest& request, const std::stop_token& stop)
      : store_(store),
        request_(request),
        stop_(stop),
        part_bytes_(std::max<std::uint64_t>(
            request.part_bytes, (request.size_bytes + limits::kMostUploadParts - 1) / limits::kMostUploadParts)) {}

  Result<void> put();
  Result<void> begin();
  Result<void> send_parts();
  Result<void> complete();
  // Removes the parts that were sent. Not stopped by a stop request, which may be the reason for it.
  Result<void> remove();

 private:
  ChangeRequest change(std::string method, std::string query) const {
    return {.method = std::move(method), .bucket = request_.bucket, .key = request_.key, .query = std::move(query)};
  }
  std::string upload_query() const { return "uploadId=" + percent_encode(id_); }
  // Sends the next bytes, and returns their ETag.
  Result<std::string> send(ChangeRequest change, std::uint64_t bytes);
  Result<bool> try_to_complete();
  Result<bool> is_completed();
  std::string expected_etag() const { return fmt::format("{}-{}", hex_encode(md5(digests_)), etags_.size()); }

  Store& store_;
  const UploadRequest& request_;
  const std::stop_token stop_;
  const std::uint64_t part_bytes_;
  std::string id_;
  std::string body_;  // of a part
  std::vector<std::string> etags_;
  std::string digests_;  // of the parts, one after the other
  bool has_digests_ = true;
};

Result<std::string> Upload::send(ChangeRequest change, std::uint64_t bytes) {
  change.body = std::move(body_);
  change.body.resize(bytes);
  TRY(request_.read(change.body));
  const std::string digest = md5(change.body);
  change.headers.push_back({.name = "Content-MD5", .value = base64_encode(digest)});
  TRY_ASSIGN(const http::Response response, store_.change(change, stop_));
  body_ = std::move(change.body);
  std::string etag(response.head.header("etag").value_or(""));
  digests_ += digest;
  has_digests_ = has_digests_ && !has_own_key(response.head);
  if (has_digests_) TRY(check_etag(etag, hex_encode(digest)).context(format_s3_url(request_.bucket, request_.key)));
  return etag;
}

Result<void> Upload::put() {
  auto sent = send(change("PUT", ""), request_.size_bytes);
  return sent.ok() ? Result<void>() : std::move(sent).error();
}

Result<void> Upload::begin() {
  TRY_ASSIGN(const http::Response response, store_.change(change("POST", "uploads="), stop_));
  TRY_ASSIGN(id_, parse_upload_id(response.body).context(format_s3_url(request_.bucket, request_.key)));
  return {};
}

Result<void> Upload::send_parts() {
  for (std::uint64_t sent = 0; sent < request_.size_bytes; sent += part_bytes_) {
    const std::string query = fmt::format("partNumber={}&{}", etags_.size() + 1, upload_query());
    TRY_ASSIGN(std::string etag, send(change("PUT", query), std::min(part_bytes_, request_.size_bytes - sent)));
    etags_.push_back(std::move(etag));
  }
  return {};
}

Result<void> Upload::complete() {
  for (std::size_t attempt = 1; true; ++attempt) {
    auto completed = try_to_complete();
    // If the answer to an earlier attempt was lost, the server no longer knows the upload.
    if (!completed.ok() && completed.error().code == kNoSuchUpload) {
      TRY_ASSIGN(const bool is_there, is_completed());
      if (is_there) return {};
    }
    if (!completed.ok()) return std::move(completed).error();
    if (completed.value()) return {};
    if (attempt == kCompleteAttempts) {
      return Error{.kind = ErrorKind::kRetry,
                   .message = fmt::format("{}: the server could not put the parts together; try again later",
                                          format_s3_url(request_.bucket, request_.key))};
    }
  }
}

// Returns false if the server failed and may be asked again.
Result<bool> Upload::try_to_complete() {
  ChangeRequest change = this->change("POST", upload_query());
  change.body = "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">";
  for (std::size_t i = 0; i < etags_.size(); ++i) {
    change.body += fmt::format("<Part><PartNumber>{}</PartNumber><ETag>{}</ETag></Part>", i + 1, xml_text(etags_[i]));
  }
  change.body += "</CompleteMultipartUpload>";
  TRY_ASSIGN(const http::Response response, store_.change(change, stop_));
  if (!parse_error_document(response.body).code.empty()) return false;
  auto etag = parse_completed_upload(response.body).context(format_s3_url(request_.bucket, request_.key));
  if (!etag.ok()) return std::move(etag).error();
  // The parts were compared; some servers make up the ETag of the whole in other ways.
  const bool is_digest_of_parts = etag.value().ends_with(fmt::format("-{}\"", etags_.size()));
  if (is_digest_of_parts && has_digests_ && !has_own_key(response.head)) {
    TRY(check_etag(etag.value(), expected_etag()).context(format_s3_url(request_.bucket, request_.key)));
  }
  return true;
}

Result<bool> Upload::is_completed() {
  TRY_ASSIGN(const std::optional<Object> object, store_.head(request_.bucket, request_.key, stop_));
  if (!object.has_value()) return false;
  if (has_digests_) return check_etag(object->etag, expected_etag()).ok();
  return object->size_bytes == request_.size_bytes && object->etag.ends_with(fmt::format("-{}\"", etags_.size()));
}

Result<void> Upload::remove() {
  ChangeRequest change = this->change("DELETE", upload_query());
  change.longest = kAbortTimeout;
  for (std::size_t attempt = 1; true; ++attempt) {
    auto removed = store_.change(change, {});
    if (removed.ok() || removed.error().code == kNoSuchUpload) return {};
    if (attempt < kAbortAttempts && removed.error().kind != ErrorKind::kDenied) continue;
    return std::move(removed).error().with_context(
        fmt::format("parts of the upload {} may remain on the server, and may cost money", id_));
  }
}

}  // namespace

Result<void> upload(Store& store, const UploadRequest& request, const std::stop_token& stop) {
  Upload upload(store, request, stop);
  if (request.size_bytes < request.part_bytes) return upload.put();
  TRY(upload.begin());
  auto sent = upload.send_parts();
  if (sent.ok()) sent = upload.complete();
  if (sent.ok()) return {};
  Error error = std::move(sent).error();
  if (auto removed = upload.remove(); !removed.ok()) error.message += "; " + removed.error().message;
  return error;
}

Result<void> try_upload(Store& store, const std::string& bucket, const std::string& key, const std::stop_token& stop) {
  const UploadRequest request{.bucket = bucket, .key = key};
  Upload upload(store, request, stop);
  TRY(upload.begin());
  return upload.remove();
}

}  // namespace quern::s3
