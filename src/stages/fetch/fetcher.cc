#include <algorithm>
#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "stages/fetch/fetch.h"
#include "stages/fetch/ledger.h"
#include "stages/fetch/object.h"
#include "stages/fetch/part_file.h"

// Schedules the transfers of all objects on one thread. A slot is one exchange; up to options.parallel of them are
// active. A free slot goes to an object that was begun and has no exchange under way, so that files become complete in
// the order of the list; then to the next object; then to further pieces of large objects. Objects start and continue
// only while the spool has space for them (docs/decisions/0013).

namespace quern::fetch {
namespace {

class Fetcher;

// The receiver of one exchange: passes what arrives to the piece that the exchange fetches.
class Slot final : public http::Receiver {
 public:
  explicit Slot(Fetcher& fetcher) : fetcher_(fetcher) {}
  Result<void> begin(const http::Head& head) override;
  Result<void> take(std::string_view bytes) override;
  bool again(http::Request& request) override;
  std::optional<Error> refused(const http::Response& answer) override;
  void done(Result<http::Head> outcome) override;

  bool is_busy = false;
  Object* object = nullptr;  // if null while is_busy, the object no longer needs the answer
  std::size_t piece = 0;

 private:
  Fetcher& fetcher_;
};

// An object that was begun and is not settled yet.
struct Running {
  std::unique_ptr<Object> object;
  std::uint64_t reserved_bytes = 0;  // in the spool
  bool is_paused = false;            // waits for space in the spool
};

class Fetcher final : public Fetch {
 public:
  Fetcher(FetchOptions options, std::unique_ptr<DownloadFolder> folder, std::vector<Remote> remotes, FetchPeers peers)
      : options_(std::move(options)),
        folder_(std::move(folder)),
        remotes_(std::move(remotes)),
        peers_(std::move(peers)),
        ledger_(remotes_, options_.keep, *folder_),
        kept_(*folder_),
        waits_(peers_.events),
        buffers_(options_.parallel + 1, 2 * limits::kFetchWriteBytes),
        states_(remotes_.size(), State::kPending),
        spooled_(remotes_.size()) {}

  Result<void> run(const std::stop_token& stop) override;
  Result<std::uint64_t> outcome(InputOrdinal input) const override { return ledger_.outcome(input); }
  Result<Fd> open_file(InputOrdinal input) const override { return ledger_.open_file(input); }
  void release(InputOrdinal input) override { ledger_.release(input); }
  void need(InputOrdinal first, std::size_t count) override { ledger_.need(first, count); }

  // Called by the slots.
  Result<void> begin(Slot& slot, const http::Head& head);
  Result<void> take(Slot& slot, std::string_view bytes);
  void done(Slot& slot, Result<http::Head> outcome);
  std::optional<Error> explain(const Slot& slot, const http::Response& refusal) const;

 private:
  enum class State : char { kPending, kBegun, kSettled };
  Result<void> fetch_all(const std::stop_token& stop);
  void take_wishes();
  void resume_where_there_is_room();
  void fill_slots();
  bool start_something();
  Running* with_idle_piece(bool must_rest);
  std::optional<std::size_t> next_pending();
  std::size_t next_of_another_host(std::size_t index) const;
  void begin_object(std::size_t index);
  void start_piece(Running& running);
  Slot& free_slot();
  std::size_t active_slots() const;
  void give_up_slots(const Object& object, const Slot* but);
  // Space in the spool.
  std::size_t first_unsettled();
  bool has_room(std::size_t index, std::uint64_t bytes);
  bool claim(Running& running);
  void claim_or_pause(Running& running);
  // Steps in the life of an object.
  Running& find(const Object& object);
  void go_on(Running& running, Result<void> result);
  void settle(Running& running, Result<void> outcome);
  void mark_settled(std::size_t index, Result<FileMark> outcome, bool was_there);

  const FetchOptions options_;
  const std::unique_ptr<DownloadFolder> folder_;
  const std::vector<Remote> remotes_;
  const FetchPeers peers_;
  Ledger ledger_;
  KeptFiles kept_;
  WaitNotes waits_;
  BufferPool buffers_;
  std::unique_ptr<http::Client> client_;
  std::vector<std::unique_ptr<Slot>> slots_;
  std::vector<Running> running_;
  std::deque<std::size_t> needed_;
  std::vector<State> states_;
  std::size_t next_ = 0;             // no pending object comes before it in the list
  std::size_t first_unsettled_ = 0;  // no unsettled object comes before it
  std::size_t settled_ = 0;
  std::vector<std::optional<std::uint64_t>> spooled_;  // the spool space of files that are held
  std::size_t held_files_ = 0;                         // fetched and not yet released
  std::uint64_t spool_bytes_ = 0;                      // in use
  std::optional<Error> failure_;                       // ends the whole run
};

Result<void> Slot::begin(const http::Head& head) { return fetcher_.begin(*this, head); }
Result<void> Slot::take(std::string_view bytes) { return fetcher_.take(*this, bytes); }
bool Slot::again(http::Request& request) {
  if (object == nullptr) return false;
  request = object->start(piece);
  return true;
}
std::optional<Error> Slot::refused(const http::Response& answer) { return fetcher_.explain(*this, answer); }
void Slot::done(Result<http::Head> outcome) { fetcher_.done(*this, std::move(outcome)); }

Result<void> Fetcher::run(const std::stop_token& stop) {
  http::ClientOptions http = options_.http;
  http.retry.attempts = options_.attempts;
  http.retry.patience = options_.patience;
  http.listener = &waits_;
  TRY_ASSIGN(client_, http::make_client(http));
  TRY(ledger_.open());
  auto result = fetch_all(stop);
  client_.reset();
  for (Running& running : running_) running.object->leave();
  running_.clear();
  slots_.clear();
  return result;
}

Result<void> Fetcher::fetch_all(const std::stop_token& stop) {
  while (true) {
    take_wishes();
    resume_where_there_is_room();
    fill_slots();
    if (failure_.has_value()) return *failure_;
    if (settled_ == remotes_.size()) return {};
    TRY(client_->step(std::chrono::steady_clock::time_point::max(), ledger_.readable_fd(), stop));
  }
}

void Fetcher::take_wishes() {
  Ledger::Wishes wishes = ledger_.take_wishes();
  for (std::size_t index : wishes.released) {
    if (!spooled_[index].has_value()) continue;
    spool_bytes_ -= *std::exchange(spooled_[index], std::nullopt);
    --held_files_;
  }
  needed_.insert(needed_.end(), wishes.needed.begin(), wishes.needed.end());
}

std::size_t Fetcher::first_unsettled() {
  while (first_unsettled_ < states_.size() && states_[first_unsettled_] == State::kSettled) ++first_unsettled_;
  return first_unsettled_;
}

bool Fetcher::has_room(std::size_t index, std::uint64_t bytes) {
  if (spool_bytes_ + bytes <= options_.spool_bytes) return true;
  if (ledger_.is_needed(index)) return true;
  // If no file is held, waiting would not free any space: then one object continues, however large it is.
  return held_files_ == 0 && index == first_unsettled();
}

// Reserves the space that an object is now known to need. Returns false if there is not enough.
bool Fetcher::claim(Running& running) {
  std::uint64_t wanted = running.object->size_bytes().value_or(running.object->taken_bytes());
  if (wanted <= running.reserved_bytes) return true;
  std::uint64_t more = wanted - running.reserved_bytes;
  if (!has_room(running.object->index(), more)) return false;
  running.reserved_bytes += more;
  spool_bytes_ += more;
  return true;
}

void Fetcher::claim_or_pause(Running& running) {
  if (running.is_paused || claim(running)) return;
  running.is_paused = true;
  for (auto& slot : slots_) {
    if (slot->object == running.object.get()) client_->pause(*slot);
  }
}

void Fetcher::resume_where_there_is_room() {
  for (Running& running : running_) {
    if (!running.is_paused || !claim(running)) continue;
    running.is_paused = false;
    for (auto& slot : slots_) {
      if (slot->object == running.object.get()) client_->resume(*slot);
    }
  }
}

std::size_t Fetcher::active_slots() const {
  std::size_t active = 0;
  // A transfer that waits before it asks its host again leaves its turn to other hosts.
  auto is_active = [&](const Slot& slot) { return slot.is_busy && !client_->is_waiting(slot); };
  for (const auto& slot : slots_) active += is_active(*slot) ? 1 : 0;
  // A transfer that waits for space must not occupy a slot that another one, for which there is space, could use.
  for (const Running& running : running_) {
    if (!running.is_paused) continue;
    for (const auto& slot : slots_) active -= slot->object == running.object.get() && is_active(*slot) ? 1 : 0;
  }
  return active;
}

void Fetcher::fill_slots() {
  while (!failure_.has_value() && active_slots() < options_.parallel && start_something()) {
  }
}

// Prefers objects that were begun, so that files become complete in the order of the list; then the next object; and if
// there is none, further pieces of objects with transfers under way.
bool Fetcher::start_something() {
  if (Running* running = with_idle_piece(true)) {
    start_piece(*running);
    return true;
  }
  if (auto index = next_pending()) {
    begin_object(*index);
    return true;
  }
  Running* running = with_idle_piece(false);
  if (running != nullptr) start_piece(*running);
  return running != nullptr;
}

// With `must_rest`, only objects without transfers under way.
Running* Fetcher::with_idle_piece(bool must_rest) {
  for (Running& running : running_) {
    if (running.is_paused) continue;
    auto idle = running.object->idle_piece();
    if (!idle.has_value() || client_->is_pausing(running.object->remote().request.url)) continue;
    // A question hardly delays any piece, and its answer lets the bytes that have arrived be digested sooner.
    if (must_rest && running.object->running_pieces() > 0 && *idle != Object::kQuestion) continue;
    return &running;
  }
  return nullptr;
}

std::optional<std::size_t> Fetcher::next_pending() {
  while (!needed_.empty()) {
    std::size_t index = needed_.front();
    needed_.pop_front();
    if (states_[index] == State::kPending) return index;
  }
  if (std::any_of(running_.begin(), running_.end(), [](const Running& running) { return running.is_paused; }))
    return {};
  while (next_ < states_.size() && states_[next_] != State::kPending) ++next_;
  std::size_t index = next_;
  while (index < states_.size() && client_->is_pausing(remotes_[index].request.url))
    index = next_of_another_host(index);
  // For an object of unknown size, there must be space for the first byte.
  if (index == states_.size() || !has_room(index, remotes_[index].size_bytes.value_or(1))) return {};
  return index;
}

std::size_t Fetcher::next_of_another_host(std::size_t index) const {
  auto host = [&](std::size_t i) {
    const std::string_view url = remotes_[i].request.url;
    return url.substr(0, url.find('/', url.find("://") + 3));
  };
  const std::string_view own = host(index);
  while (index < states_.size() && (states_[index] != State::kPending || host(index) == own)) ++index;
  return index;
}

void Fetcher::begin_object(std::size_t index) {
  states_[index] = State::kBegun;
  auto object = std::make_unique<Object>(remotes_[index], index, Object::Peers{options_, *folder_, kept_, buffers_});
  if (object->is_there()) return mark_settled(index, object->mark(), true);
  running_.push_back({.object = std::move(object)});
  claim(running_.back());
  start_piece(running_.back());
}

Slot& Fetcher::free_slot() {
  auto found = std::find_if(slots_.begin(), slots_.end(), [](const auto& slot) { return !slot->is_busy; });
  if (found != slots_.end()) return **found;
  slots_.push_back(std::make_unique<Slot>(*this));
  return *slots_.back();
}

void Fetcher::start_piece(Running& running) {
  Slot& slot = free_slot();
  slot.is_busy = true;
  slot.object = running.object.get();
  slot.piece = running.object->idle_piece().value();
  client_->start(running.object->start(slot.piece), slot, running.object->remote().signer);
}

void Fetcher::give_up_slots(const Object& object, const Slot* but) {
  for (auto& slot : slots_) {
    if (slot->object != &object || slot.get() == but) continue;
    slot->object = nullptr;
    client_->cancel(*slot);
  }
}

Running& Fetcher::find(const Object& object) {
  auto found = std::find_if(running_.begin(), running_.end(),
                            [&](const Running& running) { return running.object.get() == &object; });
  CHECK(found != running_.end());
  return *found;
}

Result<void> Fetcher::begin(Slot& slot, const http::Head& head) {
  TRY_ASSIGN(auto begun, slot.object->begin(slot.piece, head));
  if (begun == Object::Begun::kWhole) give_up_slots(*slot.object, &slot);
  claim_or_pause(find(*slot.object));
  return {};
}

Result<void> Fetcher::take(Slot& slot, std::string_view bytes) {
  TRY(slot.object->take(slot.piece, bytes));
  if (!slot.object->size_bytes().has_value()) claim_or_pause(find(*slot.object));
  return {};
}

std::optional<Error> Fetcher::explain(const Slot& slot, const http::Response& refusal) const {
  if (slot.object == nullptr || !peers_.explain) return std::nullopt;
  return peers_.explain(slot.object->remote().input, refusal);
}

void Fetcher::done(Slot& slot, Result<http::Head> outcome) {
  slot.is_busy = false;
  Object* object = std::exchange(slot.object, nullptr);
  if (object == nullptr) return;
  if (!outcome.ok() && outcome.error().kind == ErrorKind::kStopped) return;
  Running& running = find(*object);
  go_on(running, object->end(slot.piece, std::move(outcome)));
}

void Fetcher::go_on(Running& running, Result<void> result) {
  Object& object = *running.object;
  if (result.ok() && object.is_complete()) result = object.finish();
  if (result.ok() && !object.is_complete() && !object.is_there()) return;
  give_up_slots(object, nullptr);
  if (result.ok()) return settle(running, {});
  if (result.error().kind == ErrorKind::kNoSpace) {
    failure_ = std::move(result).error();
    return;
  }
  if (!object.wants_restart()) return settle(running, std::move(result));
  peers_.events.emit(event::Note{event::Level::kInfo, result.error().message + "; fetching it again"});
  object.restart();
}

void Fetcher::settle(Running& running, Result<void> outcome) {
  const std::size_t index = running.object->index();
  const bool was_there = running.object->is_there();
  const bool is_verified = running.object->is_verified();
  const std::uint64_t reserved_bytes = running.reserved_bytes;
  const FileMark mark = running.object->mark();
  // Keeps the bytes for a later run, unless they are wrong.
  if (!outcome.ok() && outcome.error().kind != ErrorKind::kBadInput) running.object->leave();
  running_.erase(running_.begin() + (&running - running_.data()));
  if (outcome.ok() && !was_there) {
    spooled_[index] = reserved_bytes;
    ++held_files_;
  } else {
    spool_bytes_ -= reserved_bytes;
  }
  if (outcome.ok() && !is_verified) peers_.events.emit(event::InputUnverified{.input = remotes_[index].input});
  mark_settled(index, outcome.ok() ? Result<FileMark>(mark) : std::move(outcome).error(), was_there);
}

void Fetcher::mark_settled(std::size_t index, Result<FileMark> outcome, bool was_there) {
  states_[index] = State::kSettled;
  ++settled_;
  ledger_.settle(index, std::move(outcome), was_there);
  peers_.on_settled(remotes_[index].input);
}

}  // namespace

std::unique_ptr<Fetch> make_fetch(FetchOptions options, std::unique_ptr<DownloadFolder> folder,
                                  std::vector<Remote> remotes, FetchPeers peers) {
  return std::make_unique<Fetcher>(std::move(options), std::move(folder), std::move(remotes), std::move(peers));
}

}  // namespace quern::fetch
