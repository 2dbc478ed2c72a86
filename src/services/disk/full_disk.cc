#include "services/disk/full_disk.h"

#include <cerrno>
#include <utility>

namespace quern::disk {

namespace {

constexpr std::string_view kOtherScratch = "name another folder for temporary files with --scratch or TMPDIR";

bool is_full(const Error& error) { return error.code == ENOSPC || error.code == EDQUOT; }

}  // namespace

Error advise_if_full(Error error, std::string_view elsewhere) {
  if (is_full(error)) {
    error.message.append("; make room there, or ").append(elsewhere);
  } else if (error.code == EFBIG) {
    error.message += "; let files be larger (ulimit -f unlimited)";
  }
  return error;
}

Error advise_other_scratch(Error error) {
  if (is_full(error)) return advise_if_full(std::move(error), kOtherScratch);
  error.message.append("; ").append(kOtherScratch);
  return error;
}

Result<void> write_temporary(const Fd& fd, std::string_view bytes, const std::string& path) {
  auto written = write_all(fd, bytes).context("writing " + path);
  if (written.ok()) return {};
  return advise_if_full(std::move(written).error(), kOtherScratch);
}

}  // namespace quern::disk
