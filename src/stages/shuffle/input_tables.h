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

// What is known so far about each input: decoded, failed or open. Thread-safe.
class InputFates {
 public:
  enum class Fate : unsigned char { kOpen, kDecoded, kFailed };
  void set(InputOrdinal input, Fate fate);
  // Declares that nothing else will fail: every input that is not in `failed_inputs` counts.
  void close(const std::set<InputOrdinal>& failed_inputs);
  Fate of(InputOrdinal input);
  // How many times the state of an input became known.
  std::uint64_t changes() const { return changes_; }

 private:
  struct Known {
    std::vector<Fate> fates;
    Fate of_others = Fate::kOpen;
  };
  Guarded<Known> known_;
  std::atomic<std::uint64_t> changes_ = 0;
};

// The aggregated pairs of all inputs. Those of inputs that count are in tables shared by all sinks; each input that may
// still fail has tables of its own until its fate is known (docs/decisions/0008). Thread-safe.
class InputTables {
 public:
  struct Options {
    std::uint64_t memory_bytes = 0;
    std::size_t threads = 1;
    std::stop_token stop;
  };
  InputTables(const SinkPeers& peers, Aggregation aggregation, Options options);

  InputFates& fates() { return fates_; }
  // Adds the output of an input that counts.
  Result<void> add(const std::vector<Buffer>& lines, Scatter& scatter);
  // Adds the output of an input that may still fail.
  Result<void> add_open(InputOrdinal input, const std::vector<Buffer>& lines, Scatter& scatter);
  // Adds what is now known to count to the shared tables, and drops what is known not to count.
  Result<void> settle();
  // Moves at least `wanted_bytes` of everything that is held, or all of it, to `taken`.
  Result<void> take(std::uint64_t wanted_bytes, Taken& taken);
  // To be called only after the last settle().
  AggregateTables& shared() { return shared_; }

 private:
  struct Open {
    std::shared_mutex mutex;                  // shared to add, exclusive to settle
    std::unique_ptr<AggregateTables> tables;  // null once settled
  };
  using Opens = std::map<InputOrdinal, std::shared_ptr<Open>>;  // shared with the threads that are adding to it

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
