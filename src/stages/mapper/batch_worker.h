#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "services/process/session.h"
#include "stages/mapper/batch.h"
#include "stages/mapper/held_lines.h"
#include "stages/mapper/mapper.h"

namespace quern::mapper {

// One thread that runs `lines` and `files` children, one after another, each for one batch. Not thread-safe.
class BatchWorker {
 public:
  // `machine` starts the children.
  BatchWorker(std::size_t number, const MapperOptions& options, const MapperPeers& peers, InputOpener& opener,
              std::vector<std::string> command, process::Machine machine);
  // Runs the batch to its end: it is mapped, or its failing inputs are found by halving it as often as needed, and
  // reported.
  Result<void> run(const Batch& batch, const std::stop_token& stop);

 private:
  // The outcome of one attempt. If both are empty, the batch was committed.
  struct Attempt {
    std::optional<Error> failure;                    // the child failed
    std::optional<event::InputFailed> failed_input;  // an input could not be read
  };
  Result<Attempt> attempt(const Batch& batch, bool is_first, const std::stop_token& stop);
  Result<void> start_child(const Batch& batch);
  // These return false if an input failed; `events_` then knows which.
  Result<bool> feed_lines(const Batch& batch, const std::stop_token& stop);
  Result<bool> feed_files(const Batch& batch, const std::stop_token& stop);
  Result<std::optional<std::string>> file_of(InputOrdinal input, std::size_t index);
  // Writes what is queued for the child, and reads its output meanwhile, until nothing is queued.
  Result<void> drain_input(const std::stop_token& stop);
  void report_progress(std::size_t sent, std::size_t all);
  Result<void> drain_to_exit(const std::stop_token& stop);
  Result<void> step(const std::stop_token& stop);
  std::size_t room_for_output();
  Result<void> cut_output(bool at_end);
  Result<void> take_result_file();
  std::optional<Error> judge(const Batch& batch);
  std::optional<event::InputFailed> shrunk_input(const Batch& batch);
  Result<void> commit(const Batch& whole);
  bool takes_input() const { return !child_->refuses_input() && !child_->exit().has_value(); }
  void end_child();
  std::string place_in_words(const Batch& batch) const;

  const std::size_t number_;
  const MapperOptions& options_;
  const MapperPeers& peers_;
  InputOpener& opener_;
  const std::vector<std::string> command_;
  const process::Machine machine_;
  const process::SessionOptions child_options_;
  std::unique_ptr<BlockSink> sink_;
  std::optional<BatchEvents> events_;      // of this attempt
  std::optional<process::Session> child_;  // of this attempt; its output is not cut yet
  HeldLines lines_;                        // whole lines
  std::set<std::string> handed_names_;
  std::uint64_t output_bytes_ = 0;
  std::uint64_t records_ = 0;
  std::uint64_t dropped_ = 0;  // records dropped by `where`
  std::uint64_t decoded_bytes_ = 0;
  std::uint64_t fed_records_ = 0;  // fed to a `lines` child before the last block
  std::uint64_t fed_bytes_ = 0;
  std::chrono::steady_clock::time_point last_report_{};
  std::chrono::steady_clock::time_point began_{};
};

}  // namespace quern::mapper
