#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "services/http/http.h"

namespace quern::fetch {

// The expected checksum of a whole object, from the head of its answer.
struct Checksum {
  // The last one is the MD5 of the concatenated MD5s of all parts.
  enum class Algorithm { kCrc32c, kCrc32, kCrc64Nvme, kSha256, kSha1, kMd5, kMd5OfParts };
  Algorithm algorithm = Algorithm::kMd5;
  std::string value;             // raw bytes
  std::string name;              // the header it comes from, for messages: "x-amz-checksum-sha256" or "ETag"
  std::uint64_t part_bytes = 0;  // for kMd5OfParts: the size of every part but the last
};

// Returns the cheapest checksum in this head that covers the whole object, if there is one. Checksums of parts do not
// count ("...-3", those that come with a range of an object, and those that come with an ETag of parts), unless
// x-amz-checksum-type is FULL_OBJECT. An ETag counts as an MD5 only if it comes from S3, and not for objects encrypted
// with KMS or with a key of the user's (https://docs.aws.amazon.com/AmazonS3/latest/API/API_Object.html): other servers
// choose ETags freely.
std::optional<Checksum> checksum_of(const http::Head& head);

// Whether S3, or a server with the same interface, sent this head.
bool is_of_s3(const http::Head& head);

// The ETag of an object that was uploaded in parts, if it may consist of MD5s: S3 and compatible servers have such
// ETags, but not for objects encrypted as above.
struct PartsEtag {
  std::string value;  // raw bytes
  std::uint64_t count = 0;
};
std::optional<PartsEtag> parts_etag_of(const http::Head& head);

// Computes a checksum of bytes that arrive in order.
class RunningChecksum {
 public:
  virtual ~RunningChecksum() = default;
  virtual void add(std::string_view bytes) = 0;
  // Returns the raw bytes. May be called only once, and nothing may be added afterwards.
  virtual std::string value() = 0;
};

std::unique_ptr<RunningChecksum> make_running_checksum(const Checksum& checksum);

}  // namespace quern::fetch
