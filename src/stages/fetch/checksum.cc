#include "stages/fetch/checksum.h"

#include <isa-l.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <utility>

#include "base/coding.h"
#include "base/digest.h"
#include "base/encoding.h"
#include "base/result.h"
#include "services/http/head_reader.h"

namespace quern::fetch {
namespace {

using Algorithm = Checksum::Algorithm;

struct Known {
  const char* header;
  Algorithm algorithm;
  std::size_t bytes;
};
// In order of cost, the cheapest first.
constexpr std::array<Known, 5> kKnown = {{{"x-amz-checksum-crc32c", Algorithm::kCrc32c, 4},
                                          {"x-amz-checksum-crc32", Algorithm::kCrc32, 4},
                                          {"x-amz-checksum-crc64nvme", Algorithm::kCrc64Nvme, 8},
                                          {"x-amz-checksum-sha256", Algorithm::kSha256, 32},
                                          {"x-amz-checksum-sha1", Algorithm::kSha1, 20}}};

// Returns nothing if `text` is not the base64 form of exactly this many bytes.
std::optional<std::string> from_base64(std::string_view text, std::size_t bytes) {
  auto decoded = base64_decode(text);
  if (decoded.has_value() && decoded->size() != bytes) decoded.reset();
  return decoded;
}

constexpr std::size_t kMd5Digits = 32;

std::optional<std::string> from_md5_digits(std::string_view digits) {
  return is_lower_hex(digits, kMd5Digits) ? hex_decode(digits) : std::nullopt;
}

std::string big_endian(std::uint64_t value, unsigned bytes) {
  std::string text;
  for (unsigned i = bytes; i-- > 0;) text += static_cast<char>(value >> (8 * i) & 0xFFU);
  return text;
}

class Crc final : public RunningChecksum {
 public:
  explicit Crc(bool is_castagnoli) : is_castagnoli_(is_castagnoli), value_(is_castagnoli ? 0xFFFFFFFFU : 0) {}

  void add(std::string_view bytes) override {
    while (!bytes.empty()) {
      // The function for Castagnoli CRCs takes its length as an int.
      std::string_view piece = bytes.substr(0, std::numeric_limits<int>::max());
      bytes.remove_prefix(piece.size());
      auto* data = reinterpret_cast<unsigned char*>(const_cast<char*>(piece.data()));
      value_ = is_castagnoli_ ? ::crc32_iscsi(data, static_cast<int>(piece.size()), value_)
                              : ::crc32_gzip_refl(value_, data, piece.size());
    }
  }
  std::string value() override { return big_endian(is_castagnoli_ ? ~value_ : value_, 4); }

 private:
  const bool is_castagnoli_;
  std::uint32_t value_;
};

// CRC-64/NVME (NVM Express, NVM Command Set Specification 1.0, section 5.2.1.3.4), reflected, eight bytes at a time:
// kTables[i] has the remainders of a byte that is followed by i others. ISA-L supports it from 2.31 on; Debian 12 has
// 2.30.
using Crc64Tables = std::array<std::array<std::uint64_t, 256>, 8>;
constexpr Crc64Tables make_crc64_tables() {
  constexpr std::uint64_t kPolynomial = 0x9A6C9329AC4BC9B5U;
  Crc64Tables tables{};
  for (std::uint64_t byte = 0; byte < 256; ++byte) {
    std::uint64_t remainder = byte;
    for (int bit = 0; bit < 8; ++bit) remainder = (remainder >> 1) ^ ((remainder & 1) != 0 ? kPolynomial : 0);
    tables[0][byte] = remainder;
  }
  for (std::size_t i = 1; i < tables.size(); ++i) {
    for (std::size_t byte = 0; byte < 256; ++byte) {
      const std::uint64_t before = tables[i - 1][byte];
      tables[i][byte] = (before >> 8) ^ tables[0][before & 0xFF];
    }
  }
  return tables;
}
constexpr Crc64Tables kCrc64Tables = make_crc64_tables();

class Crc64Nvme final : public RunningChecksum {
 public:
  void add(std::string_view bytes) override {
    std::uint64_t crc = crc_;
    while (bytes.size() >= 8) {
      const auto word = load_number<std::uint64_t>(bytes.data()) ^ crc;
      crc = 0;
      for (unsigned i = 0; i < 8; ++i) crc ^= kCrc64Tables[7 - i][word >> (8 * i) & 0xFF];
      bytes.remove_prefix(8);
    }
    for (char c : bytes) crc = (crc >> 8) ^ kCrc64Tables[0][(crc ^ static_cast<unsigned char>(c)) & 0xFF];
    crc_ = crc;
  }
  std::string value() override { return big_endian(~crc_, 8); }

 private:
  std::uint64_t crc_ = ~std::uint64_t{0};
};

class Cryptographic final : public RunningChecksum {
 public:
  explicit Cryptographic(DigestKind kind) : digest_(kind) {}
  void add(std::string_view bytes) override { digest_.add(bytes); }
  std::string value() override { return digest_.value(); }

 private:
  Digest digest_;
};

class Md5OfParts final : public RunningChecksum {
 public:
  explicit Md5OfParts(std::uint64_t part_bytes) : part_bytes_(part_bytes) {}

  void add(std::string_view bytes) override {
    while (!bytes.empty()) {
      if (!part_.has_value()) part_.emplace(DigestKind::kMd5);
      std::string_view piece = bytes.substr(0, part_bytes_ - taken_);
      part_->add(piece);
      bytes.remove_prefix(piece.size());
      taken_ += piece.size();
      if (taken_ == part_bytes_) end_part();
    }
  }
  std::string value() override {
    if (part_.has_value()) end_part();
    return all_.value();
  }

 private:
  void end_part() {
    all_.add(part_->value());
    part_.reset();
    taken_ = 0;
  }

  const std::uint64_t part_bytes_;
  Digest all_{DigestKind::kMd5};
  std::optional<Digest> part_;
  std::uint64_t taken_ = 0;  // of the current part
};

// Returns "" if there are no quotes around it; a weak ETag does not begin with one.
std::string_view unquoted(std::string_view etag) {
  if (etag.size() < 2 || !etag.starts_with('"') || !etag.ends_with('"')) return "";
  return etag.substr(1, etag.size() - 2);
}

// Whether the object is encrypted in a way that makes its ETag something else than an MD5 of its bytes.
bool has_own_key(const http::Head& head) {
  if (head.header("x-amz-server-side-encryption-customer-algorithm").has_value()) return true;
  return head.header("x-amz-server-side-encryption").value_or("").starts_with("aws:kms");
}

constexpr int kPartialContent = 206;

// True also for a range that covers the whole object.
bool is_whole(const http::Head& head) {
  if (head.status != kPartialContent) return head.status == 200;
  auto range = http::parse_content_range(head.header("content-range").value_or(""));
  return range.has_value() && range->first == 0 && range->count == range->total;
}

}  // namespace

bool is_of_s3(const http::Head& head) {
  return head.header("x-amz-request-id").has_value() || head.header("x-amz-id-2").has_value();
}

std::optional<Checksum> checksum_of(const http::Head& head) {
  // A checksum that comes with a range is that of a part, unless the answer says otherwise.
  const std::string_view type = head.header("x-amz-checksum-type").value_or("");
  const bool may_be_of_all = is_whole(head) && type.empty() && !parts_etag_of(head).has_value();
  if (type == "FULL_OBJECT" || may_be_of_all) {
    for (const Known& known : kKnown) {
      auto value = from_base64(head.header(known.header).value_or(""), known.bytes);
      if (value.has_value()) return Checksum{known.algorithm, std::move(*value), known.header};
    }
  }
  if (!is_of_s3(head) || has_own_key(head)) return std::nullopt;
  auto md5 = from_md5_digits(unquoted(head.header("etag").value_or("")));
  if (!md5.has_value()) return std::nullopt;
  return Checksum{Algorithm::kMd5, std::move(*md5), "ETag"};
}

std::optional<PartsEtag> parts_etag_of(const http::Head& head) {
  if (has_own_key(head)) return std::nullopt;
  const std::string_view etag = unquoted(head.header("etag").value_or(""));
  const std::string_view count = etag.substr(std::min(etag.size(), kMd5Digits));
  auto md5 = from_md5_digits(etag.substr(0, kMd5Digits));
  if (!md5.has_value() || !count.starts_with('-')) return std::nullopt;
  PartsEtag parts{.value = std::move(*md5)};
  auto [end, error] = std::from_chars(count.data() + 1, count.data() + count.size(), parts.count);
  if (error != std::errc() || end != count.data() + count.size() || parts.count == 0) return std::nullopt;
  return parts;
}

std::unique_ptr<RunningChecksum> make_running_checksum(const Checksum& checksum) {
  switch (checksum.algorithm) {
    case Algorithm::kCrc32c:
      return std::make_unique<Crc>(true);
    case Algorithm::kCrc32:
      return std::make_unique<Crc>(false);
    case Algorithm::kCrc64Nvme:
      return std::make_unique<Crc64Nvme>();
    case Algorithm::kSha256:
      return std::make_unique<Cryptographic>(DigestKind::kSha256);
    case Algorithm::kSha1:
      return std::make_unique<Cryptographic>(DigestKind::kSha1);
    case Algorithm::kMd5OfParts:
      return std::make_unique<Md5OfParts>(checksum.part_bytes);
    case Algorithm::kMd5:
      break;
  }
  return std::make_unique<Cryptographic>(DigestKind::kMd5);
}

}  // namespace quern::fetch
