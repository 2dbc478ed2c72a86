#include "stages/shuffle/text_merge.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <deque>
#include <utility>

#include "base/bytes.h"
#include "base/fd.h"
#include "base/merge.h"
#include "model/groups.h"
#include "model/limits.h"
#include "model/pair.h"
#include "services/disk/files.h"

// A k-way merge of sorted texts. If there are more texts than can be read at once, neighbours are first merged into
// files in the scratch folder, in as many passes as needed.

namespace quern::shuffle {
namespace {

constexpr std::size_t kReadBytes = limits::kReadBytes;
// The memory that a text takes while it is read: its buffer, with part of a pair, and its decoder with the window of
// zstd's usual levels.
constexpr std::uint64_t kBytesPerText = 4 * limits::kMiB;

// A MergedGroups cursor over the pairs of one text, one value at a time. Opens the text when the first pair is read.
class TextCursor {
 public:
  TextCursor(SortedText text, std::string separator, std::stop_token stop)
      : text_(std::move(text)), separator_(std::move(separator)), stop_(std::move(stop)) {}

  Result<bool> next_group() {
    if (source_ == nullptr) {
      auto source = text_.open();
      if (!source.ok()) return std::move(source).error().with_context(text_.name);
      source_ = std::move(source).value();
    }
    TRY_ASSIGN(is_unread_, read_pair());
    if (!is_unread_) {
      source_.reset();
      bytes_ = Buffer();
      return false;
    }
    ++number_;
    std::string_view pair = bytes_.view().substr(begin_, end_ - begin_);
    begin_ = end_;
    pair_ = take_pair(pair, separator_);
    repeats_key_ = number_ > 1 && key() == last_key_;
    if (repeats_key_) return true;
    if (key() < last_key_) return out_of_order();
    last_key_.assign(key());
    return true;
  }
  Result<bool> next_value() { return std::exchange(is_unread_, false); }
  bool repeats_key() const { return repeats_key_; }
  std::string_view key() const { return pair_.key; }
  std::string_view value() const { return pair_.value; }

 private:
  // Finds the end of the pair at begin_. Returns false at the end of the text.
  Result<bool> read_pair() {
    std::size_t missing = is_text() ? 1 : 2;  // line ends
    for (end_ = begin_; missing > 0;) {
      const std::size_t found = bytes_.view().find('\n', end_);
      if (found != std::string_view::npos) {
        end_ = found + 1;
        --missing;
        continue;
      }
      end_ = bytes_.size() - begin_;  // where the next bytes will be written
      TRY_ASSIGN(bool has_more, read_more());
      if (has_more) continue;
      if (!bytes_.empty())
        return broken(number_ + 1, fmt::format("ends within a {}, so a part of it is missing", unit()));
      return false;
    }
    return true;
  }

  // Moves the unread bytes to the front of the buffer and reads more after them.
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
    if (!count.ok()) return std::move(count).error().with_context(text_.name);
    bytes_.resize(left + count.value());
    return count.value() > 0;
  }

  Error out_of_order() const {
    return broken(number_, "comes after a greater key, so this is not a result of quern map for a job with a reducer");
  }
  Error broken(std::uint64_t number, std::string_view how) const {
    return bad_input(fmt::format("{}: {} {} {}", text_.name, unit(), number, how));
  }
  bool is_text() const { return separator_ != kBetweenInside; }
  std::string_view unit() const { return is_text() ? "line" : "pair"; }

  const SortedText text_;
  const std::string separator_;
  const std::stop_token stop_;
  std::unique_ptr<ByteSource> source_;
  Buffer bytes_;
  std::size_t begin_ = 0;  // where the next pair begins
  std::size_t end_ = 0;    // where the current pair ends
  std::uint64_t number_ = 0;
  PairView pair_;
  std::string last_key_;
  bool repeats_key_ = false;
  bool is_unread_ = false;  // whether the value is still unread
};

std::deque<TextCursor> text_cursors(const std::vector<SortedText>& texts, const std::string& separator,
                                    const std::stop_token& stop) {
  std::deque<TextCursor> cursors;
  for (const SortedText& text : texts) cursors.emplace_back(text, separator, stop);
  return cursors;
}

class ScratchText final : public ByteSource {
 public:
  explicit ScratchText(Fd fd) : fd_(std::move(fd)) {}
  Result<std::size_t> read(std::span<char> target) override { return read_some(fd_, target); }

 private:
  Fd fd_;
};

// Merges these texts into one file.
Result<SortedText> merge_to_file(const std::vector<SortedText>& texts, const TextMergeOptions& options,
                                 const std::string& path, const std::stop_token& stop) {
  Merge<TextCursor> merge(text_cursors(texts, options.separator, stop));
  TRY_ASSIGN(const TextCursor* pair, merge.next());
  TRY_ASSIGN(Fd file, open_file(path, O_WRONLY | O_CREAT | O_TRUNC, 0600));
  Buffer lines(limits::kBlockBytes);
  while (pair != nullptr) {
    append_pair(pair->key(), options.separator, pair->value(), lines);
    if (lines.size() >= limits::kBlockBytes) {
      TRY(disk::write_temporary(file, lines.view(), path));
      lines.clear();
    }
    TRY_ASSIGN(pair, merge.next());
  }
  TRY(disk::write_temporary(file, lines.view(), path));
  TRY(file.close().context(path));
  auto open = [path]() -> Result<std::unique_ptr<ByteSource>> {
    TRY_ASSIGN(Fd merged, open_file(path, O_RDONLY));
    // The name is not needed again, and without it the space is freed as soon as the text has been read.
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
  // Merges neighbours, so that the texts stay in order.
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
  auto groups = std::make_unique<MergedGroups<TextCursor>>(text_cursors(texts, options.separator, stop));
  TRY(groups->begin());
  return std::unique_ptr<GroupSource>(std::move(groups));
}

}  // namespace quern::shuffle
