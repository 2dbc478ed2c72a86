#include "stages/shuffle/merge.h"

#include <utility>

namespace quern::shuffle {
namespace {

class MergedGroups final : public GroupSource {
 public:
  MergedGroups(const std::vector<const RunFile*>& runs, std::size_t partition, const std::set<InputOrdinal>& dropped,
               std::stop_token stop)
      : merge_(runs, partition, dropped, std::move(stop)) {}

  Result<bool> next_group() override {
    if (!has_begun_) {
      has_begun_ = true;
      TRY_ASSIGN(segment_, merge_.next());
    } else {
      while (in_group_) TRY(next_segment());
    }
    if (segment_ == nullptr) return false;
    key_.assign(segment_->key());
    in_group_ = true;
    return true;
  }
  Result<bool> next_value() override {
    while (in_group_) {
      if (segment_->values_left() > 0) {
        TRY_ASSIGN(value_, segment_->next_value());
        return true;
      }
      TRY(next_segment());
    }
    return false;
  }
  std::string_view key() const override { return key_; }
  std::string_view value() const override { return value_; }

 private:
  Result<void> next_segment() {
    TRY_ASSIGN(segment_, merge_.next());
    in_group_ = segment_ != nullptr && segment_->key() == key_;
    return {};
  }

  SegmentMerge merge_;
  RunCursor* segment_ = nullptr;  // what is read next; of this group, or of the next one
  std::string key_;
  std::string_view value_;
  bool has_begun_ = false;
  bool in_group_ = false;
};

Result<void> copy_segment(RunCursor& segment, RunWriter& writer) {
  TRY(writer.begin_segment(segment.key(), segment.address(), segment.values_left()));
  while (segment.values_left() > 0) {
    TRY_ASSIGN(std::string_view value, segment.next_value());
    TRY(writer.add_value(value));
  }
  return {};
}

}  // namespace

SegmentMerge::SegmentMerge(const std::vector<const RunFile*>& runs, std::size_t partition,
                           const std::set<InputOrdinal>& dropped, std::stop_token stop)
    : unpacker_(std::move(stop)) {
  for (const RunFile* run : runs) cursors_.emplace_back(*run, partition, unpacker_, dropped);
}

bool SegmentMerge::IsBefore::operator()(std::size_t left, std::size_t right) const {
  const RunCursor& one = (*cursors)[left];
  const RunCursor& other = (*cursors)[right];
  if (one.is_at_end() || other.is_at_end()) return other.is_at_end() && (!one.is_at_end() || left < right);
  if (one.is_before(other)) return true;
  return left < right && !other.is_before(one);
}

Result<RunCursor*> SegmentMerge::next() {
  if (!tree_.has_value()) {
    for (RunCursor& cursor : cursors_) TRY(cursor.next_segment());
    if (cursors_.empty()) return nullptr;
    tree_.emplace(cursors_.size(), IsBefore{&cursors_});
  } else {
    TRY(cursors_[tree_->winner()].next_segment());
    tree_->replay();
  }
  RunCursor& first = cursors_[tree_->winner()];
  return first.is_at_end() ? nullptr : &first;
}

std::unique_ptr<GroupSource> make_merged_groups(const std::vector<const RunFile*>& runs, std::size_t partition,
                                                const std::set<InputOrdinal>& dropped, std::stop_token stop) {
  return std::make_unique<MergedGroups>(runs, partition, dropped, std::move(stop));
}

Result<RunFile> merge_runs(const std::vector<const RunFile*>& runs, const RunOptions& options,
                           const std::set<InputOrdinal>& dropped) {
  TRY_ASSIGN(RunWriter writer, RunWriter::make(options, 0));
  for (std::size_t partition = 0; partition < options.partitions; ++partition) {
    SegmentMerge merge(runs, partition, dropped, options.stop);
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
