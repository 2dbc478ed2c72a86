#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <string>
#include <utility>

#include "base/stream.h"

namespace quern {

// A text as a source that returns at most `piece_bytes` with each read.
class TextSource final : public ByteSource {
 public:
  explicit TextSource(std::string text, std::size_t piece_bytes = std::string::npos)
      : text_(std::move(text)), piece_bytes_(piece_bytes) {}
  Result<std::size_t> read(std::span<char> target) override {
    std::size_t count = std::min({target.size(), piece_bytes_, text_.size() - used_});
    std::copy_n(text_.data() + used_, count, target.data());
    used_ += count;
    return count;
  }

 private:
  const std::string text_;
  const std::size_t piece_bytes_;
  std::size_t used_ = 0;
};

}  // namespace quern
