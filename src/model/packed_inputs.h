#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/input.h"
#include "model/shared_text.h"

namespace quern {

// An ordered list of inputs, for up to tens of millions of them: stored in compressed blocks, of which a reader
// decompresses one at a time. Inputs can only be appended. Copies share the complete blocks. A plain value; not
// thread-safe.
class PackedInputs {
 public:
  class Reader;

  PackedInputs() = default;
  PackedInputs(const InputList& list);  // NOLINT(google-explicit-constructor): they are the same inputs

  void append(const InputView& input);
  void append(const Input& input) { append(view_of(input)); }
  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  std::size_t of_unknown_size() const { return of_unknown_size_; }

 private:
  struct Block {
    SharedText stored;
    std::size_t text_bytes;
    std::size_t first;  // index of its first input
  };
  std::vector<Block> blocks_;
  std::string open_;  // the text of the last block, which is not complete yet
  std::size_t open_first_ = 0;
  std::size_t size_ = 0;
  std::size_t of_unknown_size_ = 0;
};

// Reads the inputs in order.
class PackedInputs::Reader {
 public:
  // Reads from input `first` onwards. The list must outlive the reader and not change meanwhile.
  explicit Reader(const PackedInputs& inputs, std::size_t first = 0);
  // Takes over the list and frees its blocks as they are read.
  explicit Reader(PackedInputs&& inputs);
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  // Returns the next input, valid with its texts until the next call, or nullptr at the end.
  const InputView* next();
  // Makes next() return this input. Cheap if it follows the last input that was read, in the same block or the next.
  // A reader that took over its list must not seek backwards, because it has freed what it read.
  void seek(std::size_t first);

 private:
  std::size_t end_of_block() const;
  void open_block();

  std::optional<PackedInputs> own_;
  const PackedInputs& inputs_;
  std::size_t block_ = 0;  // the next block to decompress
  std::size_t next_ = 0;   // the input that next() returns
  std::string text_;
  std::string_view rest_;  // the unread rest of text_
  InputView input_;
};

struct PackedInputList {
  PackedInputs inputs;
  std::vector<std::string> notes;  // as in InputList
};

}  // namespace quern
