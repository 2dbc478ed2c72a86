#pragma once

#include <cstdint>
#include <optional>
#include <stop_token>
#include <string_view>

#include "base/result.h"
#include "services/taskcluster/queue.h"

namespace quern::taskcluster {

// Receives the bytes of one artifact, decoded if they were stored with gzip.
class ArtifactSink {
 public:
  virtual ~ArtifactSink() = default;
  // The bytes begin, or begin again after a failed attempt: discard everything from before.
  virtual Result<void> begin() = 0;
  virtual Result<void> write(std::string_view bytes) = 0;
};

// Fetches an artifact from any kind of storage. Data of the object service is checked against its hashes: kBadInput if
// it differs, and the sink then contains wrong bytes. For other stores the queue has no hash. kNotFound also for an
// artifact that is an error, with the worker's explanation. An error of the sink ends it. Taskcluster's credentials are
// never sent to the store. Blocks; other exchanges of the client continue meanwhile.
Result<void> download(Api& api, const ArtifactPlace& place, ArtifactSink& sink, const std::stop_token& stop);

// Returns the stored size of an artifact in bytes, or nullopt if the store does not report it. Fetches only the first
// byte. Errors are those of download(), so kNotFound also means that the artifact was never uploaded.
Result<std::optional<std::uint64_t>> stored_bytes(Api& api, const ArtifactPlace& place, const std::stop_token& stop);

}  // namespace quern::taskcluster
