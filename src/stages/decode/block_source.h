#pragma once

#include <memory>
#include <span>

#include "stages/decode/decode.h"
#include "stages/decode/input_stream.h"

namespace quern::decode {

// Like make_block_source, but reads stored bytes from `open` instead of the local disk.
std::unique_ptr<BlockSource> make_block_source_from(OpenStored open, InputOrdinal first, std::span<const Input> inputs,
                                                    const DecodeOptions& options, BufferPool& pool, EventSink& events);

}  // namespace quern::decode
