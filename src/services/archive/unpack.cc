#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <memory>
#include <set>
#include <utility>

#include "base/fd.h"
#include "base/text.h"
#include "model/limits.h"
#include "services/archive/job_pack.h"

namespace quern::archive {
namespace {

Error bad_pack(std::string message) { return bad_input("the pack of a job " + std::move(message)); }

// Whether a name stays below the target folder: it consists only of ordinary path components.
bool is_safe_name(std::string_view name) {
  if (name.empty() || name.size() > limits::kMaxPathBytes) return false;
  return each_part(name, '/', [](std::string_view part) { return !part.empty() && part != "." && part != ".."; });
}

struct FreeReader {
  void operator()(::archive* reader) const { ::archive_read_free(reader); }
};

// Creates every folder on the way to a file itself, so it never follows anything that existed before, such as a link.
class Unpacking {
 public:
  Unpacking(std::string folder, std::size_t most_bytes) : folder_(std::move(folder)), most_bytes_(most_bytes) {}

  Result<void> run(std::string_view tar) {
    CHECK(reader_ != nullptr);
    ::archive_read_support_format_tar(reader_.get());
    if (::archive_read_open_memory(reader_.get(), tar.data(), tar.size()) != ARCHIVE_OK) return broken();
    std::size_t entries = 0;
    while (true) {
      ::archive_entry* entry = nullptr;
      int status = ::archive_read_next_header(reader_.get(), &entry);
      if (status == ARCHIVE_EOF) return {};
      if (status != ARCHIVE_OK) return broken();
      if (++entries > limits::kMaxJobPackEntries) {
        return bad_pack(fmt::format("has more than {} files and folders", limits::kMaxJobPackEntries));
      }
      TRY(take(entry));
    }
  }

 private:
  Error broken() {
    const char* why = ::archive_error_string(reader_.get());
    return bad_pack(fmt::format("has no readable archive in it: {}", why == nullptr ? "it is damaged" : why));
  }

  Result<void> take(::archive_entry* entry) {
    const char* given = ::archive_entry_pathname(entry);
    std::string name = given == nullptr ? "" : given;
    bool is_folder = ::archive_entry_filetype(entry) == AE_IFDIR;
    if (is_folder && name.ends_with('/')) name.pop_back();
    if (!is_safe_name(name)) return bad_pack(fmt::format("names a path outside of its folder: '{}'", name));
    bool is_link = ::archive_entry_hardlink(entry) != nullptr || ::archive_entry_symlink(entry) != nullptr;
    if (is_link || (!is_folder && ::archive_entry_filetype(entry) != AE_IFREG)) {
      return bad_pack(fmt::format("has '{}', which is neither a file nor a folder", name));
    }
    if (is_folder) return make_folder(name);
    TRY(make_folder_of(name));
    return write_file(name, (::archive_entry_perm(entry) & S_IXUSR) != 0);
  }

  Result<void> make_folder_of(const std::string& name) {
    std::size_t slash = name.rfind('/');
    return slash == std::string::npos ? Result<void>() : make_folder(name.substr(0, slash));
  }

  Result<void> make_folder(const std::string& name) {
    if (made_.contains(name)) return {};
    TRY(make_folder_of(name));
    std::string path = folder_ + "/" + name;
    if (::mkdir(path.c_str(), 0755) != 0) return os_error("unpacking the job: making the folder " + path, errno);
    made_.insert(name);
    return {};
  }

  // A file may claim to be mostly holes, which take no space in the archive.
  Result<void> write_file(const std::string& name, bool is_executable) {
    const std::string path = folder_ + "/" + name;
    auto file = open_file(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, is_executable ? 0755 : 0644);
    if (!file.ok()) return std::move(file).error().with_context("unpacking the job");
    std::array<char, limits::kReadBytes> bytes;  // NOLINT(cppcoreguidelines-pro-type-member-init): it is filled
    while (true) {
      ::la_ssize_t count = ::archive_read_data(reader_.get(), bytes.data(), bytes.size());
      if (count < 0) return broken();
      if (count == 0) return file.value().close().context(path);
      written_ += static_cast<std::size_t>(count);
      if (written_ > most_bytes_) return bad_pack(fmt::format("comes to more than {} bytes", most_bytes_));
      TRY(write_all(file.value(), {bytes.data(), static_cast<std::size_t>(count)}).context(path));
    }
  }

  const std::string folder_;
  const std::size_t most_bytes_;
  std::size_t written_ = 0;
  std::set<std::string, std::less<>> made_;
  std::unique_ptr<::archive, FreeReader> reader_{::archive_read_new()};
};

}  // namespace

Result<void> unpack_folder(std::string_view text, const std::string& folder, std::size_t most_folder_bytes) {
  TRY_ASSIGN(std::string tar, bytes_of(text, most_folder_bytes));
  return Unpacking(folder, most_folder_bytes).run(tar);
}

}  // namespace quern::archive
