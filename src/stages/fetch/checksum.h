#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "services/http/http.h"

namespace quern::fetch {

// What a whole object's bytes must come to, as its answer says.
struct Checksum {
  // The last is the MD5 of the MD5s of all parts, one behind the other.
  enum class Algorithm { kCrc32c, kCrc32, kCrc64Nvme, kSha256, kSha1, kMd5, kMd5OfParts };
  Algorithm algorithm = Algorithm::kMd5;
  std::string value;             // raw bytes
  std::string name;              // where it stood, for messages: "x-amz-checksum-sha256" or "ETag"
  std::uint64_t part_bytes = 0;  // of kMd5OfParts: all parts but the last have this size
};

// The cheapest checksum that this head has for the whole object, if there is one. Those of parts do not count ("...-3",
// or those that come with a part of an object, or with an ETag of parts, unless x-amz-checksum-type says FULL_OBJECT).
// An ETag is an MD5 only where S3 says it, and not of objects encrypted with a key of the user's or of KMS
// (https://docs.aws.amazon.com/AmazonS3/latest/API/API_Object.html): other servers make ETags as they like.
std::optional<Checksum> checksum_of(const http::Head& head);

// S3, or a server that speaks as it does, has made it.
bool is_of_s3(const http::Head& head);

// The ETag of an object that was uploaded in parts, where it can be made of MD5s: S3 and the servers that speak as it
// does have them, but not of objects that are encrypted with such keys.
struct PartsEtag {
  std::string value;  // raw bytes
  std::uint64_t count = 0;
};
std::optional<PartsEtag> parts_etag_of(const http::Head& head);

// Of bytes that arrive one after the other.
class RunningChecksum {
 public:
  virtual ~RunningChecksum() = default;
  virtual void add(std::string_view bytes) = 0;
  // Raw bytes. Only once, and nothing may be added afterwards.
  virtual std::string value() = 0;
};

std::unique_ptr<RunningChecksum> make_running_checksum(const Checksum& checksum);

}  // namespace quern::fetch
