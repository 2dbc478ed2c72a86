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
#include "model/aggregate.h"
#include "model/block.h"
#include "model/event.h"
#include "model/job.h"
#include "model/pair.h"
#include "services/json/condition.h"
#include "services/json/path.h"
#include "services/json/selection.h"

namespace quern::mapper {

// One of the values that a record gives in a job with `group` and `aggregate`.
struct PairsColumn {
  std::string name;
  Aggregation::Kind kind;
  std::optional<json::Path> path;   // absent: the value is ""
  std::optional<json::Path> label;  // of a number (model/column_value.h)
};

// The built-in mapper {builtin: pairs}, and the one that `group` and `aggregate` make: emits a pair for each record,
// with a value for each column if there are columns (model/column_value.h), without a child.
struct Pairs {
  std::vector<json::Path>
      keys;  // at least one, except for columns; a single one with [*] emits a pair for each element
  std::vector<std::string> key_names;  // as written, for messages
  std::optional<json::Path> value;     // absent: the constant
  std::string constant;
  std::vector<PairsColumn> columns;
};

// Fails with kBadConfig if a path is malformed, or may have several values for one record and must not.
Result<Pairs> parse_pairs(const Builtin& builtin);

struct PairsOptions {
  const Pairs& pairs;
  const std::vector<json::Condition>& where;  // records that do not match are dropped
  RecordKind record = RecordKind::kKeyedJson;
  bool are_flat = false;  // of records that quern has made from another format (is_flat in model/record_format.h)
  std::string separator;
  PairOutput output;
  ValueRule rule;                 // a record is bad if the rule refuses its value
  bool empty_is_missing = false;  // whether an empty text is no value
  std::size_t threads = 1;
  json::PathWatch* watch = nullptr;  // of the paths of `where`, the key, and the value if it is one; may be null
};

struct PairsPeers {
  BufferPool& pool;
  EventSink& events;
  // Makes the sink of one thread; called by that thread.
  std::function<std::unique_ptr<BlockSink>()> make_sink;
};

// Each thread opens runs of inputs, and decodes, selects and commits by itself; when none is left, it maps blocks of
// the others' runs. A record without the key or the value emits nothing, and is counted; null counts as absent. A
// column without a value emits nothing; the record is counted if it has none. A record is bad if it is not JSON, if the
// key or the value contains a line break, if the key must be plain and is not, or if a column needs a number and the
// value is not one. Blocks; returns when all inputs are mapped or have failed, or with the first error: a sink's, or
// kStopped.
Result<void> run_pairs_mappers(const PairsOptions& options, const PairsPeers& peers, InputOpener& opener,
                               const std::stop_token& stop);

}  // namespace quern::mapper
