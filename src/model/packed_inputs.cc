#include "model/packed_inputs.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "base/coding.h"
#include "base/result.h"

// An input in a block: a byte of flags, its size, and its texts. The first input of a block has no input before it, so
// each block can be read on its own.

namespace quern {
namespace {

// Small, because half of a block is read to find one input in it.
constexpr std::size_t kBlockBytes = 1024;

// An input's flags: the two bits of a TextForm for its path, those for its URL, and these.
constexpr unsigned kUrlShift = 2;
constexpr unsigned kFormMask = 3;
constexpr unsigned kHasEtag = 1U << 4;
constexpr unsigned kSizeIsKnown = 1U << 5;
constexpr unsigned kSizeBinds = 1U << 6;

enum TextForm : unsigned { kEmpty, kAsTheName, kEndsWithName, kItsOwn };

TextForm form_of(std::string_view text, std::string_view name) {
  if (text.empty()) return kEmpty;
  if (text == name) return kAsTheName;
  return text.ends_with(name) ? kEndsWithName : kItsOwn;
}

// Appends a text without the beginning and the ending that it shares with the last one, which it replaces.
void put_text(std::string& block, std::string_view text, std::string& last) {
  const auto differs = std::mismatch(text.begin(), text.end(), last.begin(), last.end()).first;
  const auto beginning = static_cast<std::size_t>(differs - text.begin());
  const std::string_view rest = text.substr(beginning);
  const std::string_view last_rest = std::string_view(last).substr(beginning);
  const auto differs_back = std::mismatch(rest.rbegin(), rest.rend(), last_rest.rbegin(), last_rest.rend()).first;
  const auto ending = static_cast<std::size_t>(differs_back - rest.rbegin());
  const std::string_view middle = rest.substr(0, rest.size() - ending);
  append_varint(block, beginning);
  append_varint(block, ending);
  append_varint(block, middle.size());
  block.append(middle);
  last.replace(beginning, last_rest.size() - ending, middle);
}

void put_other(std::string& block, TextForm form, std::string_view text, std::string_view name, std::string& last) {
  if (form == kEndsWithName) {
    put_text(block, text.substr(0, text.size() - name.size()), last);
    last += name;
  } else if (form == kItsOwn) {
    put_text(block, text, last);
  }
}

std::string_view take_bytes(std::string_view& rest) {
  const std::size_t size = take_varint(rest);
  const std::string_view bytes = rest.substr(0, size);
  rest.remove_prefix(size);
  return bytes;
}

std::string_view take_text(std::string_view& rest, std::string& last) {
  const std::size_t beginning = take_varint(rest);
  const std::size_t ending = take_varint(rest);
  last.replace(beginning, last.size() - beginning - ending, take_bytes(rest));
  return last;
}

std::string_view take_other(std::string_view& rest, unsigned form, std::string_view name, std::string& last) {
  switch (form & kFormMask) {
    case kAsTheName:
      return name;
    case kEndsWithName:
      take_text(rest, last);
      return last += name;
    case kItsOwn:
      return take_text(rest, last);
    default:
      return {};
  }
}

}  // namespace

PackedInputs::PackedInputs(const std::vector<Input>& inputs) {
  for (const Input& input : inputs) append(input);
}

void PackedInputs::append(const InputView& input) {
  const TextForm path = form_of(input.path, input.name);
  const TextForm url = form_of(input.url, input.name);
  open_ += static_cast<char>(path | url << kUrlShift | (input.etag.empty() ? 0 : kHasEtag) |
                             (input.size_is_known ? kSizeIsKnown : 0) | (input.size_binds ? kSizeBinds : 0));
  append_varint(open_, input.stored_bytes);
  put_text(open_, input.name, last_.name);
  put_other(open_, path, input.path, input.name, last_.path);
  put_other(open_, url, input.url, input.name, last_.url);
  if (!input.etag.empty()) {
    append_varint(open_, input.etag.size());
    open_ += input.etag;
  }
  ++size_;
  if (input.is_remote()) ++remote_;
  if (!input.size_is_known) ++of_unknown_size_;
  stored_bytes_ += input.stored_bytes;
  if (open_.size() < kBlockBytes) return;
  blocks_.push_back({.text = open_, .first = open_first_});
  open_.clear();
  last_ = {};
  open_first_ = size_;
}

Input PackedInputs::operator[](std::size_t index) const {
  CHECK(index < size_);
  Reader reader(*this, index);
  return reader.next()->as<SharedText>();
}

std::size_t PackedInputs::packed_bytes() const {
  std::size_t bytes = open_.size();
  for (const Block& block : blocks_) bytes += sizeof block + block.text.size();
  return bytes;
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
  while (next_ < first) next();
}

void PackedInputs::Reader::open_block() {
  if (block_ == inputs_.blocks_.size()) {
    rest_ = inputs_.open_;
  } else {
    text_ = inputs_.blocks_[block_].text;
    if (own_.has_value()) own_->blocks_[block_].text = {};
    rest_ = text_;
  }
  last_ = {};
  ++block_;
}

const InputView* PackedInputs::Reader::next() {
  if (rest_.empty()) {
    if (block_ > inputs_.blocks_.size()) return nullptr;
    open_block();
    if (rest_.empty()) return nullptr;
  }
  ++next_;
  const auto flags = take_number<unsigned char>(rest_);
  input_.size_is_known = (flags & kSizeIsKnown) != 0;
  input_.size_binds = (flags & kSizeBinds) != 0;
  input_.stored_bytes = take_varint(rest_);
  input_.name = take_text(rest_, last_.name);
  input_.path = take_other(rest_, flags, input_.name, last_.path);
  input_.url = take_other(rest_, flags >> kUrlShift, input_.name, last_.url);
  input_.etag = (flags & kHasEtag) != 0 ? take_bytes(rest_) : std::string_view();
  return &input_;
}

}  // namespace quern
