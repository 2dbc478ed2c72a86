#include "stages/shuffle/run_store.h"

#include <algorithm>
#include <bit>
#include <cstddef>
#include <iterator>
#include <utility>

#include "model/limits.h"
#include "stages/shuffle/grouping.h"
#include "stages/shuffle/run_cursor.h"
#include "stages/shuffle/text_merge.h"

namespace quern::shuffle {
namespace {

// How much of each run is read at once. With little limits.memory it is less.
constexpr std::size_t kRunBlockBytes = 256 * limits::kKiB;
constexpr std::size_t kLeastRunBlockBytes = 16 * limits::kKiB;

// A cursor holds a block twice: compressed and decompressed.
constexpr std::size_t kBlocksPerCursor = 2;

}  // namespace

// The cursors of all threads together stay within the memory. With little memory, blocks get smaller first, then merges
// get narrower.
RunStore::RunStore(RunStoreOptions options) : options_(std::move(options)) {
  std::uint64_t blocks_at_once = kBlocksPerCursor * options_.threads;
  std::uint64_t block_bytes = options_.memory_bytes / (blocks_at_once * limits::kMergeFanIn);
  block_bytes_ = std::clamp<std::uint64_t>(std::bit_floor(block_bytes), kLeastRunBlockBytes, kRunBlockBytes);
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

namespace {

// zstd compresses typical pairs at least this much. Only that much free space is required in advance: a job whose runs
// do fit must not be refused, and if they do not fit, writing fails when the disk is full.
constexpr std::uint64_t kUsualCompression = 8;

// Finds the block of an entry by the address of its line.
class AddressBook {
 public:
  explicit AddressBook(const std::vector<CommittedBlock>& blocks) {
    for (const CommittedBlock& block : blocks) {
      for (const Buffer& lines : block.lines)
        places_.push_back({lines.data(), lines.data() + lines.size(), block.address});
      for (const auto& arena : block.arena) {
        places_.push_back({arena.data(), arena.data() + arena.size(), block.address});
      }
    }
    std::sort(places_.begin(), places_.end(), [](const Place& a, const Place& b) { return a.begin < b.begin; });
  }
  BlockAddress address_of(const Entry& entry) {
    if (!is_in(entry, places_[last_])) {
      auto after = std::upper_bound(places_.begin(), places_.end(), entry.line(),
                                    [](const char* line, const Place& place) { return line < place.begin; });
      last_ = static_cast<std::size_t>(after - places_.begin()) - 1;
    }
    return places_[last_].address;
  }

 private:
  struct Place {
    const char* begin;
    const char* end;
    BlockAddress address;
  };
  static bool is_in(const Entry& entry, const Place& place) {
    return entry.line() >= place.begin && entry.line() < place.end;
  }

  std::vector<Place> places_;
  std::size_t last_ = 0;  // checked first: values of a key often come from the same block
};

Result<void> write_group(std::string_view key, std::span<const Entry> entries, const EntryReader& reader,
                         AddressBook& book, RunWriter& writer) {
  while (!entries.empty()) {
    BlockAddress address = book.address_of(entries.front());
    std::size_t count = 1;
    while (count < entries.size() && book.address_of(entries[count]) == address) ++count;
    TRY(writer.begin_segment(key, address, count));
    for (const Entry& entry : entries.first(count)) TRY(writer.add_value(reader.value(entry)));
    entries = entries.subspan(count);
  }
  return {};
}

Result<RunFile> write_run(const Grouped& grouped, AddressBook& book, std::string_view separator, RunWriter writer,
                          std::size_t partitions) {
  EntryReader reader(separator);
  for (std::size_t partition = 0; partition < partitions; ++partition) {
    MemoryGroups groups(grouped, separator, partition);
    while (groups.next_group().value()) {
      TRY(write_group(groups.key(), groups.entries(), reader, book, writer));
    }
    TRY(writer.end_partition());
  }
  return writer.finish();
}

std::uint64_t line_bytes(const std::vector<CommittedBlock>& blocks) {
  std::uint64_t bytes = 0;
  for (const CommittedBlock& block : blocks) {
    for (const Buffer& lines : block.lines) bytes += lines.size();
    for (const auto& arena : block.arena) bytes += arena.size();
  }
  return bytes;
}

}  // namespace

Result<RunFile> spill(Taken taken, const GroupingOptions& grouping, const RunOptions& options) {
  TRY_ASSIGN(RunWriter writer, RunWriter::make(options, line_bytes(taken.blocks) / kUsualCompression));
  TRY_ASSIGN(Grouped grouped, group(taken, grouping));
  AddressBook book(taken.blocks);
  return write_run(grouped, book, grouping.separator, std::move(writer), options.partitions);
}

}  // namespace quern::shuffle
