#include "stages/fetch/object.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <chrono>
#include <cstddef>
#include <limits>
#include <utility>

#include "base/text.h"
#include "model/compression.h"
#include "model/input.h"
#include "model/limits.h"
#include "services/http/head_reader.h"
#include "services/http/refusal.h"
#include "stages/fetch/local_names.h"

// A small object is one GET. A larger one is requested in ranges, with If-Match if its ETag is strong; each answer must
// have the same ETag (or Last-Modified) and size as the first. An object that changes, or does not match its checksum,
// is restarted once and then fetched as one request. docs/decisions/0013 has the reasons.

namespace quern::fetch {
namespace {

// How often the progress of a large object is recorded.
constexpr std::chrono::seconds kResumeStateInterval{1};

// How often one object is restarted because it changed or did not match its checksum.
constexpr std::size_t kMaxRestarts = 1;

constexpr std::uint64_t kUnknown = std::numeric_limits<std::uint64_t>::max();

constexpr std::size_t kShownHeaderBytes = 100;

std::string shown(std::string_view header) { return http::presentable(header.substr(0, kShownHeaderBytes)); }

bool is_strong(const std::string& etag) { return etag.starts_with('"'); }

std::string range_text(std::uint64_t first, std::uint64_t count) {
  return std::to_string(first) + "-" + std::to_string(first + count - 1);
}

bool is_brotli_by_name(std::string_view url) {
  return compression_of_name(url.substr(0, url.find('?'))) == Compression::kBrotli;
}

}  // namespace

Object::Object(const Remote& remote, std::size_t index, Peers peers)
    : remote_(remote),
      index_(index),
      peers_(peers),
      file_(remote.name, peers.folder, peers.buffers),
      etag_(remote.etag) {
  size_bytes_ = remote.size_bytes;
  use_kept();
  plan();
  resume();
}

// The existing file was fetched by quern. It may be this object; if not, it may be replaced.
void Object::use_kept() {
  auto kept = peers_.kept.find(remote_.name);
  if (!kept.has_value()) return;
  file_.may_replace(kept->mark);
  mark_ = kept->mark;
  if (kept->mark.size_bytes != size_bytes_.value_or(kept->mark.size_bytes) || kept->etag.empty()) return;
  if (etag_.empty()) {
    kept_ = std::move(kept);
  } else {
    is_there_ = kept->etag == etag_;
  }
}

Object::~Object() { file_.discard(); }

void Object::plan() {
  pieces_.clear();
  planned_bytes_ = 0;
  resumed_.clear();
  const std::uint64_t part = peers_.options.part_bytes;
  is_whole_ = !takes_ranges_ || size_bytes_.value_or(part + 1) <= part;
  if (!is_whole_) return add_piece();
  // An empty object is requested too: it might no longer exist.
  pieces_.push_back({.first = 0, .count = size_bytes_.value_or(0) == 0 ? kUnknown : *size_bytes_});
}

void Object::add_piece() {
  // An object of unknown size begins with a request for its first part; the answer contains the full size.
  const std::uint64_t part = peers_.options.part_bytes;
  pieces_.push_back({.first = planned_bytes_, .count = std::min(part, size_bytes_.value_or(part) - planned_bytes_)});
  planned_bytes_ += pieces_.back().count;
  take_over(pieces_.back());
}

std::uint64_t Object::taken_bytes() const {
  std::uint64_t bytes = 0;
  for (const Piece& piece : pieces_) bytes += piece.taken;
  return bytes;
}

std::optional<std::size_t> Object::idle_piece() {
  if (!is_asking_ && has_question()) return kQuestion;
  auto is_idle = [](const Piece& piece) { return !piece.is_running && !piece.is_complete(); };
  auto found = std::find_if(pieces_.begin(), pieces_.end(), is_idle);
  if (found != pieces_.end()) return static_cast<std::size_t>(found - pieces_.begin());
  while (has_more_pieces()) {
    add_piece();
    if (is_idle(pieces_.back())) return pieces_.size() - 1;
  }
  if (has_answer_ || running_pieces() > 0) return std::nullopt;
  // All bytes are there, but a request must confirm that the object is still the same.
  pieces_.back().taken = 0;
  return pieces_.size() - 1;
}

std::size_t Object::running_pieces() const {
  auto running = std::count_if(pieces_.begin(), pieces_.end(), [](const Piece& piece) { return piece.is_running; });
  return static_cast<std::size_t>(running) + (is_asking_ ? 1 : 0);
}

bool Object::is_complete() const {
  return !has_question() && !has_more_pieces() &&
         std::all_of(pieces_.begin(), pieces_.end(), [](const Piece& piece) { return piece.is_complete(); });
}

// Whether another request can continue where the last one stopped, because it can check that the object is the same.
bool Object::can_continue() const {
  return takes_ranges_ && size_bytes_.has_value() && (!etag_.empty() || !last_modified_.empty());
}

void Object::forget_taken(Piece& piece) {
  if (piece.taken != 0 && piece.first < verification_.digested_bytes()) verification_.forget_bytes();
  piece.taken = 0;
}

http::Request Object::start(std::size_t index) {
  if (index == kQuestion) {
    is_asking_ = true;
    return verification_.question(remote_.request);
  }
  Piece& piece = pieces_[index];
  piece.is_running = true;
  if (!can_continue()) forget_taken(piece);
  http::Request request = remote_.request;
  if (kept_.has_value() && !has_answer_) request.headers.push_back({"If-None-Match", kept_->etag});
  if (is_whole_ && piece.taken == 0) return request;
  request.range = http::ByteRange{piece.first + piece.taken, piece.count - piece.taken};
  if (is_strong(etag_)) request.headers.push_back({"If-Match", etag_});
  return request;
}

Error Object::changed(std::string message) {
  wants_restart_ = restarts_++ < kMaxRestarts;
  if (!wants_restart_) message += "; it was started over once already";
  return bad_input(std::move(message));
}

// Only "identity" was requested. Encodings that are file formats of their own are recognized by their first bytes when
// the input is decoded; "aws-chunked" only says how the object was uploaded.
Result<void> Object::check_encoding(const http::Head& head) const {
  std::string_view all = head.header("content-encoding").value_or("");
  std::vector<std::string> encodings;
  while (!all.empty()) {
    std::size_t comma = std::min(all.find(','), all.size());
    std::string one = lower_case(trimmed(all.substr(0, comma), " \t"));
    all.remove_prefix(std::min(comma + 1, all.size()));
    if (!one.empty() && one != "identity" && one != "aws-chunked") encodings.push_back(std::move(one));
  }
  constexpr std::array<std::string_view, 3> kFiles = {"gzip", "x-gzip", "zstd"};
  if (encodings.empty()) return {};
  // Brotli is recognized by the input's name alone.
  if (encodings.size() == 1 && encodings[0] == "br" && is_brotli_by_name(remote_.request.url)) return {};
  if (encodings.size() == 1 && std::find(kFiles.begin(), kFiles.end(), encodings[0]) != kFiles.end()) return {};
  return bad_input("it came with the Content-Encoding '" + shown(head.header("content-encoding").value_or("")) +
                   "', which was not asked for and which quern cannot undo; store it without");
}

Result<void> Object::check_same(const http::Head& head) {
  std::string etag(head.header("etag").value_or(""));
  std::string last_modified(head.header("last-modified").value_or(""));
  if (has_answer_) {
    bool is_same = etag == etag_ && (!etag.empty() || last_modified == last_modified_);
    return is_same ? Result<void>() : changed("the object changed while it was fetched");
  }
  has_answer_ = true;
  etag_ = std::move(etag);
  last_modified_ = std::move(last_modified);
  return {};
}

// A 206 must cover what was requested, or its beginning.
Result<void> Object::check_partial(const Piece& piece, const http::Head& head) {
  std::string text(head.header("content-range").value_or(""));
  auto range = http::parse_content_range(text);
  std::uint64_t first = piece.first + piece.taken;
  std::uint64_t count = piece.count - piece.taken;
  if (!range.has_value() || range->count == 0 || range->first != first || range->count > count || !range->total) {
    std::string message = "asked for the bytes " + range_text(first, count) + ", the server sent Content-Range '";
    message.append(shown(text)).append("'");
    return bad_input(std::move(message));
  }
  return learn_size(range->total);
}

Result<void> Object::learn_size(std::optional<std::uint64_t> total) {
  if (!total.has_value()) return {};
  if (*total > limits::kMaxInputBytes) {
    return bad_input("the server says that the object has " + std::to_string(*total) + " bytes, which no object has");
  }
  if (remote_.size_bytes.has_value() && *total != *remote_.size_bytes) {
    std::string message = "the object has " + std::to_string(*total) + " bytes, but the list of inputs says ";
    message.append(std::to_string(*remote_.size_bytes));
    return bad_input(std::move(message));
  }
  if (size_bytes_.has_value()) {
    return *size_bytes_ == *total ? Result<void>() : changed("the object's size changed while it was fetched");
  }
  size_bytes_ = total;
  return {};
}

void Object::begin_verification(const http::Head& head) {
  const auto& headers = remote_.request.headers;
  const bool asks_for_checksums = std::any_of(
      headers.begin(), headers.end(), [](const http::Header& header) { return header.name == "x-amz-checksum-mode"; });
  verification_.begin(head, {.size_bytes = size_bytes_,
                             .is_asked_of_s3 = asks_for_checksums || is_of_s3(head),
                             .was_damaged = restarts_ > 0});
}

void Object::become_whole(std::size_t& index) {
  is_whole_ = true;
  resumed_.clear();
  is_asking_ = false;
  verification_.forget_bytes();
  pieces_.assign(1, {.first = 0, .count = size_bytes_.value_or(kUnknown), .is_running = true});
  index = 0;
}

Result<Object::Begun> Object::begin(std::size_t& index, const http::Head& head) {
  if (index == kQuestion) return Begun::kPiece;
  const bool is_first = !has_answer_;
  const bool knew_size = size_bytes_.has_value();
  TRY(check_encoding(head));
  TRY(check_same(head));
  if (head.status != 206) {
    auto length = head.header("content-length");
    TRY(learn_size(length.has_value() ? http::parse_content_length(*length) : std::nullopt));
    if (!file_.is_open()) TRY(file_.open_new());
    bool was_alone = pieces_.size() == 1;
    if (!is_whole_ || pieces_[index].taken != 0) takes_ranges_ = false;
    TRY(file_.truncate());
    become_whole(index);
    if (is_first) begin_verification(head);
    return was_alone ? Begun::kPiece : Begun::kWhole;
  }
  TRY(check_partial(pieces_[index], head));
  if (takes_ranges_ && etag_.empty() && last_modified_.empty() && *size_bytes_ > pieces_[index].count) {
    // It would go unnoticed if the next part were from another object.
    takes_ranges_ = false;
    wants_restart_ = true;
    return bad_input("parts without an ETag or a Last-Modified cannot be joined");
  }
  if (!knew_size) {
    const std::uint64_t most = takes_ranges_ ? peers_.options.part_bytes : *size_bytes_;
    planned_bytes_ = pieces_[index].count = std::min(most, *size_bytes_);
    is_whole_ = false;
  }
  // Only now is it known from which object an earlier run's bytes must be.
  if (is_first) {
    begin_verification(head);
    resume();
  }
  if (!file_.is_open()) TRY(file_.open_new());
  return Begun::kPiece;
}

Result<void> Object::take(std::size_t index, std::string_view bytes) {
  if (index == kQuestion) return {};
  Piece& piece = pieces_[index];
  if (bytes.size() > piece.count - piece.taken) {
    piece.is_too_long = true;
    return bad_input("the object has more than the " + std::to_string(*size_bytes_) + " bytes it should have");
  }
  std::uint64_t offset = piece.first + piece.taken;
  TRY(file_.write_at(offset, bytes));
  piece.taken += bytes.size();
  if (verification_.takes_bytes() && offset == verification_.digested_bytes()) verification_.add(bytes);
  return {};
}

Result<void> Object::end(std::size_t index, Result<http::Head> outcome) {
  if (index == kQuestion) {
    is_asking_ = false;
    verification_.answer(outcome.ok() ? &outcome.value() : nullptr);
    return catch_up();
  }
  Piece& piece = pieces_[index];
  piece.is_running = false;
  if (outcome.ok() && piece.count == kUnknown) {
    piece.count = piece.taken;
    TRY(learn_size(piece.taken));
  }
  if (piece.is_complete()) {
    // An error after the last byte does not matter.
    save_state();
    return catch_up();
  }
  if (outcome.ok()) {
    if (++piece.short_answers < peers_.options.attempts) return {};
    return Error{.kind = ErrorKind::kRetry, .message = "the server sent less than was asked for, again and again"};
  }
  if (outcome.error().code == 304 && kept_.has_value() && !has_answer_) {
    is_there_ = true;
    return {};
  }
  // 412 is the result of If-Match. 416 means that the object has become shorter, or is empty and so has no first part.
  if (outcome.error().code == 416 && !has_answer_ && !remote_.size_bytes.has_value() && takes_ranges_) {
    takes_ranges_ = false;
    wants_restart_ = true;
  } else if (outcome.error().code == 412 || outcome.error().code == 416) {
    return changed(std::move(outcome.error().message));
  }
  return std::move(outcome).error();
}

void Object::restart() {
  wants_restart_ = false;
  has_answer_ = false;
  etag_.clear();
  last_modified_.clear();
  size_bytes_ = remote_.size_bytes;
  verification_.restart();
  is_asking_ = false;
  // As one request: the servers behind one name may have different ETags for the same bytes.
  takes_ranges_ = false;
  kept_.reset();
  file_.discard();
  plan();
}

Result<void> Object::catch_up() {
  if (!verification_.takes_bytes()) return {};
  digest_buffer_.resize(limits::kDigestReadBytes);
  for (const Piece& piece : pieces_) {
    std::uint64_t end = piece.first + piece.taken;
    while (verification_.digested_bytes() >= piece.first && verification_.digested_bytes() < end) {
      const std::uint64_t from = verification_.digested_bytes();
      std::size_t wanted = std::min<std::uint64_t>(digest_buffer_.size(), end - from);
      TRY_ASSIGN(std::size_t count, file_.read_at(from, digest_buffer_.data(), wanted));
      if (count != wanted) return bad_input("the part file was cut short");
      verification_.add({digest_buffer_.data(), count});
    }
  }
  return {};
}

Result<void> Object::verify() {
  auto verdict = verification_.judge();
  while (verdict.ok() && verdict.value() == Verification::Verdict::kOtherParts) {
    TRY(catch_up());
    verdict = verification_.judge();
  }
  if (!verdict.ok()) return changed(std::move(verdict).error().message);
  is_verified_ = verdict.value() == Verification::Verdict::kRight;
  return {};
}

Result<void> Object::finish() {
  TRY(verify());
  TRY_ASSIGN(mark_, file_.complete());
  if (peers_.options.keep) {
    TRY(peers_.kept.add(remote_.name, etag_, mark_));
  } else {
    TRY(peers_.folder.will_remove(remote_.name, mark_));
  }
  return file_.commit();
}

bool Object::is_resumable() const {
  return size_bytes_.value_or(0) > peers_.options.part_bytes && is_strong(etag_) && takes_ranges_;
}

// Reuses what an earlier run left of the same object.
void Object::resume() {
  ResumeState old;
  if (file_.is_open() || restarts_ > 0 || !is_resumable()) return;
  if (!file_.open_old(etag_, *size_bytes_, old)) return;
  resumed_ = std::move(old.taken);
  for (Piece& piece : pieces_) {
    if (!piece.is_running) take_over(piece);
  }
}

void Object::take_over(Piece& piece) const {
  for (const auto& range : resumed_) {
    if (range.first <= piece.first && piece.first < range.first + range.count) {
      piece.taken = std::min(piece.count, range.first + range.count - piece.first);
    }
  }
}

ResumeState Object::state() const {
  ResumeState state{.boot = boot_of_machine(), .etag = etag_, .size_bytes = *size_bytes_};
  auto add = [&state](std::uint64_t first, std::uint64_t count) {
    if (count == 0) return;
    const bool goes_on = !state.taken.empty() && state.taken.back().first + state.taken.back().count == first;
    if (goes_on) {
      state.taken.back().count += count;
    } else {
      state.taken.push_back({first, count});
    }
  };
  for (const Piece& piece : pieces_) add(piece.first, piece.taken);
  for (const auto& range : resumed_) {
    const std::uint64_t first = std::max(range.first, planned_bytes_);
    add(first, range.first + range.count - std::min(first, range.first + range.count));
  }
  return state;
}

void Object::save_state() {
  auto now = std::chrono::steady_clock::now();
  if (!is_resumable() || is_complete() || now - saved_ < kResumeStateInterval) return;
  saved_ = now;
  // Without the state a later run starts from the beginning, which is no reason to fail.
  static_cast<void>(file_.save(state()).ok());
}

void Object::leave() {
  if (!file_.is_open() || !is_resumable()) return file_.discard();
  const ResumeState left = state();
  if (!left.taken.empty() && file_.save(left).ok()) return file_.leave();
  file_.discard();
}

}  // namespace quern::fetch
