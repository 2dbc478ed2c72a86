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

// Aggregates the pairs as they come. What an input gives that may still fail is kept apart until its fate is known: as
// the mapper's own lines while they are few, in a table of its own beyond that (docs/decisions/0008).
class AggregateShelf final : public Shelf {
 public:
  AggregateShelf(const SinkPeers& peers, Aggregation aggregation, InputFates& fates, std::uint64_t held_lines_bytes)
      : peers_(peers), aggregation_(aggregation), fates_(fates), held_lines_bytes_(held_lines_bytes) {}
  // With the mutex held.
  Result<void> add(BlockOutput output);
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

  AggregateTable& main_table();
  std::unique_ptr<AggregateTable> make_table() const;
  Result<void> add_lines(AggregateTable& table, std::vector<Buffer>& lines) const;
  Result<void> settle();
  Result<void> absorb(Open& open);
  void drop_lines(Open& open) const;
  void keep(BlockOutput output);
  void tabulate(Open& open) const;

  const SinkPeers peers_;
  const Aggregation aggregation_;
  InputFates& fates_;
  const std::uint64_t held_lines_bytes_;
  std::unique_ptr<AggregateTable> table_;  // of inputs that count
  std::list<Open> open_;
};

// The sink of such a shelf, which it borrows.
std::unique_ptr<BlockSink> make_aggregate_sink(AggregateShelf& shelf, const SinkPeers& peers);

// The address of pairs of inputs that certainly count.
inline constexpr BlockAddress kSettled = {.input = 0xffffffff, .number = 0};

}  // namespace quern::shuffle
