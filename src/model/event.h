#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "model/input.h"
#include "model/usage.h"
#include "model/wanted_path.h"

// What happens in a run, as values. The stages report events through an EventSink; the accounting and the views consume
// them.

namespace quern::event {

enum class Phase { kInputs, kMap, kReduce, kOutput };
enum class Role { kMapper, kCombiner, kReducer };
enum class Level { kInfo, kWarning, kError };
enum class ChildState { kStarting, kWaiting, kWorking, kLeaving, kGone };

// Returns "map", "reducer", "warning" or "waiting", as shown to users and written to logs and result.json.
std::string_view name_of(Phase phase);
std::string_view name_of(Role role);
std::string_view name_of(Level level);
std::string_view name_of(ChildState state);

struct RunStarted {
  std::string job;  // the job folder's name
  std::uint64_t inputs = 0;
  std::uint64_t stored_bytes = 0;
  std::size_t processes = 0;
};
struct PhaseStarted {
  Phase phase;
};
struct PhaseEnded {
  Phase phase;
  std::chrono::nanoseconds elapsed{};
};

// A remote input is now on local disk, complete and verified.
struct InputFetched {
  InputOrdinal input = 0;
  std::uint64_t stored_bytes = 0;
};
// The input arrived without anything to verify its bytes: no checksum, and no ETag that is a digest. May come before or
// after its InputFetched.
struct InputUnverified {
  InputOrdinal input = 0;
};
// Bytes read from one input since its last such event; the sum of all these events is the total.
struct InputProgress {
  InputOrdinal input = 0;
  std::uint64_t stored_bytes = 0;   // read since the last such event
  std::uint64_t decoded_bytes = 0;  // decoded since the last such event
};
// The input was read to its verified end and split into `blocks` blocks (a packed block is counted for its first input
// only).
struct InputDecoded {
  InputOrdinal input = 0;
  std::uint32_t blocks = 0;
};
// The input does not count.
struct InputFailed {
  InputOrdinal input = 0;
  Error error;
  bool was_begun = false;  // a part of it has been passed on, so that the run cannot go on without it
};

// Records of a block, or of a unit of one, have been mapped. For `lines` and `files`, a batch of inputs is one block,
// or several if its output is large; then the last event carries all the numbers.
struct BlockMapped {
  std::size_t child = 0;
  InputOrdinal first_input = 0;
  InputOrdinal last_input = 0;
  std::uint64_t records = 0;  // without the bad ones
  std::uint64_t bad = 0;      // each is also reported as a RecordBad; only those are counted
  std::uint64_t dropped = 0;  // among `records`: rejected by `where`
  // Among `records`: those from which `pairs` made no pair because they lack a key, or have a key but no value.
  std::uint64_t without_key = 0;
  std::uint64_t without_value = 0;
  std::uint64_t decoded_bytes = 0;
  std::uint64_t output_bytes = 0;
  std::optional<std::chrono::nanoseconds> time = {};  // that a child worked on it, unless children died on it
  // Whether the output of its block was accepted. A block may be mapped in units, which are reported one by one.
  bool completes_block = true;
};
// How much of its current unit or batch a mapper child has processed, or how many groups of its current frame a reducer
// child has; sent about once a second.
struct BlockProgress {
  Role role = Role::kMapper;
  std::size_t child = 0;
  std::uint64_t records = 0;
  std::uint64_t decoded_bytes = 0;
};
struct RecordBad {
  InputOrdinal input = 0;
  std::uint64_t line = 0;  // from 1; 0 if `record` is a line that a program or a combiner wrote for the input
  std::string record;      // unchanged, without its '\n'; cut at limits::kKeptOfLongRecordBytes if it was too long
  std::string reason;      // one line
  std::string details;     // a traceback; may be ""
};
// Which of the paths that the job names were found in some record. Sent at the end of mapping if the job names any.
struct PathsLooked {
  std::vector<WantedPath> paths;
};
// A reducer failed on one key, or the mapper of a later step failed on one pair; then `key` names the pair's position.
struct GroupBad {
  std::uint64_t pair = 0;  // the pair's number if it is a pair, else 0
  std::string key;
  std::string reason;
  std::string details;
};
struct GroupsReduced {
  std::size_t child = 0;
  std::uint64_t groups = 0;
  std::uint64_t values = 0;
  std::uint64_t output_bytes = 0;
};

// This many keys had no number under min or max, so their values were compared as text.
struct ComparedAsText {
  std::uint64_t keys = 0;
  std::string first_key;  // the first in key order
};

struct ChildChanged {
  Role role = Role::kMapper;
  std::size_t child = 0;
  ChildState state = ChildState::kStarting;
  int pid = 0;
};
// A child has ended, and has used this.
struct ChildEnded {
  Role role = Role::kMapper;
  Usage used;
};
// A child ended abnormally, which had a consequence: it was replaced, or the job failed.
struct ChildDied {
  Role role = Role::kMapper;
  std::size_t child = 0;
  std::string cause;   // "exit status 3", "killed by signal 9 (SIGKILL), ..."
  std::string action;  // "started another and sent its block again (attempt 2 of 3)"
};
// One line that a module printed, without its '\n'.
struct ModuleLine {
  Role role = Role::kMapper;
  std::size_t child = 0;
  std::string line;
};
struct Counted {
  std::string group;
  std::string name;
  std::int64_t amount = 0;
};
struct Status {
  std::size_t child = 0;
  std::string text;  // the text of reporter:status:
};
struct Note {
  Level level = Level::kInfo;
  std::string text;
};

using Event =
    std::variant<RunStarted, PhaseStarted, PhaseEnded, InputFetched, InputUnverified, InputProgress, InputDecoded,
                 InputFailed, BlockMapped, BlockProgress, RecordBad, PathsLooked, GroupBad, GroupsReduced,
                 ComparedAsText, ChildChanged, ChildEnded, ChildDied, ModuleLine, Counted, Status, Note>;

}  // namespace quern::event

namespace quern {

// Thread-safe: any thread may emit at any time. Implementations lock, and must not block for long.
class EventSink {
 public:
  virtual ~EventSink() = default;
  virtual void emit(const event::Event& event) = 0;
};

// Discards all events.
class NoEvents final : public EventSink {
 public:
  void emit(const event::Event& /*event*/) override {}
};

}  // namespace quern
