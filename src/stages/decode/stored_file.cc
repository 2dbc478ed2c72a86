#include <fcntl.h>

#include <memory>
#include <utility>

#include "base/fd.h"
#include "stages/decode/decode.h"

namespace quern::decode {
namespace {

class StoredFile final : public ByteSource {
 public:
  StoredFile(Fd fd, const std::string& path) : fd_(std::move(fd)), path_(path) {}

  Result<std::size_t> read(std::span<char> target) override {
    auto count = read_some(fd_, target);
    if (!count.ok()) return std::move(count).error().with_context(path_);
    return count;
  }

 private:
  const Fd fd_;
  const std::string path_;
};

}  // namespace

Result<std::unique_ptr<ByteSource>> open_stored_file(const std::string& path) {
  TRY_ASSIGN(Fd fd, open_file(path, O_RDONLY | O_NOCTTY));
  // Only a hint for reading ahead; a pipe refuses it.
  static_cast<void>(::posix_fadvise(fd.number(), 0, 0, POSIX_FADV_SEQUENTIAL));
  return std::unique_ptr<ByteSource>(std::make_unique<StoredFile>(std::move(fd), path));
}

}  // namespace quern::decode
