#pragma once

namespace quern {

// Where the URL of an object contains its S3 bucket. kAuto: on AWS, in the host name. On other servers, as the first
// part of the path; on AWS too if the bucket cannot be part of a host name (upper case or '_') or contains a '.', which
// AWS's certificates do not cover.
enum class AddressStyle { kAuto, kPath, kHost };

}  // namespace quern
