#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "model/block.h"
#include "stages/shuffle/input_tables.h"

namespace quern::shuffle {

// One thread's access to the tables. Output of inputs that may still fail is held as the mapper's own lines while there
// is little of it: most inputs end before that, so their pairs are looked up once instead of twice.
class AggregateShelf {
 public:
  AggregateShelf(InputTables& tables, Budget& budget, std::uint64_t held_lines_bytes)
      : tables_(tables), budget_(budget), held_lines_bytes_(held_lines_bytes) {}
  Result<void> add(BlockOutput output);
  // Passes everything that is now known to count on to the tables.
  Result<void> settle();

 private:
  struct Held {
    std::vector<Buffer> lines;
    std::uint64_t bytes = 0;
  };

  Result<void> hold(BlockOutput output);
  void drop(Held& held);

  InputTables& tables_;
  Budget& budget_;
  const std::uint64_t held_lines_bytes_;
  Scatter scatter_;
  std::uint64_t seen_changes_ = 0;
  std::map<InputOrdinal, Held> held_;
  std::uint64_t held_bytes_ = 0;  // of all held lines
};

}  // namespace quern::shuffle
