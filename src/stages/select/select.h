#pragma once

#include <memory>

#include "base/bytes.h"
#include "model/block.h"
#include "model/event.h"
#include "model/job.h"
#include "services/json/selection.h"

namespace quern::select {

// Returns the blocks of `inner` with only the records that match `selection.where`, reduced to `selection.fields`;
// without fields, records stay as they are. Lines that are not JSON are left out and reported by RecordBad. Blank lines
// are not records and are left out. Each block of `inner` yields one block, even if no line is left; it says which
// lines it has (Block::kept) and how many records were dropped. `kind` must be one of the two JSON kinds. Not
// thread-safe; blocks and fails as `inner` does. `selection`, `events` and `pool` are borrowed.
std::unique_ptr<BlockSource> make_selecting_source(std::unique_ptr<BlockSource> inner, const json::Selection& selection,
                                                   RecordKind kind, EventSink& events, BufferPool& pool);

}  // namespace quern::select
