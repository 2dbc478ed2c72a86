#pragma once

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
#include "services/process/session.h"
#include "stages/mapper/block_lines.h"
#include "stages/mapper/mapper.h"

namespace quern::mapper {

// A block that was sent and is not yet committed, with everything that its children reported about it, which counts
// only once the block is done. If a child dies before, `forget_unfinished` drops its reports, except for records that a
// careful child had finished: `keep_finished` removes these from the block, and the rest is sent again.
struct BlockInFlight {
  std::uint64_t id = 0;
  Block block;
  Buffer head;  // the frame's beginning; the child borrows it until it is written
  bool careful = false;
  std::size_t deaths = 0;             // of children that worked on its first record, or on an unknown one
  bool first_is_suspect = false;      // a careful child died on its first record
  std::uint64_t finished = 0;         // records that were mapped before children died, and were removed from the block
  std::size_t finished_bad = 0;       // how many of the finished ones are bad
  std::uint64_t decoded_bytes = 0;    // of the whole original block
  std::uint64_t refused = 0;          // bad records since the last removal that the child does not know of
  std::uint64_t given_up = 0;         // records that killed their children, and were removed from the block
  std::optional<LinePlace> starting;  // if careful: the record that the child is working on
  std::vector<Buffer> lines;          // output so far
  std::size_t lines_bytes = 0;
  std::vector<event::RecordBad> bad;
  std::vector<event::Counted> counted;

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

// One thread's mapper child and the blocks it works on. Not thread-safe.
class FunctionWorker {
 public:
  // `module` says how its children are started, by `machine`.
  FunctionWorker(std::size_t number, const MapperOptions& options, const MapperPeers& peers,
                 const process::ModuleChildOptions& module, process::Machine machine, std::promise<void> begun);
  // Takes blocks until the channel is finished, then lets the child exit.
  Result<void> run(Channel<Block>& blocks, const std::stop_token& stop);

 private:
  Result<void> ensure_child();
  void take_blocks(Channel<Block>& blocks, const std::stop_token& stop);
  void send(BlockInFlight& work);
  Result<void> step(int wake_fd, const std::stop_token& stop);
  Result<void> handle_frames();
  Result<void> handle(const process::Frame& frame);
  Result<void> handle_answer(const process::Frame& frame);
  Result<void> take_output(BlockInFlight& work, std::string_view payload);
  Result<void> take_bad(BlockInFlight& work, std::string_view payload);
  Result<void> take_counters(BlockInFlight* work, std::string_view payload);
  Result<void> commit(std::string_view payload);
  void refuse_last(BlockInFlight& work);
  bool has_refused(const BlockInFlight& work) const;
  void send_carefully(BlockInFlight work);
  Error setup_failed(std::string_view payload);

  // The child is dead or must be killed: what is lost is sent again, or given up.
  Result<void> recover(const std::string& cause);
  Result<void> recover_block(BlockInFlight& work, const std::string& how, std::string_view last_words);
  void find_suspect(BlockInFlight& work);
  void give_up_record(BlockInFlight& work, const std::string& how, std::string_view last_words);
  Result<void> finish(const std::stop_token& stop);
  // How the child ended, for messages that begin with its name.
  std::string how() const;
  std::string place_in_words(const BlockInFlight& work) const;

  const std::size_t number_;
  const MapperOptions& options_;
  const MapperPeers& peers_;
  const process::ModuleChildOptions& module_;
  std::promise<void> begun_;  // fulfilled once it has a block
  bool has_begun_ = false;
  bool has_folder_ = false;
  std::unique_ptr<BlockSink> sink_;
  process::Session child_;
  std::deque<BlockInFlight> in_flight_;
  std::uint64_t next_id_ = 1;
  std::size_t deaths_without_progress_ = 0;
};

}  // namespace quern::mapper
