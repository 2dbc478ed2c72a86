#include "services/archive/job_pack.h"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <zstd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <set>
#include <utility>

#include "base/bytes.h"
#include "base/encoding.h"
#include "base/fd.h"
#include "base/text.h"
#include "model/limits.h"
#include "services/archive/folder_files.h"

namespace quern::archive {
namespace {

// Packs are made once and travel with every task of a job, so this is the highest level that does not need more memory
// to decompress.
constexpr int kLevel = 19;

Error not_a_pack(std::string_view why) { return bad_input(fmt::format("it is not a packed job: {}", why)); }

struct FreeContext {
  void operator()(ZSTD_CCtx* context) const { ::ZSTD_freeCCtx(context); }
};

}  // namespace

std::string text_of(std::string_view bytes) {
  std::unique_ptr<ZSTD_CCtx, FreeContext> context(::ZSTD_createCCtx());
  CHECK(context != nullptr);
  CHECK(::ZSTD_isError(::ZSTD_CCtx_setParameter(context.get(), ZSTD_c_compressionLevel, kLevel)) == 0);
  CHECK(::ZSTD_isError(::ZSTD_CCtx_setParameter(context.get(), ZSTD_c_checksumFlag, 1)) == 0);
  std::string packed(::ZSTD_compressBound(bytes.size()), '\0');
  std::size_t size = ::ZSTD_compress2(context.get(), packed.data(), packed.size(), bytes.data(), bytes.size());
  CHECK(::ZSTD_isError(size) == 0);
  packed.resize(size);
  return base64_encode(packed);
}

Result<std::string> bytes_of(std::string_view text, std::size_t most_bytes) {
  auto packed = base64_decode(text);
  if (!packed.has_value()) return not_a_pack("it is not base64, or its end was cut off");
  unsigned long long size = ::ZSTD_getFrameContentSize(packed->data(), packed->size());
  if (size == ZSTD_CONTENTSIZE_ERROR) return not_a_pack("within base64 there is no zstd");
  // Frames that quern writes include their size.
  if (size == ZSTD_CONTENTSIZE_UNKNOWN) return not_a_pack("it does not say how large it is");
  if (size > most_bytes) {
    return not_a_pack(fmt::format("it comes to {}, and {} are allowed", format_bytes(size), format_bytes(most_bytes)));
  }
  std::string bytes(size, '\0');
  std::size_t count = ::ZSTD_decompress(bytes.data(), bytes.size(), packed->data(), packed->size());
  if (::ZSTD_isError(count) != 0) return not_a_pack(fmt::format("it is damaged: {}", ::ZSTD_getErrorName(count)));
  if (count != size) return not_a_pack("it is damaged: it is shorter than it says");
  return bytes;
}

namespace {

constexpr std::size_t kNamedFiles = 3;

struct FreeWriter {
  void operator()(::archive* writer) const { ::archive_write_free(writer); }
};
struct FreeEntry {
  void operator()(::archive_entry* entry) const { ::archive_entry_free(entry); }
};

::la_ssize_t append(::archive* /*writer*/, void* target, const void* bytes, std::size_t count) {
  static_cast<std::string*>(target)->append(static_cast<const char*>(bytes), count);
  return static_cast<::la_ssize_t>(count);
}

// Writes a tar archive in memory. The GNU format stores names as raw bytes of any length.
class TarWriter {
 public:
  Result<void> open() {
    CHECK(writer_ != nullptr);
    ::archive_write_set_format_gnutar(writer_.get());
    // Without padding zeros at the end.
    ::archive_write_set_bytes_per_block(writer_.get(), 0);
    return checked(::archive_write_open(writer_.get(), &bytes_, nullptr, append, nullptr), "making an archive");
  }

  Result<void> add(const FolderEntry& file, std::string_view content) {
    std::unique_ptr<::archive_entry, FreeEntry> entry(::archive_entry_new());
    CHECK(entry != nullptr);
    ::archive_entry_set_pathname(entry.get(), file.name.c_str());
    ::archive_entry_set_filetype(entry.get(), file.is_folder ? AE_IFDIR : AE_IFREG);
    ::archive_entry_set_perm(entry.get(), file.is_folder || file.is_executable ? 0755 : 0644);
    ::archive_entry_set_size(entry.get(), static_cast<::la_int64_t>(content.size()));
    TRY(checked(::archive_write_header(writer_.get(), entry.get()), file.name));
    if (content.empty()) return {};
    ::la_ssize_t count = ::archive_write_data(writer_.get(), content.data(), content.size());
    if (count == static_cast<::la_ssize_t>(content.size())) return {};
    return failure(file.name);
  }

  Result<std::string> finish() {
    TRY(checked(::archive_write_close(writer_.get()), "ending an archive"));
    return std::move(bytes_);
  }

 private:
  Error failure(std::string_view what) {
    const char* why = ::archive_error_string(writer_.get());
    return Error{.kind = ErrorKind::kInternal,
                 .message = fmt::format("packing {}: {}", what, why == nullptr ? "no reason was given" : why)};
  }
  Result<void> checked(int status, std::string_view what) {
    if (status == ARCHIVE_OK) return {};
    return failure(what);
  }

  std::string bytes_;
  std::unique_ptr<::archive, FreeWriter> writer_{::archive_write_new()};
};

// Returns the message "it comes to 3.1 MB, ...: the largest are data/a.gz (3.0 MB), ...".
Error too_large(const std::string& folder, const std::string& what, std::vector<FolderEntry> entries) {
  std::stable_sort(entries.begin(), entries.end(),
                   [](const FolderEntry& left, const FolderEntry& right) { return left.bytes > right.bytes; });
  std::string largest;
  for (std::size_t i = 0; i < std::min(kNamedFiles, entries.size()); ++i) {
    if (i > 0) largest += ", ";
    largest += fmt::format("{} ({})", entries[i].name, format_bytes(entries[i].bytes));
  }
  return bad_input(
      fmt::format("the folder {} is too large to travel with a task: {}; its largest files are {}; "
                  "leave out what no module needs, or put the job into the image",
                  folder, what, largest));
}

Result<void> refuse_secret(const std::string& name, std::string_view content) {
  const std::string_view secret = secret_in(content);
  if (secret.empty()) return {};
  return bad_input(
      fmt::format("{} holds {}, and everybody may read what travels with a task; move it out of the folder, or "
                  "name it below taskcluster.leave_out",
                  name, secret));
}

Result<std::string> tar_of(const std::vector<FolderEntry>& entries, std::size_t most_bytes) {
  TarWriter writer;
  TRY(writer.open());
  for (const FolderEntry& entry : entries) {
    std::string content;
    if (!entry.is_folder) {
      TRY_ASSIGN(content, read_file(entry.path, most_bytes));
      TRY(refuse_secret(entry.name, content));
    }
    TRY(writer.add(entry, content));
  }
  return writer.finish();
}

}  // namespace

Result<std::string> pack_folder(const std::string& folder, const PackOptions& options) {
  TRY_ASSIGN(std::vector<FolderEntry> entries, list_folder(folder, options.left_out));
  std::uint64_t sum = 0;
  for (const FolderEntry& entry : entries) sum += entry.bytes;
  auto refused = [&](std::uint64_t bytes, std::string_view how, std::size_t most_bytes) {
    std::string what = fmt::format("{}{}, and {} are allowed", format_bytes(bytes), how, format_bytes(most_bytes));
    return too_large(folder, what, std::move(entries));
  };
  if (sum > options.most_folder_bytes) return refused(sum, "", options.most_folder_bytes);
  TRY_ASSIGN(std::string tar, tar_of(entries, options.most_folder_bytes));
  if (tar.size() > options.most_folder_bytes) return refused(tar.size(), " as an archive", options.most_folder_bytes);
  std::string text = text_of(tar);
  if (text.size() > options.most_text_bytes) return refused(text.size(), " once packed", options.most_text_bytes);
  return text;
}

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
