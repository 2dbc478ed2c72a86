#include "stages/fetch/digest.h"

#include <isa-l.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <limits>
#include <utility>

#include "base/result.h"
#include "services/http/content_range.h"

namespace quern::fetch {
namespace {

using Algorithm = Checksum::Algorithm;

struct Known {
  const char* header;
  Algorithm algorithm;
  std::size_t bytes;
};
// The cheapest first.
constexpr std::array<Known, 5> kKnown = {{{"x-amz-checksum-crc32c", Algorithm::kCrc32c, 4},
                                          {"x-amz-checksum-crc32", Algorithm::kCrc32, 4},
                                          {"x-amz-checksum-crc64nvme", Algorithm::kCrc64Nvme, 8},
                                          {"x-amz-checksum-sha256", Algorithm::kSha256, 32},
                                          {"x-amz-checksum-sha1", Algorithm::kSha1, 20}}};

// None: it is not the base64 text of this many bytes.
std::optional<std::string> from_base64(std::string_view text, std::size_t bytes) {
  constexpr std::size_t kMostText = 64;
  if (text.size() > kMostText || text.size() != (bytes + 2) / 3 * 4) return std::nullopt;
  std::string decoded(text.size(), '\0');
  int size = ::EVP_DecodeBlock(reinterpret_cast<unsigned char*>(decoded.data()),
                               reinterpret_cast<const unsigned char*>(text.data()), static_cast<int>(text.size()));
  if (size < static_cast<int>(bytes)) return std::nullopt;
  decoded.resize(bytes);
  return decoded;
}

constexpr std::size_t kMd5Digits = 32;

std::optional<std::string> from_md5_digits(std::string_view digits) {
  if (digits.size() != kMd5Digits) return std::nullopt;
  std::string bytes;
  for (std::size_t i = 0; i < digits.size(); i += 2) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::size_t high = kDigits.find(digits[i]);
    std::size_t low = kDigits.find(digits[i + 1]);
    if (high == std::string_view::npos || low == std::string_view::npos) return std::nullopt;
    bytes += static_cast<char>(high * 16 + low);
  }
  return bytes;
}

std::string big_endian(std::uint64_t value, unsigned bytes) {
  std::string text;
  for (unsigned i = bytes; i-- > 0;) text += static_cast<char>(value >> (8 * i) & 0xFFU);
  return text;
}

class Crc final : public Digest {
 public:
  explicit Crc(bool is_castagnoli) : is_castagnoli_(is_castagnoli), value_(is_castagnoli ? 0xFFFFFFFFU : 0) {}

  void add(std::string_view bytes) override {
    while (!bytes.empty()) {
      // The Castagnoli function counts in int.
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
// kTables[i] has the remainders of a byte that i others follow. ISA-L has it from 2.31 on; Debian 12 has 2.30.
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

class Crc64Nvme final : public Digest {
 public:
  void add(std::string_view bytes) override {
    std::uint64_t crc = crc_;
    while (bytes.size() >= 8) {
      std::uint64_t word = 0;
      std::memcpy(&word, bytes.data(), sizeof word);  // little-endian, as all machines that quern runs on
      word ^= crc;
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

class Evp final : public Digest {
 public:
  explicit Evp(const EVP_MD* kind) : context_(::EVP_MD_CTX_new(), ::EVP_MD_CTX_free) {
    CHECK(context_ != nullptr && ::EVP_DigestInit_ex(context_.get(), kind, nullptr) == 1);
  }
  void add(std::string_view bytes) override {
    CHECK(::EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()) == 1);
  }
  std::string value() override {
    std::array<unsigned char, EVP_MAX_MD_SIZE> bytes{};
    unsigned size = 0;
    CHECK(::EVP_DigestFinal_ex(context_.get(), bytes.data(), &size) == 1);
    return {reinterpret_cast<const char*>(bytes.data()), size};
  }

 private:
  std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX*)> context_;
};

class Md5OfParts final : public Digest {
 public:
  explicit Md5OfParts(std::uint64_t part_bytes) : part_bytes_(part_bytes) {}

  void add(std::string_view bytes) override {
    while (!bytes.empty()) {
      if (part_ == nullptr) part_ = std::make_unique<Evp>(::EVP_md5());
      std::string_view piece = bytes.substr(0, part_bytes_ - taken_);
      part_->add(piece);
      bytes.remove_prefix(piece.size());
      taken_ += piece.size();
      if (taken_ == part_bytes_) end_part();
    }
  }
  std::string value() override {
    if (part_ != nullptr) end_part();
    return all_.value();
  }

 private:
  void end_part() {
    all_.add(part_->value());
    part_.reset();
    taken_ = 0;
  }

  const std::uint64_t part_bytes_;
  Evp all_{::EVP_md5()};
  std::unique_ptr<Evp> part_;
  std::uint64_t taken_ = 0;  // of the part
};

// "" where it has no quotes, as weak ones have not at their beginning.
std::string_view unquoted(std::string_view etag) {
  if (etag.size() < 2 || !etag.starts_with('"') || !etag.ends_with('"')) return "";
  return etag.substr(1, etag.size() - 2);
}

// Then an ETag is no MD5 of what is sent.
bool has_own_key(const http::Head& head) {
  if (head.header("x-amz-server-side-encryption-customer-algorithm").has_value()) return true;
  return head.header("x-amz-server-side-encryption").value_or("").starts_with("aws:kms");
}

constexpr int kPartialContent = 206;

// Also a range that has all of the object.
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
  // What comes with a part of an object is of that part, unless it says otherwise.
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

std::unique_ptr<Digest> make_digest(const Checksum& checksum) {
  switch (checksum.algorithm) {
    case Algorithm::kCrc32c:
      return std::make_unique<Crc>(true);
    case Algorithm::kCrc32:
      return std::make_unique<Crc>(false);
    case Algorithm::kCrc64Nvme:
      return std::make_unique<Crc64Nvme>();
    case Algorithm::kSha256:
      return std::make_unique<Evp>(::EVP_sha256());
    case Algorithm::kSha1:
      return std::make_unique<Evp>(::EVP_sha1());
    case Algorithm::kMd5OfParts:
      return std::make_unique<Md5OfParts>(checksum.part_bytes);
    case Algorithm::kMd5:
      break;
  }
  return std::make_unique<Evp>(::EVP_md5());
}

std::string to_hexadecimal(std::string_view bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (char c : bytes) {
    auto byte = static_cast<unsigned char>(c);
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

}  // namespace quern::fetch
