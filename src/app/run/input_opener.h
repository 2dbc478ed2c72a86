#pragma once

#include <memory>
#include <stop_token>

#include "app/remote/input_supply.h"
#include "model/block.h"
#include "model/event.h"
#include "model/input.h"
#include "services/json/selection.h"
#include "stages/decode/decode.h"

namespace quern::app {

// The blocks of a run of inputs with the records that the selection leaves of them. All is borrowed.
std::unique_ptr<BlockSource> open_selected(InputSupply& supply, const InputList& inputs, InputRun run,
                                           const json::Selection& selection, const decode::DecodeOptions& options,
                                           BufferPool& pool, EventSink& events);

// Joins the mapper stage to the decode stage for workers that read inputs themselves. All are borrowed.
std::unique_ptr<InputOpener> make_input_opener(InputSupply& supply, const InputList& inputs,
                                               const json::Selection& selection, const decode::DecodeOptions& options,
                                               BufferPool& pool);

// The decoded bytes of one input. `compression`: none means that its bytes or its name tell.
Result<std::unique_ptr<ByteSource>> open_decoded_bytes(InputSupply& supply, const Input& input,
                                                       std::optional<Compression> compression);

// Reads the input to its end. An error says how it is damaged, or is kStopped. Blocks.
Result<void> verify_input(InputSupply& supply, const InputList& inputs, const decode::DecodeOptions& options,
                          InputOrdinal input, const std::stop_token& stop);

}  // namespace quern::app
