#include "services/disk/full_disk.h"

#include <cerrno>
#include <utility>

namespace quern::disk {

namespace {

constexpr std::string_view kOtherScratch = "name another folder for temporary files with --scratch or TMPDIR";

// Either the bytes or the inodes are used up.
constexpr std::string_view kMakeRoom = "; make room there (df -h, df -i)";
constexpr std::string_view kLargerFiles = "; let files be larger (ulimit -f unlimited)";

bool is_full(const Error& error) { return error.code == ENOSPC || error.code == EDQUOT; }

}  // namespace

Error advise_if_full(Error error, std::string_view elsewhere) {
  const std::string_view advice = is_full(error) ? kMakeRoom : error.code == EFBIG ? kLargerFiles : "";
  if (error.message.find(advice) != std::string::npos) return error;
  error.message.append(advice);
  if (is_full(error)) error.message.append(", or ").append(elsewhere);
  return error;
}

Error advise_other_scratch(Error error) {
  if (is_full(error)) return advise_scratch_if_full(std::move(error));
  error.message.append("; ").append(kOtherScratch);
  return error;
}

Error advise_scratch_if_full(Error error) { return advise_if_full(std::move(error), kOtherScratch); }

Result<void> write_temporary(const Fd& fd, std::string_view bytes, const std::string& path) {
  auto written = write_all(fd, bytes).context("writing " + path);
  if (written.ok()) return {};
  return advise_scratch_if_full(std::move(written).error());
}

}  // namespace quern::disk
