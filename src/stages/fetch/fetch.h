#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "model/event.h"
#include "model/input.h"
#include "services/http/http.h"
#include "stages/fetch/download_folder.h"
#include "stages/fetch/fetch_limits.h"

// The bytes of remote inputs: k at once, large ones in ranges, retried, resumed and verified, into files that appear
// whole in one folder.

namespace quern::fetch {

// One object to fetch.
struct Remote {
  InputOrdinal input = 0;
  http::Request request;           // a GET
  http::Signer* signer = nullptr;  // borrowed; may be shared; used on the fetching thread only
  std::string name;                // of its file in the folder; made by local_names()
  std::optional<std::uint64_t> size_bytes;
  std::string etag = {};  // as the listing gave it, with its quotes; "" if unknown
};

struct FetchOptions {
  std::size_t parallel = 8;               // transfers at once
  std::size_t attempts = 5;               // for each part
  std::chrono::milliseconds patience{0};  // as in http::RetryPolicy
  bool keep = false;                      // files stay when they were mapped
  std::uint64_t spool_bytes = 0;          // of files that are fetched, or being fetched, and not yet released
  std::uint64_t part_bytes = limits::kFetchPartBytes;  // larger objects are fetched in ranges of this size
  http::ClientOptions http = {};                       // but for the attempts and the patience, which stand above
};

// Fetches in the order of the list. Made and run by one thread; ready(), outcome() and release() are for any thread.
class Fetch {
 public:
  virtual ~Fetch() = default;

  // Fetches until every object is there or has failed; waits while the spool is full. Blocks. A failed object is no
  // failure of run(); a disk that is full is.
  virtual Result<void> run(const std::stop_token& stop) = 0;

  // What became of an object, once `on_settled` was called for it: the size of its file, or why it could not be
  // fetched. Before that, and where run() ended early: kStopped.
  virtual Result<std::uint64_t> outcome(InputOrdinal input) const = 0;
  // The file of such an object, to read: the very one that was fetched, or an error if something else has its name.
  virtual Result<Fd> open_file(InputOrdinal input) const = 0;
  // The input is mapped, or has failed: its file is deleted (unless it is kept or was there before), and its room in
  // the spool is free. More than one call for an input does nothing. What was not released goes with this object.
  virtual void release(InputOrdinal input) = 0;
  // The spool may be exceeded by what is needed to complete the inputs [first, first + count), because a worker waits
  // for them.
  virtual void need(InputOrdinal first, std::size_t count) = 0;
};

struct FetchPeers {
  EventSink& events;
  // Called on the fetching thread once for each object, in any order, the moment its file is complete and verified, or
  // it has failed; not for those that are left when run() fails. Must not block.
  std::function<void(InputOrdinal)> on_settled;
  // What a refusal means to the input's user, if more is known of it than HTTP says. Called on the fetching thread.
  std::function<std::optional<Error>(InputOrdinal, const http::Response&)> explain = {};
};

// A complete file of the same size and ETag that an earlier run left (downloads.keep) is used as it is; part files of
// an earlier run are resumed if the object has not changed. No two names of the remotes are the same, or the folder of
// another.
std::unique_ptr<Fetch> make_fetch(FetchOptions options, std::unique_ptr<DownloadFolder> folder,
                                  std::vector<Remote> remotes, FetchPeers peers);

}  // namespace quern::fetch
