#pragma once

namespace quern {

// Where a bucket of S3 stands in the URL of an object. kAuto: as a part of the host on AWS, and as the first part of
// the path on other servers, and where it cannot be a host: with upper case or '_', or with a '.', which certificates
// of AWS do not cover.
enum class AddressStyle { kAuto, kPath, kHost };

}  // namespace quern
