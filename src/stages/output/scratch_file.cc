#include "stages/output/scratch_file.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <span>

#include "services/disk/files.h"

namespace quern::output {
namespace {

constexpr std::size_t kCopyBytes = std::size_t{256} << 10;

Error scratch_error(const std::string& folder, int error) {
  return disk::advise_other_scratch(os_error("keeping output that waits in " + folder, error));
}

}  // namespace

Result<void> ScratchFile::open() {
  std::string path = folder_ + "/waiting-XXXXXX";
  fd_ = Fd(::mkostemp(path.data(), O_CLOEXEC));
  if (!fd_.is_open()) return scratch_error(folder_, errno);
  ::unlink(path.c_str());
  return {};
}

Result<std::uint64_t> ScratchFile::append(std::string_view bytes) {
  if (!fd_.is_open()) TRY(open());
  std::uint64_t offset = size_bytes_;
  while (!bytes.empty()) {
    ssize_t count = ::pwrite(fd_.number(), bytes.data(), bytes.size(), static_cast<off_t>(size_bytes_));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return scratch_error(folder_, errno);
    size_bytes_ += static_cast<std::uint64_t>(count);
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return offset;
}

Result<void> ScratchFile::copy(std::uint64_t offset, std::uint64_t size_bytes, ByteSink& target) {
  buffer_.resize(kCopyBytes);
  while (size_bytes > 0) {
    std::size_t wanted = std::min<std::uint64_t>(size_bytes, buffer_.size());
    ssize_t count = ::pread(fd_.number(), buffer_.data(), wanted, static_cast<off_t>(offset));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return scratch_error(folder_, errno);
    if (count == 0) return scratch_error(folder_, EIO);
    TRY(target.write({buffer_.data(), static_cast<std::size_t>(count)}));
    offset += static_cast<std::uint64_t>(count);
    size_bytes -= static_cast<std::uint64_t>(count);
  }
  return {};
}

Result<void> ScratchFile::clear() {
  if (size_bytes_ > 0 && ::ftruncate(fd_.number(), 0) != 0) return scratch_error(folder_, errno);
  size_bytes_ = 0;
  return {};
}

}  // namespace quern::output
