#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <future>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "model/protocol.h"
#include "services/json/record_packer.h"
#include "services/process/session.h"
#include "stages/mapper/block_lines.h"
#include "stages/mapper/mapper.h"
#include "stages/mapper/unit_queue.h"

namespace quern::mapper {

// A unit that was sent and is not yet done, with everything that its children reported about it, which counts only once
// the unit is done. If a child dies before, `forget_unfinished` drops its reports, except for records that a careful
// child had finished: `keep_finished` removes these from the unit's block, and the rest is sent again.
struct UnitInFlight {
  std::uint64_t id = 0;
  Block block;
  Origin origin;
  Buffer head;    // the frame's beginning; the child borrows it and what follows until they are written
  Buffer packed;  // the records, if the frame has them in that form
  bool careful = false;
  std::size_t deaths = 0;           // of children that worked on its first record, or on an unknown one
  bool first_is_suspect = false;    // a careful child died on its first record
  std::uint64_t finished = 0;       // records that were mapped before children died, and were removed from the block
  std::size_t finished_bad = 0;     // how many of the finished ones are bad
  std::uint64_t decoded_bytes = 0;  // of the whole original unit
  bool is_begun = false;            // by a child that was ready
  // When a child that was ready began with it; nullopt once that says nothing about its records.
  std::optional<std::chrono::steady_clock::time_point> began;
  std::uint64_t refused = 0;          // bad records since the last removal that the child does not know of
  std::uint64_t given_up = 0;         // records that killed their children, and were removed from the block
  std::optional<LinePlace> starting;  // if careful: the record that the child is working on
  Mapped mapped;                      // so far

  // How much of the output belongs to records before `starting`.
  struct Finished {
    std::size_t lines = 0;        // in buffers
    std::size_t last_bytes = 0;   // in the last of these buffers
    std::size_t lines_bytes = 0;  // in all of these buffers
    std::size_t bad = 0;
    std::size_t counted = 0;
  } before_starting;

  void start_record(LinePlace place);
  // Removes the records before `starting` from the block; `starting` becomes its first line. Blank lines count as
  // records only if `is_text`.
  void keep_finished(bool is_text);
  // Drops what the child reported about records that are still in the block.
  void forget_unfinished();
  // Drops the output that follows that of the records before `starting`.
  void drop_lines();
  // Returns why the rule refuses a line of that output, or "".
  std::string last_problem(const ValueRule& rule) const;
};

// One thread's mapper child and the units it works on. Not thread-safe.
class FunctionWorker {
 public:
  // `module` says how its children are started, by `machine`.
  FunctionWorker(std::size_t number, const MapperOptions& options, const MapperPeers& peers,
                 const process::ModuleChildOptions& module, process::Machine machine, UnitQueue& units,
                 std::promise<void> begun);
  // Takes units until the queue is finished, then lets the child exit.
  Result<void> run(const std::stop_token& stop);

 private:
  Result<void> ensure_child();
  void take_units(const std::stop_token& stop);
  std::size_t most_in_flight() const;
  bool wants_unit() const;
  void send(UnitInFlight& work);
  void pack(UnitInFlight& work, std::vector<protocol::SegmentHead>& segments);
  void begin_first();
  Result<void> step(int wake_fd, const std::stop_token& stop);
  Result<void> handle_frames();
  Result<void> handle(const process::Frame& frame);
  Result<void> handle_answer(const process::Frame& frame);
  Result<void> take_output(UnitInFlight& work, std::string_view payload);
  Result<void> take_bad(UnitInFlight& work, std::string_view payload);
  Result<void> take_counters(UnitInFlight* work, std::string_view payload);
  Result<void> commit(std::string_view payload);
  Result<void> report_done(UnitInFlight work, std::uint64_t records, std::optional<std::chrono::nanoseconds> time);
  Error too_much_output(const UnitInFlight& work) const;
  void refuse_last(UnitInFlight& work);
  bool has_refused(const UnitInFlight& work) const;
  void send_carefully(UnitInFlight work);
  Error setup_failed(std::string_view payload);

  // The child is dead or must be killed: what is lost is sent again, or given up.
  Result<void> recover(const std::string& cause);
  Result<void> recover_block(UnitInFlight& work, const std::string& how, std::string_view last_words);
  void find_suspect(UnitInFlight& work);
  void give_up_record(UnitInFlight& work, const std::string& how, std::string_view last_words);
  Result<void> finish(const std::stop_token& stop);
  // How the child ended, for messages that begin with its name.
  std::string how() const;
  std::string place_in_words(const UnitInFlight& work) const;

  const std::size_t number_;
  const MapperOptions& options_;
  const MapperPeers& peers_;
  PackedInputs::Reader inputs_{peers_.inputs};  // for the names of the units that are sent
  const process::ModuleChildOptions& module_;
  UnitQueue& units_;
  std::promise<void> begun_;  // fulfilled once it has a unit
  bool has_begun_ = false;
  bool has_folder_ = false;
  std::unique_ptr<BlockSink> sink_;
  process::Session child_;
  json::RecordPacker packer_;
  Buffer spare_;  // for packed records
  std::deque<UnitInFlight> in_flight_;
  std::uint64_t next_id_ = 1;
  std::size_t deaths_without_progress_ = 0;
};

}  // namespace quern::mapper
