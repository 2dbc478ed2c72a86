#pragma once

#include <memory>

#include "base/bytes.h"
#include "model/block.h"
#include "model/event.h"
#include "model/job.h"
#include "services/json/selection.h"

namespace quern::select {

// The blocks of `inner` with only the records that `selection.where` wants, reduced to `selection.fields`; without
// fields, records stay as they are. Lines that are not JSON are left out and reported by RecordBad; blank lines, which
// are no records, are left out. Each block of `inner` gives one block, also if no line is left of it; it says which
// lines it has (Block::kept), and how many records were dropped. `kind` is one of the two JSON kinds.
// Owned by one thread; blocks and fails as `inner` does. `selection`, `events` and `pool` are borrowed.
std::unique_ptr<BlockSource> make_selecting_source(std::unique_ptr<BlockSource> inner, const json::Selection& selection,
                                                   RecordKind kind, EventSink& events, BufferPool& pool);

}  // namespace quern::select
