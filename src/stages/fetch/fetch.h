#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "model/event.h"
#include "model/input.h"
#include "model/limits.h"
#include "services/http/http.h"
#include "stages/fetch/download_folder.h"

// Downloads remote inputs: several at once, large ones in ranges, with retries, resuming and verification. Each becomes
// a file in one folder, which appears only when it is complete.

namespace quern::limits {

// Larger objects are fetched in ranges of this size.
inline constexpr std::uint64_t kFetchPartBytes = 16 * kMiB;

}  // namespace quern::limits

namespace quern::fetch {

// One object to fetch.
struct Remote {
  InputOrdinal input = 0;
  http::Request request;           // a GET
  http::Signer* signer = nullptr;  // borrowed; may be shared; used only by the fetching thread
  std::string name;                // of its file in the folder, as made by local_names()
  std::optional<std::uint64_t> size_bytes;
  std::string etag = {};  // from the listing, with its quotes; "" if unknown
};

struct FetchOptions {
  std::size_t parallel = 8;               // how many transfers at once
  std::size_t attempts = 5;               // for each part
  std::chrono::milliseconds patience{0};  // as in http::RetryPolicy
  bool keep = false;                      // files remain after they were mapped
  std::uint64_t spool_bytes = 0;          // for files that are fetched or being fetched, until they are released
  std::uint64_t part_bytes = limits::kFetchPartBytes;  // larger objects are fetched in ranges of this size
  http::ClientOptions http = {};                       // except attempts and patience, which are set above
};

// Fetches objects in the order of the list. One thread creates and runs it; outcome(), open_file(), release() and
// need() are thread-safe.
class Fetch {
 public:
  virtual ~Fetch() = default;

  // Fetches until every object is complete or has failed; waits while the spool is full. Blocks. A failed object does
  // not make run() fail; a full disk does.
  virtual Result<void> run(const std::stop_token& stop) = 0;

  // Returns the size of an object's file, or why it could not be fetched. Valid once `on_settled` was called for it;
  // before that, and if run() ended early, it returns kStopped.
  virtual Result<std::uint64_t> outcome(InputOrdinal input) const = 0;
  // Opens the file of a settled object for reading. Fails if something else now has its name.
  virtual Result<Fd> open_file(InputOrdinal input) const = 0;
  // Declares that the input was mapped or has failed: deletes its file (unless it is kept or was there before) and
  // frees its space in the spool. Further calls for the same input do nothing. What was never released is deleted with
  // this object.
  virtual void release(InputOrdinal input) = 0;
  // Lets the spool be exceeded to complete the inputs [first, first + count), because a worker waits for them.
  virtual void need(InputOrdinal first, std::size_t count) = 0;
};

struct FetchPeers {
  EventSink& events;
  // Called by the fetching thread once for each object, in any order, as soon as its file is complete and verified, or
  // it has failed; not for those that are left when run() fails. Must not block.
  std::function<void(InputOrdinal)> on_settled;
  // Explains a refusal to the user if more is known about it than the HTTP answer says. Called by the fetching thread.
  std::function<std::optional<Error>(InputOrdinal, const http::Response&)> explain = {};
};

// A complete file of the same size and ETag that an earlier run left (downloads.keep) is used as it is; part files of
// an earlier run are resumed if the object has not changed. The names of the remotes must be distinct, and none may be
// a folder of another.
std::unique_ptr<Fetch> make_fetch(FetchOptions options, std::unique_ptr<DownloadFolder> folder,
                                  std::vector<Remote> remotes, FetchPeers peers);

// Emits a note the first time that each host is waited for, because nothing else may happen for a minute. Used on the
// client's thread.
class WaitNotes final : public http::HostListener {
 public:
  explicit WaitNotes(EventSink& events) : events_(events) {}
  void waits(const std::string& host, const Error& why, std::chrono::steady_clock::time_point /*begun*/,
             std::chrono::steady_clock::time_point /*next*/) override {
    if (!hosts_.insert(host).second) return;
    events_.emit(event::Note{event::Level::kInfo, "waiting for " + host + ", which is busy or away: " + why.message});
  }

 private:
  EventSink& events_;
  std::set<std::string> hosts_;
};

}  // namespace quern::fetch
