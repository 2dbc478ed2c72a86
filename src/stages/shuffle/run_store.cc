#include "stages/shuffle/run_store.h"

#include <algorithm>
#include <bit>
#include <iterator>
#include <utility>

#include "stages/shuffle/merge.h"
#include "stages/shuffle/shuffle_limits.h"

namespace quern::shuffle {
namespace {

// A cursor holds a block twice: compressed and decompressed.
constexpr std::size_t kBlocksPerCursor = 2;

}  // namespace

// The cursors of all threads together stay within the memory. With little memory, blocks get smaller first, then merges
// get narrower.
RunStore::RunStore(RunStoreOptions options) : options_(std::move(options)) {
  std::uint64_t blocks_at_once = kBlocksPerCursor * options_.threads;
  std::uint64_t block_bytes = options_.memory_bytes / (blocks_at_once * limits::kMergeFanIn);
  block_bytes_ =
      std::clamp<std::uint64_t>(std::bit_floor(block_bytes), limits::kLeastRunBlockBytes, limits::kRunBlockBytes);
  fan_in_ = std::clamp<std::uint64_t>(options_.memory_bytes / (blocks_at_once * block_bytes_), limits::kLeastMergeFanIn,
                                      limits::kMergeFanIn);
}

RunOptions RunStore::run_options() const {
  return {
      .folder = options_.folder, .partitions = options_.partitions, .block_bytes = block_bytes_, .stop = options_.stop};
}

Result<void> RunStore::add(Result<RunFile> run) {
  if (!run.ok()) return std::move(run).error();
  ++written_;
  if (generations_.empty()) generations_.emplace_back();
  generations_.front().push_back(std::move(run).value());
  for (std::size_t i = 0; i < generations_.size(); ++i) {
    if (generations_[i].size() < fan_in_) break;
    if (i + 1 == generations_.size()) generations_.emplace_back();
    TRY(merge_first(generations_[i], fan_in_, generations_[i + 1]));
  }
  return {};
}

Result<void> RunStore::merge_first(std::deque<RunFile>& runs, std::size_t count, std::deque<RunFile>& target) {
  std::vector<const RunFile*> merged;
  for (std::size_t i = 0; i < count; ++i) merged.push_back(&runs[i]);
  TRY_ASSIGN(RunFile run, merge_runs(merged, run_options()));
  runs.erase(runs.begin(), runs.begin() + static_cast<std::ptrdiff_t>(count));
  target.push_back(std::move(run));
  return {};
}

Result<void> RunStore::narrow() {
  std::deque<RunFile> all;
  for (std::deque<RunFile>& generation : generations_) {
    std::move(generation.begin(), generation.end(), std::back_inserter(all));
  }
  // The runs of the youngest generations, which are the smallest, are at the front.
  while (all.size() > fan_in_) {
    std::size_t count = std::min(fan_in_, all.size() - fan_in_ + 1);
    TRY(merge_first(all, count, all));
  }
  generations_.clear();
  generations_.push_back(std::move(all));
  return {};
}

std::vector<const RunFile*> RunStore::runs() const {
  std::vector<const RunFile*> runs;
  for (const std::deque<RunFile>& generation : generations_) {
    for (const RunFile& run : generation) runs.push_back(&run);
  }
  return runs;
}

}  // namespace quern::shuffle
