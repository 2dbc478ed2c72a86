#include "stages/decode/stored_window.h"

#include <cstring>

#include "model/limits.h"

namespace quern::decode {

Result<std::string_view> StoredWindow::peek(std::size_t bytes) {
  if (buffer_.size() - start_ < bytes && !is_ended_) TRY(read_until(bytes));
  return buffer_.view().substr(start_);
}

void StoredWindow::skip(std::size_t bytes) {
  CHECK(bytes <= buffer_.size() - start_);
  start_ += bytes;
  offset_ += bytes;
}

Result<void> StoredWindow::read_until(std::size_t bytes) {
  std::size_t left = buffer_.size() - start_;
  if (left > 0 && start_ > 0) std::memmove(buffer_.data(), buffer_.data() + start_, left);
  buffer_.resize(left);
  start_ = 0;
  while (left < bytes && !is_ended_) {
    buffer_.resize(left + limits::kReadBytes);
    auto count = source_.read({buffer_.data() + left, limits::kReadBytes});
    if (count.ok()) left += count.value();
    buffer_.resize(left);
    if (!count.ok()) return std::move(count).error();
    is_ended_ = count.value() == 0;
  }
  return {};
}

}  // namespace quern::decode
