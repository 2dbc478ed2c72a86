#pragma once

#include <memory>
#include <stop_token>

#include "app/remote/input_supply.h"
#include "app/run/sample.h"
#include "model/block.h"
#include "model/event.h"
#include "model/packed_inputs.h"
#include "services/json/selection.h"
#include "stages/decode/decode.h"

namespace quern::app {

// How the inputs of a step are read.
struct InputReading {
  InputSupply& supply;
  const InputList& inputs;
  const json::Selection& selection;
  const decode::DecodeOptions& decode;
  BufferPool& pool;
  RecordSample* sample = nullptr;  // selects records, which a single thread then reads; nullptr: all are read
  bool blank_is_record = false;    // whether the sample counts a line of white space
};

// Returns the blocks of a run of inputs, with the records that the selection keeps. Everything is borrowed. `stop` ends
// the verification of an input (DecodeOptions).
std::unique_ptr<BlockSource> open_selected(const InputReading& reading, const InputRun& run, EventSink& events,
                                           const std::stop_token& stop);

// Connects the mapper stage with the decode stage, for workers that read inputs themselves. Everything is borrowed.
std::unique_ptr<InputOpener> make_input_opener(const InputReading& reading);

// Returns the decoded bytes of one input. If `compression` is absent, it is detected from the bytes or the name.
Result<std::unique_ptr<ByteSource>> open_decoded_bytes(InputSupply& supply, InputOrdinal ordinal,
                                                       const InputView& input, std::optional<Compression> compression);

}  // namespace quern::app
