#include "stages/fetch/verification.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/encoding.h"
#include "model/limits.h"
#include "services/http/head_reader.h"

// If the first answer has no checksum of the whole object, a HEAD asks for one. If there is still none and the ETag is
// that of an upload in parts, HEADs with partNumber ask for the size of the first part and the last but one, as the
// ETag is the MD5 of the parts' MD5s. If the server does not answer these, the usual sizes are tried one after another.
// docs/decisions/0013 has the reasons.

namespace quern::fetch {
namespace {

std::uint64_t parts_of(std::uint64_t size_bytes, std::uint64_t part_bytes) {
  return (size_bytes + part_bytes - 1) / part_bytes;
}

}  // namespace

void Verification::begin(const http::Head& head, const About& about) {
  etag_ = head.header("etag").value_or("");
  size_bytes_ = about.size_bytes.value_or(0);
  use(checksum_of(head));
  if (checksum_.has_value() || !about.is_asked_of_s3) return;
  parts_ = parts_etag_of(head);
  if (head.status == 206 || about.was_damaged) {
    question_ = Question::kWhole;
  } else {
    ask_for_parts();
  }
}

void Verification::use(std::optional<Checksum> checksum) {
  checksum_ = std::move(checksum);
  forget_bytes();
}

void Verification::forget_bytes() {
  digested_bytes_ = 0;
  digest_ = checksum_.has_value() ? make_running_checksum(*checksum_) : nullptr;
}

void Verification::add(std::string_view bytes) {
  digest_->add(bytes);
  digested_bytes_ += bytes.size();
}

void Verification::ask_for_parts() {
  const bool can_have_parts = parts_.has_value() && size_bytes_ > 0 && parts_->count <= size_bytes_;
  question_ = can_have_parts ? Question::kFirstPart : Question::kNone;
}

http::Request Verification::question(const http::Request& get) const {
  http::Request request = get;
  request.method = "HEAD";
  request.longest = limits::kHeadTimeout;
  if (question_ == Question::kWhole) return request;
  const std::uint64_t part = question_ == Question::kFirstPart ? 1 : parts_->count - 1;
  request.url += (request.url.find('?') == std::string::npos ? "?partNumber=" : "&partNumber=") + std::to_string(part);
  return request;
}

// https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html: with a partNumber, the length is that of the
// part, and x-amz-mp-parts-count shows that the server supports it.
void Verification::answer(const http::Head* head) {
  const Question asked = std::exchange(question_, Question::kNone);
  if (head != nullptr && head->header("etag").value_or("") != etag_) head = nullptr;
  if (asked == Question::kWhole) {
    if (head != nullptr) use(checksum_of(*head));
    if (!checksum_.has_value()) ask_for_parts();
    return;
  }
  std::optional<std::uint64_t> bytes;
  if (head != nullptr && head->header("x-amz-mp-parts-count").value_or("") == std::to_string(parts_->count)) {
    bytes = http::parse_content_length(head->header("content-length").value_or(""));
  }
  if (bytes.value_or(0) == 0) return guess_parts();
  const bool fits = parts_of(size_bytes_, *bytes) == parts_->count;
  if (asked == Question::kFirstPart && parts_->count > 2 && fits) {
    first_part_bytes_ = *bytes;
    question_ = Question::kLaterPart;
    return;
  }
  // Only two parts are asked for, so other parts may still have different sizes.
  const bool is_same = asked == Question::kFirstPart || *bytes == first_part_bytes_;
  if (is_same && fits) use_parts({*bytes}, true);
}

// Guesses the usual sizes: those of AWS's tools, Hadoop and others, and the smallest whole MiB that results in this
// many parts.
void Verification::guess_parts() {
  constexpr std::array<std::uint64_t, 6> kUsual = {8, 16, 5, 15, 64, 100};
  std::vector<std::uint64_t> sizes;
  auto add = [&](std::uint64_t bytes) {
    bool is_new = std::find(sizes.begin(), sizes.end(), bytes) == sizes.end();
    if (is_new && parts_of(size_bytes_, bytes) == parts_->count) sizes.push_back(bytes);
  };
  for (std::uint64_t mebibytes : kUsual) add(mebibytes * limits::kMiB);
  add(parts_of(parts_of(size_bytes_, parts_->count), limits::kMiB) * limits::kMiB);
  use_parts(std::move(sizes), false);
}

void Verification::use_parts(std::vector<std::uint64_t> sizes, bool is_certain) {
  part_sizes_ = std::move(sizes);
  is_certain_ = is_certain;
  std::optional<Checksum> checksum;
  if (!part_sizes_.empty()) {
    checksum = Checksum{.algorithm = Checksum::Algorithm::kMd5OfParts,
                        .value = parts_->value,
                        .name = "ETag of " + std::to_string(parts_->count) + " parts",
                        .part_bytes = part_sizes_.front()};
  }
  use(std::move(checksum));
}

Result<Verification::Verdict> Verification::judge() {
  if (digest_ == nullptr) return Verdict::kUnknown;
  std::string value = digest_->value();
  if (value == checksum_->value) return Verdict::kRight;
  if (!is_certain_) {
    // If the parts had none of these sizes, that does not mean that the bytes are wrong.
    part_sizes_.erase(part_sizes_.begin());
    use_parts(std::exchange(part_sizes_, {}), false);
    return digest_ == nullptr ? Verdict::kUnknown : Verdict::kOtherParts;
  }
  std::string message = "checksum: " + checksum_->name + " says " + hex_encode(checksum_->value);
  message.append(", but the bytes that came have ").append(hex_encode(value));
  return bad_input(std::move(message));
}

}  // namespace quern::fetch
