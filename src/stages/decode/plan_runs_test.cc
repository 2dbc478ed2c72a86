#include <gtest/gtest.h>

#include "model/limits.h"
#include "stages/decode/decode.h"

namespace quern::decode {
namespace {

std::vector<std::size_t> counts(const std::vector<std::uint64_t>& sizes, std::uint64_t run_bytes) {
  std::vector<Input> inputs;
  inputs.reserve(sizes.size());
  for (std::uint64_t size : sizes) inputs.push_back({.name = "a", .path = "a", .stored_bytes = size});
  std::vector<std::size_t> result;
  std::size_t next = 0;
  for (const InputRun& run : plan_runs(inputs, run_bytes)) {
    EXPECT_EQ(run.first, next);
    next += run.count;
    result.push_back(run.count);
  }
  EXPECT_EQ(next, inputs.size());
  return result;
}

TEST(PlanRuns, CutsTheListInOrder) {
  using Counts = std::vector<std::size_t>;
  EXPECT_EQ(counts({}, 100), Counts{});
  EXPECT_EQ(counts({0}, 100), Counts{1});
  EXPECT_EQ(counts({10, 20, 30}, 100), Counts{3});
  EXPECT_EQ(counts({50, 49, 1, 1}, 100), (Counts{2, 2}));
  EXPECT_EQ(counts({500, 500}, 100), (Counts{1, 1}));
  EXPECT_EQ(counts({1, 500, 1, 1, 100, 0, 0}, 100), (Counts{1, 1, 2, 1, 2}));
  EXPECT_EQ(counts({1, 1}, 0), (Counts{1, 1}));
}

TEST(PlanRuns, LeavesAnInputOfUnknownSizeAlone) {
  std::vector<Input> inputs(5, {.name = "a", .path = "a", .stored_bytes = 10});
  inputs[1] = {.name = "a", .path = "a", .url = "https://host/a", .size_is_known = false};
  std::vector<std::size_t> result;
  for (const InputRun& run : plan_runs(inputs, 100)) result.push_back(run.count);
  EXPECT_EQ(result, (std::vector<std::size_t>{1, 1, 3}));
}

TEST(PlanRuns, KeepsRunsOfEmptyInputsShort) {
  std::vector<std::uint64_t> empty(limits::kBatchInputs * 2 + 5, 0);
  EXPECT_EQ(counts(empty, 100), (std::vector<std::size_t>{limits::kBatchInputs, limits::kBatchInputs, 5}));
}

}  // namespace
}  // namespace quern::decode
