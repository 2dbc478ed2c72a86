#include "stages/shuffle/spill.h"

#include <algorithm>
#include <utility>

#include "stages/shuffle/memory_groups.h"

namespace quern::shuffle {
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
  std::sort(taken.blocks.begin(), taken.blocks.end(),
            [](const CommittedBlock& a, const CommittedBlock& b) { return a.address < b.address; });
  std::vector<BlockEntries> entries;
  entries.reserve(taken.blocks.size());
  for (CommittedBlock& block : taken.blocks) entries.push_back(std::move(block.entries));
  TRY_ASSIGN(Grouped grouped, group(entries, grouping, [&] { taken.pieces.clear(); }));
  AddressBook book(taken.blocks);
  return write_run(grouped, book, grouping.separator, std::move(writer), options.partitions);
}

}  // namespace quern::shuffle
