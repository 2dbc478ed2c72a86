#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <utility>

#include "base/fd.h"
#include "stages/decode/decode.h"

namespace quern::decode {
namespace {

class StoredFile final : public StoredSource {
 public:
  StoredFile(Fd fd, const std::string& path) : fd_(std::move(fd)), path_(path) {}

  Result<std::size_t> read(std::span<char> target) override {
    auto count = read_some(fd_, target);
    if (!count.ok()) return std::move(count).error().with_context(path_);
    return count;
  }

  Result<std::uint64_t> size() override {
    struct stat status {};
    if (::fstat(fd_.number(), &status) != 0) return os_error(path_ + ": asking for its size", errno);
    if (!S_ISREG(status.st_mode)) return os_error(path_ + ": asking for its size", ESPIPE);
    return static_cast<std::uint64_t>(status.st_size);
  }

  Result<void> seek(std::uint64_t offset) override {
    if (::lseek(fd_.number(), static_cast<off_t>(offset), SEEK_SET) >= 0) return {};
    return os_error(path_ + ": going to byte " + std::to_string(offset), errno);
  }

 private:
  const Fd fd_;
  const std::string path_;
};

}  // namespace

Result<std::unique_ptr<StoredSource>> open_stored_file(const std::string& path) {
  TRY_ASSIGN(Fd fd, open_file(path, O_RDONLY | O_NOCTTY));
  // Only a hint for reading ahead; a pipe refuses it.
  static_cast<void>(::posix_fadvise(fd.number(), 0, 0, POSIX_FADV_SEQUENTIAL));
  return std::unique_ptr<StoredSource>(std::make_unique<StoredFile>(std::move(fd), path));
}

}  // namespace quern::decode
