#include "stages/reducer/combiner.h"

#include <algorithm>
#include <utility>

#include "stages/reducer/block_groups.h"
#include "stages/reducer/function_reducer.h"
#include "stages/reducer/lines_reducer.h"

namespace quern::reducer {
namespace {

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
