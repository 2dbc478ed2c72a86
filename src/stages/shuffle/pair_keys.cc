#include "stages/shuffle/pair_keys.h"

#include <deque>
#include <optional>
#include <utility>

#include "arithmetic/number.h"
#include "model/groups.h"
#include "model/limits.h"
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

Result<void> commit(Buffer lines, std::uint32_t number, BlockSink& sink) {
  BlockOutput output{.address = {.input = 0, .number = number}};
  output.lines.push_back(std::move(lines));
  return sink.commit(std::move(output));
}

// Appends a value of a key as a pair of the shuffle.
using AppendPair = void (*)(std::string_view key, std::string_view value, Buffer& lines);

void append_plain_pair(std::string_view key, std::string_view value, Buffer& lines) {
  append_pair(key, kBetweenInside, value, lines);
}

void append_ordered_pair(std::string_view key, std::string_view order, std::string_view value, Buffer& lines) {
  append_pair_key(lines, key, order);
  lines.append(kBetweenInside);
  lines.append(value);
  lines.push_back('\n');
}

void append_pair_by_text(std::string_view key, std::string_view value, Buffer& lines) {
  append_ordered_pair(key, value, value, lines);
}

void append_pair_by_number(std::string_view key, std::string_view value, Buffer& lines) {
  std::string order;
  append_value_order(value, false, order);
  append_ordered_pair(key, order, value, lines);
}

// Turns groups whose keys are pair keys into groups of the first parts of these keys.
class OrderedValues final : public GroupSource {
 public:
  explicit OrderedValues(std::unique_ptr<GroupSource> pairs) : pairs_(std::move(pairs)) {}

  Result<bool> next_group() override {
    if (!pair_.has_value() && !is_at_end_) TRY(next_pair());
    while (!is_at_end_ && has_key_ && pair_->key() == key_) TRY(next_pair());
    if (is_at_end_) return false;
    key_ = pair_->key();
    has_key_ = true;
    return true;
  }
  Result<bool> next_value() override {
    while (!is_at_end_ && pair_->key() == key_) {
      TRY_ASSIGN(bool has_value, pairs_->next_value());
      if (has_value) return true;
      TRY(next_pair());
    }
    return false;
  }
  std::string_view key() const override { return key_; }
  std::string_view value() const override { return pairs_->value(); }

 private:
  Result<void> next_pair() {
    TRY_ASSIGN(bool has_pair, pairs_->next_group());
    is_at_end_ = !has_pair;
    if (!has_pair) return {};
    bytes_ = pairs_->key();
    pair_.emplace(bytes_);
    return {};
  }

  const std::unique_ptr<GroupSource> pairs_;
  std::string bytes_;  // of the current pair key, which pair_ borrows
  std::optional<PairKey> pair_;
  bool is_at_end_ = false;
  bool has_key_ = false;
  std::string key_;
};

Result<void> commit_all(GroupSource& groups, AppendPair append, BlockSink& sink) {
  Buffer lines;
  std::uint32_t blocks = 0;
  while (true) {
    TRY_ASSIGN(bool has_group, groups.next_group());
    if (!has_group) return commit(std::move(lines), blocks, sink);
    while (true) {
      TRY_ASSIGN(bool has_value, groups.next_value());
      if (!has_value) break;
      append(groups.key(), groups.value(), lines);
      if (lines.size() >= limits::kBlockBytes) TRY(commit(std::exchange(lines, {}), blocks++, sink));
    }
  }
}

}  // namespace

void PairKeyLines::clear() {
  lines_.clear();
  sizes_.clear();
}

void PairKeyLines::append(std::string_view key, std::initializer_list<std::string_view> part, std::string_view value) {
  const std::size_t before = lines_.size();
  append_pair_key(lines_, key, "");
  for (std::string_view piece : part) lines_.append(piece);
  sizes_.push_back({.key_bytes = lines_.size() - before, .value_bytes = value.size()});
  lines_.append(kBetweenInside);
  lines_.append(value);
}

void PairKeyLines::list(std::vector<Entry>& entries) const {
  entries.clear();
  const char* line = lines_.data();
  for (const Sizes& sizes : sizes_) {
    entries.push_back(entry_of({line, sizes.key_bytes}, sizes.value_bytes));
    line += sizes.key_bytes + kBetweenInside.size() + sizes.value_bytes;
  }
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

std::string_view value_of_pair_key(std::string_view pair_key) {
  std::size_t zero = pair_key.find('\0');
  while (pair_key[zero + 1] != '\0') zero = pair_key.find('\0', zero + kZero.size());
  return pair_key.substr(zero + kEnd.size());
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

namespace {

Result<std::unique_ptr<GroupSource>> shuffled(std::unique_ptr<GroupSource> groups, AppendPair append,
                                              ShuffleOptions options) {
  options.separator = kBetweenInside;
  auto shuffle = Shuffle::make(std::move(options));
  TRY(commit_all(*groups, append, *shuffle->sink()));
  TRY(shuffle->finish());
  TRY_ASSIGN(auto sorted, shuffle->groups(0));
  return std::unique_ptr<GroupSource>(std::make_unique<ShuffledGroups>(std::move(shuffle), std::move(sorted)));
}

}  // namespace

Result<std::unique_ptr<GroupSource>> aggregate_sorted(std::unique_ptr<GroupSource> groups, ShuffleOptions options) {
  return shuffled(std::move(groups), append_plain_pair, std::move(options));
}

Result<std::unique_ptr<GroupSource>> sort_values(std::unique_ptr<GroupSource> groups, ShuffleOptions options,
                                                 bool are_numeric) {
  TRY_ASSIGN(auto pairs, shuffled(std::move(groups), are_numeric ? append_pair_by_number : append_pair_by_text,
                                  std::move(options)));
  return std::unique_ptr<GroupSource>(std::make_unique<OrderedValues>(std::move(pairs)));
}

}  // namespace quern::shuffle
