#include "model/limits.h"
#include "stages/decode/decode.h"

namespace quern::decode {

std::vector<InputRun> plan_runs(const PackedInputs& inputs, std::uint64_t run_bytes) {
  std::vector<InputRun> runs;
  std::uint64_t bytes = 0;  // of the last run
  InputOrdinal ordinal = 0;
  for (const InputView& input : inputs) {
    // An input of unknown size shares a run with no other.
    std::uint64_t stored = input.size_is_known ? input.stored_bytes : run_bytes;
    bool joins =
        !runs.empty() && runs.back().count < limits::kBatchInputs && bytes < run_bytes && stored < run_bytes - bytes;
    if (!joins) {
      runs.push_back({.first = ordinal, .count = 0});
      bytes = 0;
    }
    ++runs.back().count;
    ++ordinal;
    bytes += stored;
  }
  return runs;
}

}  // namespace quern::decode
