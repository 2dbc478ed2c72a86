#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "model/event.h"
#include "model/input.h"

// How far a run is, added up from its events. The accounting and every view use the same sums, so that they cannot
// disagree. Plain values: nothing here locks, blocks or looks at a clock.

namespace quern {

using ClockTime = std::chrono::steady_clock::time_point;
// Where the time comes from; tests hand in their own.
using Clock = std::function<ClockTime()>;

// Figures of records that are taken back where their input fails.
struct RecordSums {
  std::uint64_t mapped = 0;
  std::uint64_t dropped = 0;  // of the mapped ones, by `where`
  std::uint64_t without_key = 0;
  std::uint64_t without_value = 0;
  RecordSums& operator+=(const RecordSums& other);
  RecordSums& operator-=(const RecordSums& other);
};

// The state of every input: one byte each, and a little more for those in work, so that a million inputs stay small.
// Events of one input may come in any order: its blocks are usually mapped before its end is verified.
class InputLedger {
 public:
  // The input was read to its verified end and has `blocks` blocks of its own.
  void decoded(InputOrdinal input, std::uint32_t blocks);
  // A block of `first` or, if last > first, a block of whole inputs.
  void block_mapped(InputOrdinal first, InputOrdinal last, RecordSums records);
  // A written line that is bad takes the place of a record that the next block of the input counts as mapped.
  void record_bad(InputOrdinal input, bool is_written_line = false);
  // Takes back what the input has given. False if it is known already.
  bool failed(InputOrdinal input);
  // Nothing more will come. An input without a block of its own is in a block of an input before it, or it is empty; it
  // counts as mapped if no block before it is still out.
  void settle_empty_inputs();

  std::uint64_t inputs_mapped() const { return inputs_mapped_; }
  std::uint64_t inputs_failed() const { return inputs_failed_; }
  const RecordSums& records() const { return records_; }
  std::uint64_t records_bad() const { return records_bad_; }

 private:
  enum class State : std::uint8_t { kOpen, kCovered, kDecoded, kMapped, kFailed };
  struct Work {
    std::uint32_t blocks = 0;
    std::uint32_t blocks_mapped = 0;
    RecordSums records;
    std::uint64_t bad = 0;
    std::uint64_t written_bad = 0;  // of these, those that no block has taken into account
  };
  State& state(InputOrdinal input);
  bool is_settled(InputOrdinal input);
  void cover(InputOrdinal input);
  void map(InputOrdinal input);

  std::vector<State> states_;
  std::unordered_map<InputOrdinal, Work> in_work_;
  std::uint64_t inputs_mapped_ = 0;
  std::uint64_t inputs_failed_ = 0;
  RecordSums records_;
  std::uint64_t records_bad_ = 0;
};

struct ChildProgress {
  event::ChildState state = event::ChildState::kGone;
  ClockTime since{};                   // in that state
  std::chrono::nanoseconds working{};  // before `since`
  std::chrono::nanoseconds waiting{};  // before `since`
  std::uint64_t records = 0;           // done, of the block in work
};

struct PhaseProgress {
  event::Phase phase = event::Phase::kInputs;
  ClockTime started{};
  std::optional<std::chrono::nanoseconds> elapsed = {};  // none: it is still going on
};

// A snapshot, cheap to copy.
struct Progress {
  std::string job;
  std::size_t processes = 0;
  std::uint64_t inputs_found = 0;
  std::uint64_t inputs_mapped = 0;
  std::uint64_t inputs_failed = 0;
  std::uint64_t records_mapped = 0;
  std::uint64_t records_bad = 0;
  // Of the mapped ones, as in event::BlockMapped:
  std::uint64_t records_dropped = 0;
  std::uint64_t records_without_key = 0;
  std::uint64_t records_without_value = 0;
  std::uint64_t inputs_fetched = 0;      // of the remote ones
  std::uint64_t inputs_unverified = 0;   // of the remote ones, with nothing to verify them by
  std::uint64_t fetched_bytes = 0;       // of the fetched ones, as stored
  std::uint64_t stored_bytes_found = 0;  // of all inputs
  std::uint64_t stored_bytes = 0;        // read up to now, those of failed inputs included
  std::uint64_t decoded_bytes = 0;       // given up to now, those of failed inputs included
  std::uint64_t mapped_output_bytes = 0;
  std::uint64_t groups_reduced = 0;
  std::uint64_t groups_bad = 0;
  std::uint64_t groups_as_text = 0;  // of these, the first by its key is the next
  std::string first_as_text;
  std::uint64_t values_reduced = 0;
  std::uint64_t reduced_output_bytes = 0;
  std::uint64_t children_replaced = 0;
  std::vector<PhaseProgress> phases;                   // in the order in which they started
  std::array<std::vector<ChildProgress>, 3> children;  // by role, then by number
  std::string status;                                  // the last that a module reported

  const std::vector<ChildProgress>& children_of(event::Role role) const {
    return children[static_cast<std::size_t>(role)];
  }
  // Done in blocks that are not mapped to their end.
  std::uint64_t records_in_work() const;
};

// Adds events up. Owned by one thread at a time: its owner locks.
class ProgressTally {
 public:
  void add(const event::Event& event, ClockTime now);
  // Call when no more events will come.
  void finish();
  const Progress& progress() const { return progress_; }

 private:
  ChildProgress& child_of(event::Role role, std::size_t number);
  void child_changed(const event::ChildChanged& change, ClockTime now);
  void phase_ended(const event::PhaseEnded& ended);
  void take_over_inputs();

  Progress progress_;
  InputLedger ledger_;
};

// The time that children of one role spent at work and waiting for us, up to `now`.
struct ChildTimes {
  std::chrono::nanoseconds working{};
  std::chrono::nanoseconds waiting{};
};
ChildTimes child_times(const std::vector<ChildProgress>& children, ClockTime now);

}  // namespace quern
