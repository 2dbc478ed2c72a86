#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "services/http/http.h"

namespace quern::fetch {

// What a whole object's bytes must come to, as its answer says.
struct Checksum {
  enum class Algorithm { kCrc32c, kCrc32, kSha256, kSha1, kMd5 };
  Algorithm algorithm = Algorithm::kMd5;
  std::string value;  // raw bytes
  std::string name;   // where it stood, for messages: "x-amz-checksum-sha256" or "ETag"
};

// The cheapest checksum that this head gives for the whole object, if there is one. Checksums of parts ("...-3") are
// none. An ETag is an MD5 only where S3 says it, and not of objects encrypted with a key of the user's or of KMS
// (https://docs.aws.amazon.com/AmazonS3/latest/API/API_Object.html): other servers make ETags as they like.
std::optional<Checksum> checksum_of(const http::Head& head);

class Digest {
 public:
  virtual ~Digest() = default;
  virtual void add(std::string_view bytes) = 0;
  // Raw bytes; ends the digest.
  virtual std::string value() = 0;
};

std::unique_ptr<Digest> make_digest(Checksum::Algorithm algorithm);

std::string to_hexadecimal(std::string_view bytes);

}  // namespace quern::fetch
