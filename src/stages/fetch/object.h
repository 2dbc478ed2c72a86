#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "services/http/http.h"
#include "stages/fetch/download_folder.h"
#include "stages/fetch/fetch.h"
#include "stages/fetch/kept_files.h"
#include "stages/fetch/part_file.h"
#include "stages/fetch/verification.h"

namespace quern::fetch {

// The download of one object into its file: decides which bytes to request, checks that each answer is from the same
// object as the one before, and verifies the whole. Independent of connections and of other objects. Not thread-safe.
class Object {
 public:
  struct Peers {
    const FetchOptions& options;
    DownloadFolder& folder;
    KeptFiles& kept;
    BufferPool& buffers;
  };
  Object(const Remote& remote, std::size_t index, Peers peers);
  ~Object();
  Object(const Object&) = delete;
  Object& operator=(const Object&) = delete;

  std::size_t index() const { return index_; }
  const Remote& remote() const { return remote_; }
  std::optional<std::uint64_t> size_bytes() const { return size_bytes_; }
  // How many of the requested bytes have arrived.
  std::uint64_t taken_bytes() const;

  // Whether a file of an earlier run is this object, so that nothing needs to be fetched.
  bool is_there() const { return is_there_; }
  // The mark of its file, which is there or was finished.
  const FileMark& mark() const { return mark_; }
  // Valid once finished: whether its bytes were compared with a checksum, by this run or by the one that fetched it.
  bool is_verified() const { return is_verified_ || is_there_; }
  // Returns the first piece that is neither complete nor under way; before that kQuestion, if something else must be
  // asked about the object. Pieces are created as they are requested, because a size is only what a server claims.
  static constexpr std::size_t kQuestion = std::numeric_limits<std::size_t>::max();
  std::optional<std::size_t> idle_piece();
  std::size_t running_pieces() const;
  bool is_complete() const;

  // The exchange of one piece. start() returns its request; the piece is under way from then on.
  http::Request start(std::size_t piece);
  enum class Begun { kPiece, kWhole };
  // kWhole means that the answer is the whole object, so the exchanges of all other pieces must be cancelled.
  Result<Begun> begin(std::size_t& piece, const http::Head& head);
  Result<void> take(std::size_t piece, std::string_view bytes);
  // Ends the exchange. On an error the object has failed, or must be restarted (see wants_restart).
  Result<void> end(std::size_t piece, Result<http::Head> outcome);

  // Called when all pieces are there: verifies them, records the file where later runs look for it, and gives it its
  // name.
  Result<void> finish();
  // Whether fetching everything again may help against the last error, and another try is allowed.
  bool wants_restart() const { return wants_restart_; }
  void restart();
  // Leaves what is there for a later run, if that run can check that it is the same object.
  void leave();

 private:
  struct Piece {
    std::uint64_t first = 0;
    std::uint64_t count = 0;  // kUnknown: until the end of the object
    std::uint64_t taken = 0;
    std::size_t short_answers = 0;
    bool is_running = false;
    bool is_too_long = false;
    bool is_complete() const { return taken == count && !is_too_long; }
  };
  void use_kept();
  void plan();
  bool has_more_pieces() const { return !is_whole_ && planned_bytes_ < size_bytes_.value_or(0); }
  void add_piece();
  void take_over(Piece& piece) const;
  void resume();
  Result<void> check_partial(const Piece& piece, const http::Head& head);
  Result<void> check_same(const http::Head& head);
  Result<void> check_encoding(const http::Head& head) const;
  Result<void> learn_size(std::optional<std::uint64_t> total);
  void begin_verification(const http::Head& head);
  void become_whole(std::size_t& piece);
  void forget_taken(Piece& piece);
  bool has_question() const { return is_asking_ || verification_.has_question(); }
  bool can_continue() const;
  Result<void> catch_up();
  Result<void> verify();
  void save_state();
  ResumeState state() const;
  bool is_resumable() const;
  Error changed(std::string message);

  const Remote& remote_;
  const std::size_t index_;
  const Peers peers_;
  PartFile file_;
  std::optional<KeptFile> kept_;
  bool is_there_ = false;
  FileMark mark_;

  std::vector<Piece> pieces_;  // they cover the first planned_bytes_
  std::uint64_t planned_bytes_ = 0;
  std::vector<ResumeState::Range> resumed_;  // what an earlier run left
  std::optional<std::uint64_t> size_bytes_;
  std::string etag_;  // from the answers; from the listing until there is one
  std::string last_modified_;
  bool has_answer_ = false;
  bool is_whole_ = false;     // requested without ranges
  bool takes_ranges_ = true;  // as far as is known
  std::size_t restarts_ = 0;
  bool wants_restart_ = false;
  std::chrono::steady_clock::time_point saved_{};

  Verification verification_;
  bool is_asking_ = false;
  bool is_verified_ = false;
  std::string digest_buffer_;
};

}  // namespace quern::fetch
