#include "model/packed_inputs.h"

#include <zstd.h>

#include <algorithm>
#include <cstdint>
#include <utility>

#include "base/coding.h"
#include "base/result.h"

// The text of an input in a block: its size, flags, name, and other texts. Numbers are in native byte order, because
// blocks stay in memory.

namespace quern {
namespace {

// Small, because a reader of a few inputs decompresses a whole block for them.
constexpr std::size_t kBlockBytes = std::size_t{16} << 10;
constexpr int kLevel = 1;

constexpr unsigned kSizeIsKnown = 1;
constexpr unsigned kSizeBinds = 2;

enum TextForm : char { kEmpty, kAsTheName, kItsOwn };

void put_text(std::string& block, std::string_view text) {
  append_number(block, static_cast<std::uint32_t>(text.size()));
  block.append(text);
}

void put_other(std::string& block, std::string_view text, std::string_view name) {
  const TextForm form = text.empty() ? kEmpty : text == name ? kAsTheName : kItsOwn;
  block += form;
  if (form == kItsOwn) put_text(block, text);
}

std::string_view take_text(std::string_view& rest) {
  const auto size = take_number<std::uint32_t>(rest);
  const std::string_view text = rest.substr(0, size);
  rest.remove_prefix(size);
  return text;
}

std::string_view take_other(std::string_view& rest, std::string_view name) {
  switch (static_cast<TextForm>(take_number<char>(rest))) {
    case kAsTheName:
      return name;
    case kItsOwn:
      return take_text(rest);
    default:
      return {};
  }
}

void skip_input(std::string_view& rest) {
  rest.remove_prefix(sizeof(std::uint64_t) + 1);
  take_text(rest);
  for (int other = 0; other < 3; ++other) {
    if (take_number<char>(rest) == kItsOwn) take_text(rest);
  }
}

SharedText compressed(std::string_view text) {
  std::string stored(::ZSTD_compressBound(text.size()), '\0');
  const std::size_t size = ::ZSTD_compress(stored.data(), stored.size(), text.data(), text.size(), kLevel);
  CHECK(::ZSTD_isError(size) == 0);
  return std::string_view(stored).substr(0, size);
}

}  // namespace

PackedInputs::PackedInputs(const InputList& list) {
  for (const Input& input : list.inputs) append(input);
}

void PackedInputs::append(const InputView& input) {
  append_number(open_, input.stored_bytes);
  open_ += static_cast<char>((input.size_is_known ? kSizeIsKnown : 0) | (input.size_binds ? kSizeBinds : 0));
  put_text(open_, input.name);
  for (std::string_view text : {input.path, input.url, input.etag}) put_other(open_, text, input.name);
  ++size_;
  if (!input.size_is_known) ++of_unknown_size_;
  if (open_.size() < kBlockBytes) return;
  blocks_.push_back({.stored = compressed(open_), .text_bytes = open_.size(), .first = open_first_});
  open_.clear();
  open_first_ = size_;
}

PackedInputs::Reader::Reader(const PackedInputs& inputs, std::size_t first) : inputs_(inputs) { seek(first); }

PackedInputs::Reader::Reader(PackedInputs&& inputs) : own_(std::move(inputs)), inputs_(*own_) {}

// Returns the index after the last input of the open block.
std::size_t PackedInputs::Reader::end_of_block() const {
  const auto& blocks = inputs_.blocks_;
  if (block_ < blocks.size()) return blocks[block_].first;
  return block_ == blocks.size() ? inputs_.open_first_ : inputs_.size_;
}

void PackedInputs::Reader::seek(std::size_t first) {
  CHECK(first <= inputs_.size());
  if (block_ == 0 || first < next_ || first >= end_of_block()) {
    CHECK(!own_.has_value() || first >= next_);
    const auto& blocks = inputs_.blocks_;
    auto after = std::upper_bound(blocks.begin(), blocks.end(), first,
                                  [](std::size_t wanted, const Block& block) { return wanted < block.first; });
    block_ = first < inputs_.open_first_ ? static_cast<std::size_t>(after - blocks.begin()) - 1 : blocks.size();
    next_ = block_ < blocks.size() ? blocks[block_].first : inputs_.open_first_;
    open_block();
  }
  for (; next_ < first; ++next_) skip_input(rest_);
}

void PackedInputs::Reader::open_block() {
  if (block_ == inputs_.blocks_.size()) {
    text_ = inputs_.open_;
  } else {
    const Block& block = inputs_.blocks_[block_];
    text_.resize(block.text_bytes);
    const std::string_view stored = block.stored;
    const std::size_t size = ::ZSTD_decompress(text_.data(), text_.size(), stored.data(), stored.size());
    CHECK(size == text_.size());
    if (own_.has_value()) own_->blocks_[block_].stored = {};
  }
  rest_ = text_;
  ++block_;
}

const InputView* PackedInputs::Reader::next() {
  if (rest_.empty()) {
    if (block_ > inputs_.blocks_.size()) return nullptr;
    open_block();
    if (rest_.empty()) return nullptr;
  }
  ++next_;
  input_.stored_bytes = take_number<std::uint64_t>(rest_);
  const auto known = static_cast<unsigned char>(take_number<char>(rest_));
  input_.size_is_known = (known & kSizeIsKnown) != 0;
  input_.size_binds = (known & kSizeBinds) != 0;
  input_.name = take_text(rest_);
  for (std::string_view* text : {&input_.path, &input_.url, &input_.etag}) *text = take_other(rest_, input_.name);
  return &input_;
}

}  // namespace quern
