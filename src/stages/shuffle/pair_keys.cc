#include "stages/shuffle/pair_keys.h"

#include <deque>
#include <optional>
#include <utility>

#include "model/limits.h"
#include "model/merged_groups.h"
#include "model/pair.h"

namespace quern::shuffle {
namespace {

using namespace std::string_view_literals;

constexpr std::string_view kEnd = "\0\0"sv;
constexpr std::string_view kZero = "\0\1"sv;

// Groups together with the shuffle that they borrow from.
class ShuffledGroups final : public GroupSource {
 public:
  ShuffledGroups(std::unique_ptr<Shuffle> shuffle, std::unique_ptr<GroupSource> groups)
      : shuffle_(std::move(shuffle)), groups_(std::move(groups)) {}
  Result<bool> next_group() override { return groups_->next_group(); }
  Result<bool> next_value() override { return groups_->next_value(); }
  std::string_view key() const override { return groups_->key(); }
  std::string_view value() const override { return groups_->value(); }

 private:
  const std::unique_ptr<Shuffle> shuffle_;
  const std::unique_ptr<GroupSource> groups_;
};

Result<void> commit(Buffer lines, BlockSink& sink) {
  BlockOutput output;
  output.lines.push_back(std::move(lines));
  return sink.commit(std::move(output));
}

Result<void> commit_all(GroupSource& groups, BlockSink& sink) {
  Buffer lines;
  while (true) {
    TRY_ASSIGN(bool has_group, groups.next_group());
    if (!has_group) return commit(std::move(lines), sink);
    while (true) {
      TRY_ASSIGN(bool has_value, groups.next_value());
      if (!has_value) break;
      append_pair(groups.key(), kBetweenInside, groups.value(), lines);
      if (lines.size() >= limits::kBlockBytes) TRY(commit(std::exchange(lines, {}), sink));
    }
  }
}

}  // namespace

void make_pair_keys(std::vector<Entry>& pairs, const EntryReader& reader, Buffer& pair_keys) {
  pair_keys.clear();
  for (const Entry& pair : pairs) {
    append_pair_key(pair_keys, reader.key(pair), reader.value(pair));
    pair_keys.append("\n\n");
  }
  list_entries(pair_keys, pairs);
}

void list_entries(const Buffer& lines, std::vector<Entry>& entries) {
  entries.clear();
  std::vector<std::uint32_t> none;
  Splitter{.separator = kBetweenInside}.split(lines.view(), entries, none);
}

void append_pair_key(Buffer& target, std::string_view key, std::string_view value) {
  for (std::size_t zero = key.find('\0'); zero != std::string_view::npos; zero = key.find('\0')) {
    target.append(key.substr(0, zero));
    target.append(kZero);
    key.remove_prefix(zero + 1);
  }
  target.append(key);
  target.append(kEnd);
  target.append(value);
}

PairKey::PairKey(std::string_view pair_key) {
  std::size_t begin = 0;
  std::size_t zero = pair_key.find('\0');
  for (; pair_key.substr(zero, 2) != kEnd; zero = pair_key.find('\0', begin)) {
    unescaped_.append(pair_key.substr(begin, zero + 1 - begin));
    begin = zero + kZero.size();
  }
  key_ = pair_key.substr(0, zero);
  if (begin > 0) unescaped_.append(pair_key.substr(begin, zero - begin));
  value_ = pair_key.substr(zero + kEnd.size());
}

std::unique_ptr<GroupSource> make_distinct_groups(std::unique_ptr<GroupSource> pairs) {
  std::deque<PairCursor> cursors;
  cursors.emplace_back(std::move(pairs));
  return std::make_unique<MergedGroups<PairCursor>>(std::move(cursors));
}

Result<std::unique_ptr<GroupSource>> aggregate_sorted(std::unique_ptr<GroupSource> groups, ShuffleOptions options) {
  options.separator = kBetweenInside;
  auto shuffle = Shuffle::make(std::move(options));
  TRY(commit_all(*groups, *shuffle->sink()));
  TRY(shuffle->finish());
  TRY_ASSIGN(auto sorted, shuffle->groups(0));
  return std::unique_ptr<GroupSource>(std::make_unique<ShuffledGroups>(std::move(shuffle), std::move(sorted)));
}

}  // namespace quern::shuffle
