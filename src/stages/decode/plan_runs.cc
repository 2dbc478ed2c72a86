#include "model/limits.h"
#include "stages/decode/decode.h"

namespace quern::decode {

std::vector<InputRun> plan_runs(const std::vector<Input>& inputs, std::uint64_t run_bytes) {
  std::vector<InputRun> runs;
  std::uint64_t bytes = 0;  // of the last run
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    // An input of unknown size shares a run with no other.
    std::uint64_t stored = inputs[i].size_is_known ? inputs[i].stored_bytes : run_bytes;
    bool joins =
        !runs.empty() && runs.back().count < limits::kBatchInputs && bytes < run_bytes && stored < run_bytes - bytes;
    if (!joins) {
      runs.push_back({.first = static_cast<InputOrdinal>(i), .count = 0});
      bytes = 0;
    }
    ++runs.back().count;
    bytes += stored;
  }
  return runs;
}

}  // namespace quern::decode
