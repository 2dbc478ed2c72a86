#include "stages/fetch/digest.h"

#include <isa-l.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#include "base/result.h"

namespace quern::fetch {
namespace {

using Algorithm = Checksum::Algorithm;

struct Known {
  const char* header;
  Algorithm algorithm;
  std::size_t bytes;
};
// The cheapest first.
constexpr std::array<Known, 4> kKnown = {{{"x-amz-checksum-crc32c", Algorithm::kCrc32c, 4},
                                          {"x-amz-checksum-crc32", Algorithm::kCrc32, 4},
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

std::optional<std::string> from_md5_etag(std::string_view etag) {
  constexpr std::size_t kBytes = 16;
  if (etag.size() != 2 * kBytes + 2 || !etag.starts_with('"') || !etag.ends_with('"')) return std::nullopt;
  std::string bytes;
  for (std::size_t i = 1; i + 1 < etag.size(); i += 2) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::size_t high = kDigits.find(etag[i]);
    std::size_t low = kDigits.find(etag[i + 1]);
    if (high == std::string_view::npos || low == std::string_view::npos) return std::nullopt;
    bytes += static_cast<char>(high * 16 + low);
  }
  return bytes;
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
  std::string value() override {
    std::uint32_t crc = is_castagnoli_ ? ~value_ : value_;
    std::string bytes;
    for (unsigned shift : {24U, 16U, 8U, 0U}) bytes += static_cast<char>(crc >> shift & 0xFFU);
    return bytes;
  }

 private:
  const bool is_castagnoli_;
  std::uint32_t value_;
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

bool has_md5_etag(const http::Head& head) {
  if (!head.header("x-amz-request-id").has_value() && !head.header("x-amz-id-2").has_value()) return false;
  if (head.header("x-amz-server-side-encryption-customer-algorithm").has_value()) return false;
  return !head.header("x-amz-server-side-encryption").value_or("").starts_with("aws:kms");
}

}  // namespace

std::optional<Checksum> checksum_of(const http::Head& head) {
  // The other checksums of a part of an object are of that part.
  if (head.status == 200 && head.header("x-amz-checksum-type").value_or("") != "COMPOSITE") {
    for (const Known& known : kKnown) {
      auto value = from_base64(head.header(known.header).value_or(""), known.bytes);
      if (value.has_value()) return Checksum{known.algorithm, std::move(*value), known.header};
    }
  }
  if (!has_md5_etag(head)) return std::nullopt;
  auto md5 = from_md5_etag(head.header("etag").value_or(""));
  if (!md5.has_value()) return std::nullopt;
  return Checksum{Algorithm::kMd5, std::move(*md5), "ETag"};
}

std::unique_ptr<Digest> make_digest(Checksum::Algorithm algorithm) {
  switch (algorithm) {
    case Algorithm::kCrc32c:
      return std::make_unique<Crc>(true);
    case Algorithm::kCrc32:
      return std::make_unique<Crc>(false);
    case Algorithm::kSha256:
      return std::make_unique<Evp>(::EVP_sha256());
    case Algorithm::kSha1:
      return std::make_unique<Evp>(::EVP_sha1());
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
