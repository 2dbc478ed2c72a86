#pragma once

#include <memory>

#include "model/block.h"
#include "model/packed_inputs.h"
#include "stages/decode/decode.h"
#include "stages/decode/input_stream.h"

namespace quern::decode {

// Returns blocks of the inputs of a run, whose stored bytes it reads from `open`. A single input may produce any number
// of blocks. Several inputs (small ones, see plan_runs) are packed into blocks of whole inputs; an input that fails is
// left out and reported by InputFailed, not by an error of next(). The failure of a single input is both reported and
// returned. Emits InputProgress, InputDecoded, InputFailed, and RecordBad for records longer than max_record_bytes,
// which are left out of the blocks. Each input gets exactly one InputDecoded or InputFailed: a packed input just before
// its block is returned, a larger one no later than the block that follows its last block. The same holds for records
// that are bad in their format. Where blocks end depends only on the decoded bytes and the options, except with
// is_prompt. A byte order mark at the start of an input is removed, unless records are pairs. `inputs`, `pool` and
// `events` are borrowed.
std::unique_ptr<BlockSource> make_block_source(OpenStored open, const PackedInputs& inputs, const InputRun& run,
                                               const DecodeOptions& options, BufferPool& pool, EventSink& events);

}  // namespace quern::decode
