#include "app/remote/input_supply.h"

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <set>
#include <utility>

#include "stages/decode/decode.h"

namespace quern::app {
namespace {

// All inputs are local, so the pieces are handed out in order.
class LocalQueue final : public WorkQueue {
 public:
  explicit LocalQueue(std::size_t pieces) : pieces_(pieces) {}
  std::optional<std::size_t> next(const std::stop_token& stop) override {
    std::size_t piece = next_++;
    if (piece >= pieces_ || stop.stop_requested()) return std::nullopt;
    return piece;
  }

 private:
  const std::size_t pieces_;
  std::atomic<std::size_t> next_ = 0;
};

class LocalSupply final : public InputSupply {
 public:
  Result<void> run(const std::stop_token&) override { return {}; }
  Result<std::unique_ptr<decode::StoredSource>> open(InputOrdinal, const InputView& input,
                                                     const std::stop_token& stop) override {
    return decode::open_stored_file(std::string(input.path), input.stored_bytes, stop);
  }
  std::unique_ptr<WorkQueue> queue(std::vector<InputRun> pieces) override {
    return std::make_unique<LocalQueue>(pieces.size());
  }
  EventSink& listener() override { return listener_; }

 private:
  NoEvents listener_;
};

// Tracks which inputs have arrived, and which pieces of work are therefore ready. Thread-safe.
class Arrivals {
 public:
  explicit Arrivals(const InputList& inputs) {
    for (const InputView& input : inputs.inputs) is_here_.push_back(input.is_remote() ? 0 : 1);
  }

  void plan(std::vector<InputRun> pieces) {
    std::lock_guard lock(mutex_);
    pieces_ = std::move(pieces);
    piece_of_.assign(is_here_.size(), 0);
    missing_.assign(pieces_.size(), 0);
    for (std::size_t piece = 0; piece < pieces_.size(); ++piece) {
      for (std::size_t input = pieces_[piece].first; input < pieces_[piece].first + pieces_[piece].count; ++input) {
        piece_of_[input] = piece;
        if (is_here_[input] == 0) ++missing_[piece];
      }
      if (missing_[piece] == 0) ready_.insert(piece);
    }
  }

  void arrived(InputOrdinal input) {
    {
      std::lock_guard lock(mutex_);
      if (std::exchange(is_here_[input], 1) != 0) return;
      if (missing_.empty() || --missing_[piece_of_[input]] > 0) return;
      ready_.insert(piece_of_[input]);
    }
    changed_.notify_all();
  }

  // Declares that nothing else will arrive.
  void close() {
    {
      std::lock_guard lock(mutex_);
      is_closed_ = true;
    }
    changed_.notify_all();
  }

  // Takes the first piece that is ready. If there is none yet, calls `need` with the inputs that it waits for.
  std::optional<std::size_t> take(const std::function<void(InputRun)>& need, const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    while (!stop.stop_requested() && dealt_ < pieces_.size()) {
      if (!ready_.empty()) {
        ++dealt_;
        return ready_.extract(ready_.begin()).value();
      }
      if (is_closed_) break;
      while (missing_[first_missing_] == 0 && first_missing_ + 1 < pieces_.size()) ++first_missing_;
      need(pieces_[first_missing_]);
      changed_.wait(lock, stop, [&] { return !ready_.empty() || is_closed_ || dealt_ == pieces_.size(); });
    }
    // Also wakes threads that wait for a last piece that another one has taken.
    changed_.notify_all();
    return std::nullopt;
  }

 private:
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::vector<char> is_here_;
  std::vector<InputRun> pieces_;
  std::vector<std::size_t> piece_of_;  // by input
  std::vector<std::size_t> missing_;   // by piece: how many of its inputs have not arrived
  std::set<std::size_t> ready_;        // pieces that are not handed out yet
  std::size_t dealt_ = 0;
  std::size_t first_missing_ = 0;  // all earlier pieces are or were ready
  bool is_closed_ = false;
};

class FetchedQueue final : public WorkQueue {
 public:
  FetchedQueue(Arrivals& arrivals, fetch::Fetch& fetch) : arrivals_(arrivals), fetch_(fetch) {}
  std::optional<std::size_t> next(const std::stop_token& stop) override {
    return arrivals_.take([this](const InputRun& inputs) { fetch_.need(inputs.first, inputs.count); }, stop);
  }

 private:
  Arrivals& arrivals_;
  fetch::Fetch& fetch_;
};

// Releases the files of inputs once they are decoded to their verified ends or have failed. Workers that read whole
// inputs report them as decoded when they have committed them.
class Releases final : public EventSink {
 public:
  explicit Releases(std::function<void(InputOrdinal)> release) : release_(std::move(release)) {}
  void emit(const event::Event& event) override {
    if (const auto* decoded = std::get_if<event::InputDecoded>(&event)) release_(decoded->input);
    if (const auto* failed = std::get_if<event::InputFailed>(&event)) release_(failed->input);
  }

 private:
  const std::function<void(InputOrdinal)> release_;
};

class FetchingSupply final : public InputSupply {
 public:
  FetchingSupply(const InputList& inputs, std::map<InputOrdinal, Error> refused, EventSink& events,
                 const MakeFetch& make_fetch)
      : inputs_(inputs),
        refused_(std::move(refused)),
        arrivals_(inputs),
        events_(events),
        fetch_(make_fetch([this](InputOrdinal input) { settled(input); })),
        releases_([this](InputOrdinal input) { release(input); }) {
    for (const auto& [input, reason] : refused_) arrivals_.arrived(input);
  }

  Result<void> run(const std::stop_token& stop) override {
    auto fetched = fetch_->run(stop);
    arrivals_.close();
    return fetched;
  }
  Result<std::unique_ptr<decode::StoredSource>> open(InputOrdinal ordinal, const InputView& input,
                                                     const std::stop_token& stop) override {
    const std::string path(input.path);
    if (!input.is_remote()) return decode::open_stored_file(path, input.stored_bytes, stop);
    if (auto refused = refused_.find(ordinal); refused != refused_.end()) return Error(refused->second);
    TRY_ASSIGN(Fd file, fetch_->open_file(ordinal));
    return decode::make_stored_file(std::move(file), path, fetch_->outcome(ordinal).value());
  }
  std::unique_ptr<WorkQueue> queue(std::vector<InputRun> pieces) override {
    arrivals_.plan(std::move(pieces));
    return std::make_unique<FetchedQueue>(arrivals_, *fetch_);
  }
  EventSink& listener() override { return releases_; }

 private:
  void settled(InputOrdinal input) {
    if (auto fetched = fetch_->outcome(input); fetched.ok()) {
      events_.emit(event::InputFetched{.input = input, .stored_bytes = fetched.value()});
    }
    arrivals_.arrived(input);
  }
  void release(InputOrdinal input) {
    if (inputs_.inputs[input].is_remote() && !refused_.contains(input)) fetch_->release(input);
  }

  const InputList& inputs_;
  const std::map<InputOrdinal, Error> refused_;
  Arrivals arrivals_;
  EventSink& events_;
  std::unique_ptr<fetch::Fetch> fetch_;
  Releases releases_;
};

}  // namespace

std::unique_ptr<InputSupply> make_local_supply() { return std::make_unique<LocalSupply>(); }

std::unique_ptr<InputSupply> make_fetching_supply(const InputList& inputs, std::map<InputOrdinal, Error> refused,
                                                  EventSink& events, const MakeFetch& make_fetch) {
  return std::make_unique<FetchingSupply>(inputs, std::move(refused), events, make_fetch);
}

}  // namespace quern::app
