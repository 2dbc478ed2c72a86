#include <archive.h>
#include <archive_entry.h>
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "base/bytes.h"
#include "base/fd.h"
#include "services/archive/folder_files.h"
#include "services/archive/job_pack.h"
#include "services/archive/secret_marks.h"

namespace quern::archive {
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

}  // namespace quern::archive
