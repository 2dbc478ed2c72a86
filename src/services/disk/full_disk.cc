#include "services/disk/full_disk.h"

#include <cerrno>
#include <utility>

namespace quern::disk {

Error advise_if_full(Error error, std::string_view elsewhere) {
  if (error.code == ENOSPC || error.code == EDQUOT) {
    error.message.append("; make room there, or ").append(elsewhere);
  } else if (error.code == EFBIG) {
    error.message += "; let files be larger (ulimit -f unlimited)";
  }
  return error;
}

Result<void> write_temporary(const Fd& fd, std::string_view bytes, const std::string& path) {
  auto written = write_all(fd, bytes).context("writing " + path);
  if (written.ok()) return {};
  return advise_if_full(std::move(written).error(), "name another folder for temporary files with --scratch or TMPDIR");
}

}  // namespace quern::disk
