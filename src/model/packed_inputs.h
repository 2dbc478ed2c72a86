#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/input.h"
#include "model/shared_text.h"

namespace quern {

// Inputs in an order, for lists of which there may be tens of millions: in compressed blocks, of which a reader has one
// open at a time. Grows at its end. Copies share the blocks that are complete. A value of no thread.
class PackedInputs {
 public:
  class Reader;

  PackedInputs() = default;
  PackedInputs(const InputList& list);  // NOLINT(google-explicit-constructor): they are the same inputs

  void append(const Input& input);
  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  std::size_t of_unknown_size() const { return of_unknown_size_; }

 private:
  struct Block {
    SharedText stored;
    std::size_t text_bytes;
    std::size_t first;  // its first input
  };
  std::vector<Block> blocks_;
  std::string open_;  // the text of the last block, which is not complete
  std::size_t open_first_ = 0;
  std::size_t size_ = 0;
  std::size_t of_unknown_size_ = 0;
};

// Reads one input after the other.
class PackedInputs::Reader {
 public:
  // Of a list that outlives the reader and does not change meanwhile, from this input on.
  explicit Reader(const PackedInputs& inputs, std::size_t first = 0);
  // Of a list that nobody else wants: what was read is freed.
  explicit Reader(PackedInputs&& inputs);
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  // nullptr at the end. Valid until the next call.
  const Input* next();
  // The next input is this one. Costs little where it follows the last one that was read, in the same block or the
  // next.
  void seek(std::size_t first);

 private:
  std::size_t end_of_block() const;
  void open_block();

  std::optional<PackedInputs> own_;
  const PackedInputs& inputs_;
  std::size_t block_ = 0;  // the one that is opened next
  std::size_t next_ = 0;   // the input that comes next
  std::string text_;
  std::string_view rest_;  // of the text, what is still to be read
  Input input_;
};

struct PackedInputList {
  PackedInputs inputs;
  std::vector<std::string> notes;  // as of an InputList
};

}  // namespace quern
