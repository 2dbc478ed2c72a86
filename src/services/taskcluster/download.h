#pragma once

#include <cstdint>
#include <optional>
#include <stop_token>
#include <string_view>

#include "base/result.h"
#include "services/taskcluster/queue.h"

namespace quern::taskcluster {

// Takes the bytes of one artifact, decoded where they were stored with gzip.
class ArtifactSink {
 public:
  virtual ~ArtifactSink() = default;
  // The bytes begin, or begin anew after an attempt that broke off: what came before counts no more.
  virtual Result<void> begin() = 0;
  virtual Result<void> write(std::string_view bytes) = 0;
};

// Fetches an artifact, wherever it is stored. What the object service keeps is checked against its hashes: kBadInput if
// it is not the same, and the sink then has the wrong bytes. Of other stores the queue knows no hash. kNotFound also
// for an artifact that is an error, with what the worker said. Errors of the sink end it. Nothing of Taskcluster's
// credentials goes to the store. Blocks; other exchanges of the client go on meanwhile.
Result<void> download(Api& api, const ArtifactPlace& place, ArtifactSink& sink, const std::stop_token& stop);

// How many bytes the store has of an artifact, as they are stored; none: it does not say. Fetches the first one alone.
// Errors as of download(), so kNotFound also where the queue knows of an artifact whose bytes never came.
Result<std::optional<std::uint64_t>> stored_bytes(Api& api, const ArtifactPlace& place, const std::stop_token& stop);

}  // namespace quern::taskcluster
