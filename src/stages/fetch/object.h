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

// One object on its way into its file: which bytes are asked for, whether an answer is of the same object as the one
// before, and whether all of it is right. Knows nothing of connections or of other objects. One thread.
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
  // Of what was asked for: the part of it that is there.
  std::uint64_t taken_bytes() const;

  // A file of an earlier run is this object: nothing needs to be fetched.
  bool is_there() const { return is_there_; }
  // Of its file, which is there or was finished.
  const FileMark& mark() const { return mark_; }
  // Once it is finished: its bytes were compared with a checksum, by this run or by the one that fetched it.
  bool is_verified() const { return is_verified_ || is_there_; }
  // The first piece that is neither complete nor under way; before that, what else is to be asked about the object.
  // Pieces come into being as they are asked for, as the size of an object is only what somebody says.
  static constexpr std::size_t kQuestion = std::numeric_limits<std::size_t>::max();
  std::optional<std::size_t> idle_piece();
  std::size_t running_pieces() const;
  bool is_complete() const;

  // One piece's exchange. What is to be asked for now; it is under way from then on.
  http::Request start(std::size_t piece);
  enum class Begun { kPiece, kWhole };
  // kWhole: the answer is the whole object, and every other piece's exchange is to be given up.
  Result<Begun> begin(std::size_t& piece, const http::Head& head);
  Result<void> take(std::size_t piece, std::string_view bytes);
  // Its exchange has ended. An error: the object has failed, or is to be started over (see wants_restart).
  Result<void> end(std::size_t piece, Result<http::Head> outcome);

  // All pieces are there: checks them, notes the file where others look for it, and gives it its name.
  Result<void> finish();
  // The last error may be gone if all is fetched anew, and this may still be tried.
  bool wants_restart() const { return wants_restart_; }
  void restart();
  // What is there stays for a later run, if it could tell that it is the same object.
  void leave();

 private:
  struct Piece {
    std::uint64_t first = 0;
    std::uint64_t count = 0;  // kUnknown: to the end, wherever it is
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
  static Result<void> check_encoding(const http::Head& head);
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

  std::vector<Piece> pieces_;  // of the first planned_bytes_
  std::uint64_t planned_bytes_ = 0;
  std::vector<ResumeState::Range> resumed_;  // what an earlier run left
  std::optional<std::uint64_t> size_bytes_;
  std::string etag_;  // of the answers, or of the listing until one came
  std::string last_modified_;
  bool has_answer_ = false;
  bool is_whole_ = false;     // asked for without ranges
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
