#include "stages/decode/stored_source.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <utility>

#include "base/fd.h"
#include "model/limits.h"
#include "stages/decode/decode.h"

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

namespace {

class StoredFile final : public StoredSource {
 public:
  StoredFile(Fd fd, const std::string& path, std::uint64_t listed_bytes, const std::stop_token& stop)
      : fd_(std::move(fd)), path_(path), listed_bytes_(listed_bytes), stop_(stop) {
    struct stat status {};
    may_wait_ = ::fstat(fd_.number(), &status) == 0 && !S_ISREG(status.st_mode);
  }

  Result<std::size_t> read(std::span<char> target) override {
    auto count = may_wait_ ? read_some(fd_, target, stop_) : read_some(fd_, target);
    if (!count.ok()) return std::move(count).error().with_context(path_);
    if (count.value() == 0 && !target.empty() && offset_ < listed_bytes_) return shrank(offset_);
    offset_ += count.value();
    return count;
  }

  Result<std::uint64_t> size() override {
    struct stat status {};
    if (::fstat(fd_.number(), &status) != 0) return os_error(path_ + ": asking for its size", errno);
    if (!S_ISREG(status.st_mode)) return os_error(path_ + ": asking for its size", ESPIPE);
    auto size_bytes = static_cast<std::uint64_t>(status.st_size);
    if (size_bytes < listed_bytes_) return shrank(size_bytes);
    return size_bytes;
  }

  Result<void> seek(std::uint64_t offset) override {
    if (::lseek(fd_.number(), static_cast<off_t>(offset), SEEK_SET) < 0) {
      return os_error(path_ + ": going to byte " + std::to_string(offset), errno);
    }
    offset_ = offset;
    return {};
  }

 private:
  Error shrank(std::uint64_t size_bytes) const {
    return bad_input(path_ + " shrank while it was read: " + std::to_string(size_bytes) +
                     " bytes could be read of the " + std::to_string(listed_bytes_) +
                     " that it had when it was listed; run again once nothing writes to it");
  }

  const Fd fd_;
  const std::string path_;
  const std::uint64_t listed_bytes_;
  const std::stop_token stop_;
  bool may_wait_ = false;
  std::uint64_t offset_ = 0;
};

}  // namespace

std::unique_ptr<StoredSource> make_stored_file(Fd fd, const std::string& path, std::uint64_t listed_bytes,
                                               const std::stop_token& stop) {
  // Only a hint for reading ahead; a pipe refuses it.
  static_cast<void>(::posix_fadvise(fd.number(), 0, 0, POSIX_FADV_SEQUENTIAL));
  return std::make_unique<StoredFile>(std::move(fd), path, listed_bytes, stop);
}

Result<std::unique_ptr<StoredSource>> open_stored_file(const std::string& path, std::uint64_t listed_bytes,
                                                       const std::stop_token& stop) {
  TRY_ASSIGN(Fd fd, open_file(path, O_RDONLY | O_NOCTTY));
  return make_stored_file(std::move(fd), path, listed_bytes, stop);
}

}  // namespace quern::decode
