#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/input.h"
#include "model/shared_text.h"

namespace quern {

// An ordered list of inputs, for up to tens of millions of them. Texts are stored without what they share with those of
// the input before at their beginning and their end, so that a file of a large folder takes some 8 bytes. Inputs can
// only be appended. Copies share the complete blocks. A plain value: several threads may read it while none changes it.
class PackedInputs {
 public:
  class Reader;
  class Iterator;

  PackedInputs() = default;
  PackedInputs(const std::vector<Input>& inputs);  // NOLINT(google-explicit-constructor): they are the same inputs

  void append(const InputView& input);
  // Takes as long as reading half a block, some microseconds at most. For many inputs, use a Reader.
  Input operator[](std::size_t index) const;
  // For loops over all inputs. An InputView is valid until the next round.
  Iterator begin() const;
  std::default_sentinel_t end() const { return {}; }

  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  std::size_t remote() const { return remote_; }
  std::size_t of_unknown_size() const { return of_unknown_size_; }
  std::uint64_t stored_bytes() const { return stored_bytes_; }  // of all inputs whose size is known
  std::size_t packed_bytes() const;                             // what the list itself takes

 private:
  // The last texts of each kind within a block.
  struct Texts {
    std::string name;
    std::string path;
    std::string url;
  };
  struct Block {
    SharedText text;
    std::size_t first;  // index of its first input
  };
  std::vector<Block> blocks_;
  std::string open_;  // the text of the last block, which is not complete yet
  Texts last_;        // in it
  std::size_t open_first_ = 0;
  std::size_t size_ = 0;
  std::size_t remote_ = 0;
  std::size_t of_unknown_size_ = 0;
  std::uint64_t stored_bytes_ = 0;
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
  std::size_t block_ = 0;  // the next block to open
  std::size_t next_ = 0;   // the input that next() returns
  SharedText text_;        // of the open block, unless it is the last one
  std::string_view rest_;  // its unread rest
  Texts last_;
  InputView input_;
};

class PackedInputs::Iterator {
 public:
  explicit Iterator(const PackedInputs& inputs) : reader_(inputs), input_(reader_.next()) {}
  const InputView& operator*() const { return *input_; }
  Iterator& operator++() {
    input_ = reader_.next();
    return *this;
  }
  friend bool operator==(const Iterator& iterator, std::default_sentinel_t) { return iterator.input_ == nullptr; }

 private:
  Reader reader_;
  const InputView* input_;
};

inline PackedInputs::Iterator PackedInputs::begin() const { return Iterator(*this); }

struct InputList {
  PackedInputs inputs;
  std::vector<std::string> notes;  // for example "3 inputs were named twice"
};

}  // namespace quern
