#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <stop_token>
#include <string>

#include "base/result.h"
#include "model/limits.h"
#include "services/s3/store.h"

// Uploads to S3: an object that appears complete, or not at all.

namespace quern::limits {

// An upload has at most so many parts, so those of a large object are larger than kUploadPartBytes.
inline constexpr std::size_t kUploadPartBytes = 8 * kMiB;
inline constexpr std::size_t kMostUploadParts = 10000;

}  // namespace quern::limits

namespace quern::s3 {

struct UploadRequest {
  std::string bucket;
  std::string key;
  std::uint64_t size_bytes = 0;
  std::size_t part_bytes = limits::kUploadPartBytes;  // a smaller object is sent in one request; larger only in tests
  // Fills the span with the next bytes of the content, and is called in their order.
  std::function<Result<void>(std::span<char>)> read;
};

// Sends the content, in parts if it is large; holds one part in memory. The server verifies the MD5 of each request,
// and its answers must have the right ETags. The object appears, and replaces an earlier one, with the last request. If
// anything fails or is stopped before, the parts that were sent are removed. Errors are those of Store, and kBadInput
// if the server has stored something else. Blocks.
Result<void> upload(Store& store, const UploadRequest& request, const std::stop_token& stop);

// Begins an upload in parts and removes it again, which shows whether an upload will be permitted. Blocks.
Result<void> try_upload(Store& store, const std::string& bucket, const std::string& key, const std::stop_token& stop);

}  // namespace quern::s3
