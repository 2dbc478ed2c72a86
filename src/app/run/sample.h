#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <stop_token>

#include "model/block.h"
#include "model/event.h"
#include "model/input.h"

// A run over a part of the records: `limits.records`, and what quern try shows. The inputs are read one after another,
// in their order, and the mappers see blocks that end where the sample says.

namespace quern::app {

// Which records a run maps. All but is_complete() is called by the one thread that reads the inputs.
class RecordSample {
 public:
  virtual ~RecordSample() = default;
  // Returns the most records that the next block may have; 0 if there are enough of the inputs of the last block that
  // was looked at. May block.
  virtual std::uint64_t most(const std::stop_token& stop) = 0;
  // A block of decoded records was read, of which parts are taken next.
  virtual void look_at(const Block& /*decoded*/) {}
  // Whether the sample includes this line, be it a record or bad.
  virtual bool wants(InputOrdinal /*input*/, std::uint64_t /*line*/) const { return true; }
  // The block is handed out next. `records` are in it; `bad` ones, which could not be read, come before its end.
  virtual void took(const Block& block, std::uint64_t records, std::uint64_t bad) = 0;
  // A `lines` program gets these records: those of the last block that `fields` and `where` have left.
  virtual void fed(const Block& /*selected*/) {}
  // Whether it takes records as they come, so that those of a pipe need not wait for more.
  virtual bool is_prompt() const { return true; }
  // Whether no more records are needed. Thread-safe.
  virtual bool is_complete() const = 0;
};

// The first records, including bad ones: as if the inputs ended there.
class FirstRecords final : public RecordSample {
 public:
  explicit FirstRecords(std::uint64_t records) : left_(records) {}
  std::uint64_t most(const std::stop_token&) override { return left_; }
  void took(const Block&, std::uint64_t records, std::uint64_t bad) override { left_ -= records + bad; }
  bool is_complete() const override { return left_ == 0; }

 private:
  std::atomic<std::uint64_t> left_;
};

// Makes the source that is sampled; it reports to the sink that it is given.
using MakeBlocks = std::function<std::unique_ptr<BlockSource>(EventSink& events)>;

// Returns the sampled records of a run of inputs, which `make` opens, in blocks that are numbered anew, without blank
// lines. What is reported about records and inputs after the end of the sample is dropped, so that they count as not
// read. `blank_is_record`: whether an empty line is one. The sample and the sink are borrowed.
std::unique_ptr<BlockSource> make_sampled_source(const MakeBlocks& make, const InputRun& run, RecordSample& sample,
                                                 bool blank_is_record, EventSink& events, std::stop_token stop);

// Returns a queue that hands out all pieces in their order, until the sample is complete; `queue` hands them out in
// any.
std::unique_ptr<WorkQueue> make_sampled_queue(std::unique_ptr<WorkQueue> queue, const RecordSample& sample);

}  // namespace quern::app
