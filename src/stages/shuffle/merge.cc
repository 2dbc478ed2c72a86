#include "stages/shuffle/merge.h"

#include <deque>

#include "base/merge.h"
#include "model/merged_groups.h"
#include "stages/shuffle/run_cursor.h"

namespace quern::shuffle {
namespace {

std::deque<RunCursor> run_cursors(const std::vector<const RunFile*>& runs, std::size_t partition,
                                  const std::stop_token& stop) {
  const auto unpacker = std::make_shared<BlockUnpacker>(stop);
  std::deque<RunCursor> cursors;
  for (const RunFile* run : runs) cursors.emplace_back(*run, partition, unpacker);
  return cursors;
}

Result<void> copy_segment(RunCursor& segment, RunWriter& writer) {
  TRY(writer.begin_segment(segment.key(), segment.rank(), segment.values_left()));
  while (segment.values_left() > 0) {
    TRY(segment.next_value());
    TRY(writer.add_value(segment.value()));
  }
  return {};
}

}  // namespace

std::unique_ptr<GroupSource> make_merged_groups(const std::vector<const RunFile*>& runs, std::size_t partition,
                                                const std::stop_token& stop) {
  return std::make_unique<MergedGroups<RunCursor>>(run_cursors(runs, partition, stop));
}

Result<RunFile> merge_runs(const std::vector<const RunFile*>& runs, const RunOptions& options) {
  TRY_ASSIGN(RunWriter writer, RunWriter::make(options, 0));
  for (std::size_t partition = 0; partition < options.partitions; ++partition) {
    Merge<RunCursor> merge(run_cursors(runs, partition, options.stop));
    while (true) {
      TRY_ASSIGN(RunCursor * segment, merge.next());
      if (segment == nullptr) break;
      TRY(copy_segment(*segment, writer));
    }
    TRY(writer.end_partition());
  }
  return writer.finish();
}

}  // namespace quern::shuffle
