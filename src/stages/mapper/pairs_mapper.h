#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "model/block.h"
#include "model/event.h"
#include "model/job.h"
#include "model/pair.h"
#include "services/json/condition.h"
#include "services/json/path.h"
#include "services/json/selection.h"

namespace quern::mapper {

// The built-in mapper {builtin: pairs}: emits a pair for each record, without a child.
struct Pairs {
  json::Path key;                   // with [*], a pair is emitted for each element
  std::optional<json::Path> value;  // absent: the constant
  std::string constant;
};

// Fails with kBadConfig if a path is malformed, or that of the value may have several values for one record.
Result<Pairs> parse_pairs(const Builtin& builtin);

struct PairsOptions {
  const Pairs& pairs;
  const std::vector<json::Condition>& where;  // records that do not match are dropped
  RecordKind record = RecordKind::kKeyedJson;
  std::string separator;
  PairOutput output;
  ValueRule rule;  // a record is bad if the rule refuses its value
  std::size_t threads = 1;
  json::PathWatch* watch = nullptr;  // of the paths of `where`, the key, and the value if it is one; may be null
};

struct PairsPeers {
  BufferPool& pool;
  EventSink& events;
  // Makes the sink of one thread; called by that thread.
  std::function<std::unique_ptr<BlockSink>()> make_sink;
};

// Each thread opens runs of inputs, and decodes, selects and commits by itself. A record without the key or the value
// emits nothing, and is counted; null counts as absent. A record is bad if it is not JSON, if the key or the value
// contains a line break, or if the key must be plain and is not. Blocks; returns when all inputs are mapped or have
// failed, or with the first error: a sink's, or kStopped.
Result<void> run_pairs_mappers(const PairsOptions& options, const PairsPeers& peers, InputOpener& opener,
                               const std::stop_token& stop);

}  // namespace quern::mapper
