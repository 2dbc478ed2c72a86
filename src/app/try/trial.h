#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <set>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "app/run/sample.h"
#include "app/try/trial_text.h"
#include "base/result.h"
#include "model/block.h"
#include "model/event.h"

namespace quern::app {

struct TrialOptions {
  std::uint64_t records = 10;              // that are shown; those which `where` drops do not count
  std::uint64_t first_line = 1;            // of the first input
  std::optional<std::uint64_t> seed = {};  // records at random instead of the first ones
  // Whether a mapper gets one record after another, each once the one before it is done. Programs get all at once.
  bool one_by_one = true;
  bool is_program = false;  // so that its records count once it gets them: those that `where` keeps
  // Whether each record is shown; if not, only bad ones are, and what modules print at their end.
  bool shows_records = true;
  bool shows_early = false;  // a record before the mapper gets it, because a debugger is about to show it too
};

// What quern try does with the records of a run: it chooses them, and shows each next to what the mapper made of it.
// Thread-safe.
class Trial final : public RecordSample, public EventSink {
 public:
  // The sample ends when `where` has dropped this many records, because the user is waiting.
  static constexpr std::uint64_t kMostDropped = 20'000;
  // Writes some lines; after an error, nothing else is shown and the sample ends.
  using Print = std::function<Result<void>(std::string_view text)>;
  // Returns the name of an input.
  using InputName = std::function<std::string(InputOrdinal input)>;
  // `others` gets the events that are not about records and what modules print. Borrows it.
  Trial(TrialOptions options, TrialText text, InputName input_name, Print print, EventSink& others);

  std::uint64_t most(const std::stop_token& stop) override;
  void look_at(const Block& decoded) override;
  bool wants(InputOrdinal input, std::uint64_t line) const override;
  void took(const Block& block, std::uint64_t records, std::uint64_t bad) override;
  void fed(const Block& selected) override;
  bool is_prompt() const override { return !options_.seed.has_value(); }
  bool is_complete() const override;

  void emit(const event::Event& event) override;
  // Whether a line may be drawn; there is a line feed after it in memory.
  using MayDraw = std::function<bool(std::string_view line)>;
  // With a seed, records are drawn from so many inputs. To be called before the first is read.
  void draw_from(std::size_t inputs, MayDraw may_draw) {
    inputs_ = inputs;
    may_draw_ = std::move(may_draw);
  }
  // Returns a sink that shows the output of each block and passes it to `sink`.
  std::unique_ptr<BlockSink> showing(std::unique_ptr<BlockSink> sink);

  struct Seen {
    std::uint64_t records = 0;  // bad ones included
    std::uint64_t bad = 0;
    std::uint64_t dropped = 0;
  };
  Seen seen() const;
  // Why nothing more could be printed.
  std::optional<Error> failure() const;

 private:
  class Sink;
  void show_output(const BlockOutput& output);
  void show_bad(const event::RecordBad& bad);
  void record_done(const event::BlockMapped& mapped);
  // These are called with the lock held.
  void show_record();
  void print(const std::string& text);
  void print_record(InputOrdinal input, std::uint64_t line, std::string_view record);

  const TrialOptions options_;
  const TrialText text_;
  const InputName input_name_;
  const Print print_;
  EventSink& others_;

  std::set<std::pair<InputOrdinal, std::uint64_t>> drawn_;  // lines at random; of the thread that reads
  std::set<InputOrdinal> looked_at_;
  std::size_t inputs_ = 1;
  MayDraw may_draw_ = [](std::string_view) { return true; };
  std::size_t left_drawn_ = 0;
  std::mt19937_64 random_;

  mutable std::mutex mutex_;  // guards what follows
  std::condition_variable_any done_;
  // The record that the mapper has.
  struct Current {
    InputOrdinal input = 0;
    std::uint64_t line = 0;
    std::string record;
    bool is_shown = false;
    bool is_dropped = false;
    std::vector<std::string> gave;
    std::vector<event::RecordBad> bad;
  };
  std::optional<Current> current_;
  bool is_in_work_ = false;
  bool is_leaving_ = false;  // a child, which prints its profile then
  Seen seen_;
  std::uint64_t taken_ = 0;  // records that were read, if not one by one
  std::optional<Error> failure_;
};

}  // namespace quern::app
