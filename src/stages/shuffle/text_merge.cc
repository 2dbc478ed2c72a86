#include "stages/shuffle/text_merge.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <deque>
#include <optional>
#include <utility>

#include "base/bytes.h"
#include "base/fd.h"
#include "base/loser_tree.h"
#include "model/limits.h"
#include "model/pair.h"
#include "services/disk/full_disk.h"
#include "stages/shuffle/shuffle_limits.h"

namespace quern::shuffle {
namespace {

constexpr std::size_t kReadBytes = limits::kReadBytes;
// What a text takes that is being read: its buffer, with a part of a pair, and its decoder with the window of zstd's
// usual levels.
constexpr std::uint64_t kBytesPerText = 4 * limits::kMiB;

// So that most comparisons need no look at the key itself.
std::uint64_t first_bytes(std::string_view key) {
  std::uint64_t bytes = 0;
  std::memcpy(&bytes, key.data(), std::min(key.size(), sizeof bytes));
  return __builtin_bswap64(bytes);
}

// Reads the pairs of one text.
class TextCursor {
 public:
  TextCursor(const SortedText& text, std::string_view separator, const std::stop_token& stop)
      : name_(text.name), separator_(separator), stop_(stop) {}
  Result<void> open(const SortedText& text) {
    auto source = text.open();
    if (!source.ok()) return std::move(source).error().with_context(name_);
    source_ = std::move(source).value();
    return next();
  }

  // Goes to the next pair. key() and value() are valid until the next call.
  Result<void> next() {
    TRY_ASSIGN(bool has_pair, read_pair());
    if (!has_pair) {
      is_at_end_ = true;
      source_.reset();
      bytes_ = Buffer();
      return {};
    }
    ++number_;
    std::string_view pair = bytes_.view().substr(begin_, end_ - begin_);
    begin_ = end_;
    const PairView found = take_pair(pair, separator_);
    key_ = found.key;
    value_ = found.value;
    repeats_key_ = number_ > 1 && key_ == last_key_;
    if (repeats_key_) return {};
    if (key_ < last_key_) return out_of_order();
    last_key_.assign(key_);
    key_start_ = first_bytes(key_);
    return {};
  }
  bool is_at_end() const { return is_at_end_; }
  // Whether the pair before it had the same key.
  bool repeats_key() const { return repeats_key_; }
  std::string_view key() const { return key_; }
  std::string_view value() const { return value_; }
  bool is_before(const TextCursor& other) const {
    if (key_start_ != other.key_start_) return key_start_ < other.key_start_;
    return key_ < other.key_;
  }

 private:
  // Finds the end of the pair at begin_. False at the end of the text.
  Result<bool> read_pair() {
    std::size_t missing = is_text() ? 1 : 2;  // line ends
    for (end_ = begin_; missing > 0;) {
      const std::size_t found = bytes_.view().find('\n', end_);
      if (found != std::string_view::npos) {
        end_ = found + 1;
        --missing;
        continue;
      }
      end_ = bytes_.size() - begin_;  // where the next bytes will be
      TRY_ASSIGN(bool has_more, read_more());
      if (has_more) continue;
      if (!bytes_.empty())
        return broken(number_ + 1, fmt::format("ends within a {}, so a part of it is missing", unit()));
      return false;
    }
    return true;
  }

  // Moves what is left to the front of the buffer, and reads behind it.
  Result<bool> read_more() {
    if (stop_.stop_requested()) return stopped();
    std::size_t left = bytes_.size() - begin_;
    if (left > limits::kMaxPairBytes) {
      return broken(number_ + 1, fmt::format("is longer than {}", format_bytes(limits::kMaxPairBytes)));
    }
    if (left > 0) std::memmove(bytes_.data(), bytes_.data() + begin_, left);
    begin_ = 0;
    bytes_.resize(left + kReadBytes);
    auto count = source_->read({bytes_.data() + left, kReadBytes});
    if (!count.ok()) return std::move(count).error().with_context(name_);
    bytes_.resize(left + count.value());
    return count.value() > 0;
  }

  Error out_of_order() const {
    return broken(number_, "comes after a greater key, so this is not a result of quern map for a job with a reducer");
  }
  Error broken(std::uint64_t number, std::string_view how) const {
    return bad_input(fmt::format("{}: {} {} {}", name_, unit(), number, how));
  }
  bool is_text() const { return separator_ != kBetweenInside; }
  std::string_view unit() const { return is_text() ? "line" : "pair"; }

  const std::string name_;
  const std::string_view separator_;
  const std::stop_token& stop_;
  std::unique_ptr<ByteSource> source_;
  Buffer bytes_;
  std::size_t begin_ = 0;  // of the next pair
  std::size_t end_ = 0;    // of the one that is read
  std::uint64_t number_ = 0;
  std::string_view key_;
  std::string_view value_;
  std::string last_key_;
  std::uint64_t key_start_ = 0;
  bool repeats_key_ = false;
  bool is_at_end_ = false;
};

// The pairs of several texts in the order of keys and texts.
class TextMerge {
 public:
  TextMerge(std::vector<SortedText> texts, std::string separator, std::stop_token stop)
      : texts_(std::move(texts)), separator_(std::move(separator)), stop_(std::move(stop)) {}

  Result<void> open() {
    for (const SortedText& text : texts_) cursors_.emplace_back(text, separator_, stop_);
    for (std::size_t i = 0; i < texts_.size(); ++i) TRY(cursors_[i].open(texts_[i]));
    if (!cursors_.empty()) tree_.emplace(cursors_.size(), IsBefore{&cursors_});
    return {};
  }
  // nullptr at the end. Valid until the next call.
  Result<const TextCursor*> next() {
    if (!tree_.has_value()) return nullptr;
    if (has_begun_) {
      TRY(cursors_[tree_->winner()].next());
      // The same key of the same text comes before anything else.
      if (!cursors_[tree_->winner()].repeats_key() || cursors_[tree_->winner()].is_at_end()) tree_->replay();
    }
    has_begun_ = true;
    const TextCursor& first = cursors_[tree_->winner()];
    return first.is_at_end() ? nullptr : &first;
  }

 private:
  struct IsBefore {
    const std::deque<TextCursor>* cursors;
    bool operator()(std::size_t left, std::size_t right) const {
      const TextCursor& one = (*cursors)[left];
      const TextCursor& other = (*cursors)[right];
      if (one.is_at_end() || other.is_at_end()) return other.is_at_end() && (!one.is_at_end() || left < right);
      if (one.is_before(other)) return true;
      return left < right && !other.is_before(one);
    }
  };

  const std::vector<SortedText> texts_;
  const std::string separator_;
  const std::stop_token stop_;
  std::deque<TextCursor> cursors_;
  std::optional<LoserTree<IsBefore>> tree_;
  bool has_begun_ = false;
};

class TextGroups final : public GroupSource {
 public:
  explicit TextGroups(std::unique_ptr<TextMerge> merge) : merge_(std::move(merge)) {}

  Result<bool> next_group() override {
    if (!has_begun_) {
      has_begun_ = true;
      TRY_ASSIGN(line_, merge_->next());
    } else {
      while (in_group_) TRY(next_line());
    }
    if (line_ == nullptr) return false;
    key_.assign(line_->key());
    in_group_ = true;
    is_first_ = true;
    return true;
  }
  Result<bool> next_value() override {
    if (!in_group_) return false;
    if (!is_first_) TRY(next_line());
    is_first_ = false;
    return in_group_;
  }
  std::string_view key() const override { return key_; }
  std::string_view value() const override { return line_->value(); }

 private:
  Result<void> next_line() {
    TRY_ASSIGN(line_, merge_->next());
    in_group_ = line_ != nullptr && line_->key() == key_;
    return {};
  }

  const std::unique_ptr<TextMerge> merge_;
  const TextCursor* line_ = nullptr;
  std::string key_;
  bool has_begun_ = false;
  bool in_group_ = false;
  bool is_first_ = false;  // the group's first value is that of line_
};

class ScratchText final : public ByteSource {
 public:
  explicit ScratchText(Fd fd) : fd_(std::move(fd)) {}
  Result<std::size_t> read(std::span<char> target) override { return read_some(fd_, target); }

 private:
  Fd fd_;
};

// Merges these texts into one, in a file.
Result<SortedText> merge_to_file(std::vector<SortedText> texts, const TextMergeOptions& options,
                                 const std::string& path, const std::stop_token& stop) {
  TextMerge merge(std::move(texts), options.separator, stop);
  TRY(merge.open());
  TRY_ASSIGN(Fd file, open_file(path, O_WRONLY | O_CREAT | O_TRUNC, 0600));
  Buffer lines(limits::kBlockBytes);
  while (true) {
    TRY_ASSIGN(const TextCursor* line, merge.next());
    bool is_full = lines.size() >= limits::kBlockBytes;
    if (line == nullptr || is_full) {
      TRY(disk::write_temporary(file, lines.view(), path));
      lines.clear();
    }
    if (line == nullptr) break;
    append_pair(line->key(), options.separator, line->value(), lines);
  }
  TRY(file.close().context(path));
  auto open = [path]() -> Result<std::unique_ptr<ByteSource>> {
    TRY_ASSIGN(Fd merged, open_file(path, O_RDONLY));
    // The name is not needed again, and the room is free as soon as the text is read.
    static_cast<void>(::unlink(path.c_str()));
    return std::unique_ptr<ByteSource>(std::make_unique<ScratchText>(std::move(merged)));
  };
  return SortedText{.name = path, .open = open};
}

}  // namespace

Result<std::unique_ptr<GroupSource>> merge_texts(std::vector<SortedText> texts, const TextMergeOptions& options,
                                                 const std::stop_token& stop) {
  const std::size_t fan_in =
      std::clamp<std::size_t>(options.memory_bytes / kBytesPerText, limits::kLeastMergeFanIn, limits::kMergeFanIn);
  std::size_t files = 0;
  // Neighbours are merged, so that the order of the texts stays.
  while (texts.size() > fan_in) {
    std::vector<SortedText> merged;
    for (std::size_t first = 0; first < texts.size(); first += fan_in) {
      auto begin = texts.begin() + static_cast<std::ptrdiff_t>(first);
      auto end = texts.begin() + static_cast<std::ptrdiff_t>(std::min(first + fan_in, texts.size()));
      std::string path = fmt::format("{}/merged-{}", options.scratch_folder, ++files);
      TRY_ASSIGN(auto text, merge_to_file({begin, end}, options, path, stop));
      merged.push_back(std::move(text));
    }
    texts = std::move(merged);
  }
  auto merge = std::make_unique<TextMerge>(std::move(texts), options.separator, stop);
  TRY(merge->open());
  return std::unique_ptr<GroupSource>(std::make_unique<TextGroups>(std::move(merge)));
}

}  // namespace quern::shuffle
