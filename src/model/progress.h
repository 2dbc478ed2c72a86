#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "model/event.h"
#include "model/input.h"
#include "model/usage.h"

// The progress of a run, summed up from its events. The accounting and every view use the same sums, so that they
// cannot disagree. Plain values: they do not lock, block or read a clock.

namespace quern {

using ClockTime = std::chrono::steady_clock::time_point;
// The source of the time; tests pass their own.
using Clock = std::function<ClockTime()>;

struct RecordSums {
  std::uint64_t mapped = 0;
  std::uint64_t dropped = 0;  // among the mapped ones: rejected by `where`
  std::uint64_t without_key = 0;
  std::uint64_t without_value = 0;
  RecordSums& operator+=(const RecordSums& other);
};

// The state of every input: one byte each, plus a little for those in progress, so that a million inputs take little
// memory. Events of one input may come in any order: its blocks are usually mapped before its end is verified.
class InputLedger {
 public:
  InputLedger() = default;
  explicit InputLedger(bool lists_mapped) : lists_mapped_(lists_mapped) {}

  // Call it when the input was read to its verified end; `blocks` is the number of its own blocks.
  void decoded(InputOrdinal input, std::uint32_t blocks);
  // Counts a block of the input `first` or, if last > first, a block of whole inputs; or only the records of a part of
  // it.
  void block_mapped(InputOrdinal first, InputOrdinal last, RecordSums records, bool is_complete = true);
  // Counts a bad record. A bad line that was written for the input replaces a record that the input's next block counts
  // as mapped.
  void record_bad(InputOrdinal input, bool is_written_line = false);
  // Call it when the input has failed. Its records that were counted before remain counted.
  void failed(InputOrdinal input);
  // Call it after the last event. An input without blocks of its own is part of a preceding input's block, or it is
  // empty; it counts as mapped if no preceding block is missing.
  void settle_empty_inputs();

  std::vector<InputOrdinal> take_mapped() { return std::exchange(mapped_, {}); }
  std::uint64_t inputs_mapped() const { return inputs_mapped_; }
  std::uint64_t inputs_failed() const { return inputs_failed_; }
  const RecordSums& records() const { return records_; }
  std::uint64_t records_bad() const { return records_bad_; }

 private:
  enum class State : std::uint8_t { kOpen, kCovered, kDecoded, kMapped, kFailed };
  struct Work {
    std::uint32_t blocks = 0;
    std::uint32_t blocks_mapped = 0;
    std::uint64_t written_bad = 0;  // bad written lines that no block has accounted for yet
  };
  State& state(InputOrdinal input);
  bool is_settled(InputOrdinal input);
  void cover(InputOrdinal input);
  void map(InputOrdinal input);

  const bool lists_mapped_ = false;
  std::vector<InputOrdinal> mapped_;
  std::vector<State> states_;
  std::unordered_map<InputOrdinal, Work> in_work_;
  std::uint64_t inputs_mapped_ = 0;
  std::uint64_t inputs_failed_ = 0;
  RecordSums records_;
  std::uint64_t records_bad_ = 0;
};

struct ChildProgress {
  event::ChildState state = event::ChildState::kGone;
  ClockTime since{};                   // when that state began
  std::chrono::nanoseconds working{};  // before `since`
  std::chrono::nanoseconds waiting{};  // before `since`
  std::uint64_t records = 0;           // or groups, processed in the current unit, batch or frame
  std::uint64_t decoded_bytes = 0;     // of these records
  UnitTimes units;
};

struct PhaseProgress {
  event::Phase phase = event::Phase::kInputs;
  ClockTime started{};
  std::optional<std::chrono::nanoseconds> elapsed = {};  // nullopt while the phase is running
};

// A snapshot; cheap to copy.
struct Progress {
  std::string job;
  std::size_t processes = 0;
  std::uint64_t inputs_found = 0;
  std::uint64_t inputs_mapped = 0;
  std::uint64_t inputs_failed = 0;
  std::uint64_t records_mapped = 0;
  std::uint64_t records_bad = 0;
  // Among the mapped records, as in event::BlockMapped:
  std::uint64_t records_dropped = 0;
  std::uint64_t records_without_key = 0;
  std::uint64_t records_without_value = 0;
  std::uint64_t inputs_fetched = 0;      // among the remote ones
  std::uint64_t inputs_unverified = 0;   // among the remote ones: those that could not be verified
  std::uint64_t fetched_bytes = 0;       // of the fetched inputs, as stored
  std::uint64_t stored_bytes_found = 0;  // of all inputs
  std::uint64_t stored_bytes = 0;        // read so far, including those of failed inputs
  std::uint64_t decoded_bytes = 0;       // decoded so far, including those of failed inputs
  std::uint64_t settled_bytes = 0;       // of these: mapped, or of inputs that have failed
  std::uint64_t mapped_output_bytes = 0;
  std::uint64_t groups_reduced = 0;
  std::uint64_t groups_bad = 0;
  std::uint64_t groups_as_text = 0;  // groups compared as text; the next member is the first of their keys
  std::string first_as_text;
  std::uint64_t values_reduced = 0;
  std::uint64_t reduced_output_bytes = 0;
  std::uint64_t children_replaced = 0;
  std::vector<PhaseProgress> phases;                   // in the order in which they started
  std::array<std::vector<ChildProgress>, 3> children;  // by role, then by number
  std::array<Usage, 3> usage;                          // by role: of children that have ended
  std::string status;                                  // the last one that a module reported

  const std::vector<ChildProgress>& children_of(event::Role role) const {
    return children[static_cast<std::size_t>(role)];
  }
  // Records, or groups of a reducer, that were processed in units, batches and frames that are not complete yet.
  std::uint64_t in_work(event::Role role) const;
  // How much of the mapping is done, from 0 to 1: by stored bytes of which the records are mapped, or by inputs if
  // their sizes are not known.
  double mapped_share() const;
};

// Adds up events. Not thread-safe: its owner locks.
class ProgressTally {
 public:
  ProgressTally() = default;
  // Lists the inputs that become mapped, for take_mapped().
  explicit ProgressTally(bool lists_mapped) : ledger_(lists_mapped) {}

  void add(const event::Event& event, ClockTime now);
  // Call it after the last event.
  void finish();
  const Progress& progress() const { return progress_; }
  // Returns the inputs that have become mapped since the last call.
  std::vector<InputOrdinal> take_mapped() { return ledger_.take_mapped(); }

 private:
  ChildProgress& child_of(event::Role role, std::size_t number);
  void child_changed(const event::ChildChanged& change, ClockTime now);
  void phase_ended(const event::PhaseEnded& ended);
  void take_over_inputs();

  Progress progress_;
  InputLedger ledger_;
  std::unordered_map<InputOrdinal, std::uint64_t> decoding_;  // decoded bytes of inputs that are being read
};

// The total time that children of one role spent working and waiting for quern, up to `now`.
struct ChildTimes {
  std::chrono::nanoseconds working{};
  std::chrono::nanoseconds waiting{};
};
ChildTimes child_times(const std::vector<ChildProgress>& children, ClockTime now);

}  // namespace quern
