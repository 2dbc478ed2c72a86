#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <set>
#include <vector>

#include "base/guarded.h"
#include "model/block.h"
#include "stages/shuffle/aggregate_table.h"
#include "stages/shuffle/aggregate_tables.h"
#include "stages/shuffle/pair_sink.h"
#include "stages/shuffle/shelf.h"

namespace quern::shuffle {

// What is known of each input by now. Any thread.
class InputFates {
 public:
  enum class Fate : unsigned char { kOpen, kDecoded, kFailed };
  void set(InputOrdinal input, Fate fate);
  // Nothing else will fail: every input that is not named here counts.
  void close(const std::set<InputOrdinal>& failed_inputs);
  Fate of(InputOrdinal input);

 private:
  struct Known {
    std::vector<Fate> fates;
    Fate of_others = Fate::kOpen;
  };
  Guarded<Known> known_;
};

// Aggregates the pairs as they come, in tables that all sinks share. What an input gives that may still fail is kept
// apart until its fate is known: as the mapper's own lines while they are few, in a table of its own beyond that
// (docs/decisions/0008).
class AggregateShelf final : public Shelf {
 public:
  struct Options {
    InputFates& fates;
    AggregateTables& tables;
    std::uint64_t held_lines_bytes;
  };
  AggregateShelf(const SinkPeers& peers, const Options& options)
      : peers_(peers), fates_(options.fates), tables_(options.tables), held_lines_bytes_(options.held_lines_bytes) {}
  // With the mutex held.
  Result<void> add(BlockOutput output);
  // With the mutex held: hands what is known to count over to the shared tables.
  Result<void> settle();
  // What is still kept apart.
  Result<Taken> take() override;

 private:
  // One input that is not yet known to be good.
  struct Open {
    InputOrdinal input = 0;
    std::vector<Buffer> lines;
    std::uint64_t lines_bytes = 0;
    std::unique_ptr<AggregateTable> table;
    std::optional<Error> error;  // counts only if the input does
  };

  Result<void> add_lines(const std::vector<Buffer>& lines);
  Result<void> absorb(Open& open);
  void drop_lines(Open& open) const;
  void keep(BlockOutput output);
  void tabulate(Open& open);
  Result<void> add_to_own_table(Open& open);

  const SinkPeers peers_;
  InputFates& fates_;
  AggregateTables& tables_;
  const std::uint64_t held_lines_bytes_;
  Scatter scatter_;
  std::list<Open> open_;
};

// The sink of such a shelf, which it borrows.
std::unique_ptr<BlockSink> make_aggregate_sink(AggregateShelf& shelf, const SinkPeers& peers);

}  // namespace quern::shuffle
