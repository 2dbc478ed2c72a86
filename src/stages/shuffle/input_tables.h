#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <shared_mutex>
#include <stop_token>
#include <vector>

#include "base/guarded.h"
#include "base/result.h"
#include "model/block.h"
#include "stages/shuffle/aggregate_tables.h"

namespace quern::shuffle {

// What is known of each input by now. Any thread.
class InputFates {
 public:
  enum class Fate : unsigned char { kOpen, kDecoded, kFailed };
  void set(InputOrdinal input, Fate fate);
  // Nothing else will fail: every input that is not named here counts.
  void close(const std::set<InputOrdinal>& failed_inputs);
  Fate of(InputOrdinal input);
  // How often something became known.
  std::uint64_t changes() const { return changes_; }

 private:
  struct Known {
    std::vector<Fate> fates;
    Fate of_others = Fate::kOpen;
  };
  Guarded<Known> known_;
  std::atomic<std::uint64_t> changes_ = 0;
};

// The pairs of all inputs, aggregated: of those that count in tables that all sinks share, and of each input that may
// still fail in tables of its own until its fate is known (docs/decisions/0008). Any thread.
class InputTables {
 public:
  struct Options {
    std::uint64_t memory_bytes = 0;
    std::size_t threads = 1;
    std::stop_token stop;
  };
  InputTables(const SinkPeers& peers, Aggregation aggregation, Options options);

  InputFates& fates() { return fates_; }
  // What an input that counts gave.
  Result<void> add(const std::vector<Buffer>& lines, Scatter& scatter);
  // What an input gave that may still fail.
  Result<void> add_open(InputOrdinal input, const std::vector<Buffer>& lines, Scatter& scatter);
  // Hands over to the shared tables what is now known to count, and drops what is known not to.
  Result<void> settle();
  // Moves so much of all that is held, or a little more, to `taken`.
  Result<void> take(std::uint64_t wanted_bytes, Taken& taken);
  // After the last settle().
  AggregateTables& shared() { return shared_; }

 private:
  struct Open {
    std::shared_mutex mutex;                  // shared: to add; alone: to settle
    std::unique_ptr<AggregateTables> tables;  // none once it is settled
  };
  using Opens = std::map<InputOrdinal, std::shared_ptr<Open>>;  // shared with those who add to it just now

  std::shared_ptr<Open> open(InputOrdinal input);
  Result<void> settle(InputOrdinal input, Open& open);

  const SinkPeers peers_;
  const Aggregation aggregation_;
  const Options options_;
  InputFates fates_;
  AggregateTables shared_;
  Guarded<Opens> opens_;
};

}  // namespace quern::shuffle
