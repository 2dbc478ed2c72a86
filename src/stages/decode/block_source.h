#pragma once

#include <memory>
#include <span>

#include "stages/decode/decode.h"
#include "stages/decode/input_stream.h"

namespace quern::decode {

// make_block_source with the stored bytes from elsewhere than the local disk.
std::unique_ptr<BlockSource> make_block_source_from(OpenStored open, InputOrdinal first, std::span<const Input> inputs,
                                                    const DecodeOptions& options, BufferPool& pool, EventSink& events);

}  // namespace quern::decode
