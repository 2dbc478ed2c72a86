#include "stages/reducer/combiner.h"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "model/groups.h"
#include "model/pair.h"
#include "stages/reducer/reducers.h"

namespace quern::reducer {
namespace {

// The pairs of one block, grouped by key: keys in order of first appearance, values in order. Not thread-safe; reuses
// its memory for the next block.
class BlockGroups {
 public:
  explicit BlockGroups(std::string_view separator) : separator_(separator) {}
  // Replaces the contents by these pairs or, if the separator is one of text, lines. They are borrowed.
  void reset(const std::vector<Buffer>& lines);
  bool empty() const { return groups_.empty(); }
  // Sorts the keys in byte order.
  void sort();
  // Returns a source that starts at the first group; may be called any number of times. The source borrows this object.
  std::unique_ptr<GroupSource> open() const { return std::make_unique<Reader>(*this); }

 private:
  static constexpr std::uint32_t kNone = 0xffffffff;
  struct Pair {
    std::string_view value;
    std::uint32_t next = kNone;  // the next pair of the same key
  };
  struct Group {
    std::string_view key;
    std::uint32_t first = kNone;
    std::uint32_t last = kNone;
  };
  class Reader final : public GroupSource {
   public:
    explicit Reader(const BlockGroups& table) : table_(table) {}
    Result<bool> next_group() override;
    Result<bool> next_value() override;
    std::string_view key() const override { return table_.groups_[next_group_ - 1].key; }
    std::string_view value() const override { return value_; }

   private:
    const BlockGroups& table_;
    std::size_t next_group_ = 0;
    std::uint32_t next_pair_ = kNone;
    std::string_view value_;
  };
  void add(PairView pair);

  const std::string_view separator_;  // borrowed
  std::unordered_map<std::string_view, std::uint32_t> numbers_;
  std::vector<Group> groups_;
  std::vector<Pair> pairs_;
};

class BufferSink final : public ReducedSink {
 public:
  explicit BufferSink(Buffer& lines) : lines_(lines) {}
  Result<void> add(std::string_view /*key*/, std::string_view lines) override {
    lines_.append(lines);
    return {};
  }

 private:
  Buffer& lines_;
};

class CombiningSink final : public BlockSink {
 public:
  CombiningSink(std::unique_ptr<BlockSink> sink, std::string separator,
                std::function<Result<std::unique_ptr<Combiner>>()> make_combiner, EventSink& events,
                std::stop_token stop)
      : sink_(std::move(sink)),
        separator_(std::move(separator)),
        make_combiner_(std::move(make_combiner)),
        events_(events),
        stop_(std::move(stop)),
        groups_(separator_) {}
  CombiningSink(const CombiningSink&) = delete;
  CombiningSink& operator=(const CombiningSink&) = delete;
  ~CombiningSink() override {
    if (combiner_ == nullptr || has_failed_) return;
    Result<void> finished = combiner_->finish();
    if (!finished.ok()) events_.emit(event::Note{event::Level::kWarning, finished.error().message});
  }

  Result<void> commit(BlockOutput output) override {
    groups_.reset(output.lines);
    if (groups_.empty()) return sink_->commit(std::move(output));
    if (combiner_ == nullptr) {
      TRY_ASSIGN(combiner_, make_combiner_());
    }
    if (combiner_->wants_sorted_keys()) groups_.sort();
    Buffer combined;
    BufferSink lines(combined);
    auto open = [this]() -> Result<std::unique_ptr<GroupSource>> { return groups_.open(); };
    Result<void> result = combiner_->combine(open, lines, stop_);
    has_failed_ = !result.ok();
    TRY(std::move(result));
    output.lines.clear();
    output.lines.push_back(std::move(combined));
    return sink_->commit(std::move(output));
  }

 private:
  const std::unique_ptr<BlockSink> sink_;
  const std::string separator_;
  const std::function<Result<std::unique_ptr<Combiner>>()> make_combiner_;
  EventSink& events_;
  const std::stop_token stop_;
  BlockGroups groups_;
  std::unique_ptr<Combiner> combiner_;
  bool has_failed_ = false;
};

}  // namespace

void BlockGroups::reset(const std::vector<Buffer>& lines) {
  numbers_.clear();
  groups_.clear();
  pairs_.clear();
  for (const Buffer& chunk : lines) {
    for (std::string_view rest = chunk.view(); !rest.empty();) add(take_pair(rest, separator_));
  }
}

void BlockGroups::add(PairView pair) {
  auto at = static_cast<std::uint32_t>(pairs_.size());
  auto [known, is_new] = numbers_.try_emplace(pair.key, static_cast<std::uint32_t>(groups_.size()));
  if (is_new) {
    groups_.push_back({.key = pair.key, .first = at, .last = at});
  } else {
    Group& group = groups_[known->second];
    pairs_[group.last].next = at;
    group.last = at;
  }
  pairs_.push_back({.value = pair.value});
}

void BlockGroups::sort() {
  std::sort(groups_.begin(), groups_.end(), [](const Group& a, const Group& b) { return a.key < b.key; });
}

Result<bool> BlockGroups::Reader::next_group() {
  if (next_group_ == table_.groups_.size()) return false;
  next_pair_ = table_.groups_[next_group_++].first;
  return true;
}

Result<bool> BlockGroups::Reader::next_value() {
  if (next_pair_ == kNone) return false;
  value_ = table_.pairs_[next_pair_].value;
  next_pair_ = table_.pairs_[next_pair_].next;
  return true;
}

std::unique_ptr<Combiner> make_combiner(ReducerOptions options, process::Guard& guard, EventSink& events) {
  const bool is_lines = options.module->interface == Interface::kLines;
  return (is_lines ? make_lines_combiner : make_function_combiner)(std::move(options), guard, events);
}

std::unique_ptr<BlockSink> make_combining_sink(std::unique_ptr<BlockSink> sink, std::string separator,
                                               std::function<Result<std::unique_ptr<Combiner>>()> make_combiner,
                                               EventSink& events, std::stop_token stop) {
  return std::make_unique<CombiningSink>(std::move(sink), std::move(separator), std::move(make_combiner), events,
                                         std::move(stop));
}

}  // namespace quern::reducer
