#pragma once

#include <memory>

#include "model/block.h"
#include "model/event.h"
#include "stages/decode/decode.h"

namespace quern::app {

// Joins the mapper stage to the decode stage for workers that read whole inputs. All are borrowed.
std::unique_ptr<InputOpener> make_input_opener(const std::vector<Input>& inputs, const decode::DecodeOptions& options,
                                               BufferPool& pool);

// Reads the input to its end. An error says how it is damaged. Blocks.
Result<void> verify_input(const std::vector<Input>& inputs, const decode::DecodeOptions& options, InputOrdinal input);

}  // namespace quern::app
