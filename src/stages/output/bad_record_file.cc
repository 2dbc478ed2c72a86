#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/guarded.h"
#include "services/disk/files.h"
#include "stages/output/output.h"
#include "stages/output/scratch_file.h"

namespace quern::output {
namespace {

// The line before a record must remain a single line, whatever the file name or the exception's message contains.
void append_one_line(std::string& target, std::string_view text) {
  for (char byte : text) target += byte == '\n' || byte == '\r' || byte == '\0' ? ' ' : byte;
}

class RecordFile final : public BadRecordFile {
 public:
  RecordFile(std::string path, std::string scratch_parent)
      : path_(std::move(path)), scratch_parent_(std::move(scratch_parent)) {}

  Result<Extent> add(std::string_view file, std::uint64_t line, std::string_view reason,
                     std::string_view record) override {
    std::string entry = "# ";
    append_one_line(entry, file);
    entry.append(":").append(std::to_string(line)).append(": ");
    append_one_line(entry, reason);
    entry.append("\n").append(record).append("\n");
    auto files = files_.lock();
    if (files->target == nullptr) TRY(open(*files));
    TRY_ASSIGN(std::uint64_t offset, files->waiting->append(entry));
    files->size_bytes = offset + entry.size();
    return Extent{.offset = offset, .size_bytes = entry.size()};
  }

  Result<void> commit(std::vector<Extent> left_out) override {
    auto files = files_.lock();
    if (files->target == nullptr) return {};
    std::sort(left_out.begin(), left_out.end(), [](Extent a, Extent b) { return a.offset < b.offset; });
    left_out.push_back({.offset = files->size_bytes});
    std::uint64_t copied = 0;
    for (const Extent& extent : left_out) {
      TRY(files->waiting->copy(copied, extent.offset - copied, *files->target));
      copied = extent.offset + extent.size_bytes;
    }
    return files->target->size_bytes() == 0 ? Result<void>() : files->target->commit();
  }

 private:
  struct Files {
    std::optional<disk::ScratchFolder> folder;
    std::optional<ScratchFile> waiting;
    std::uint64_t size_bytes = 0;
    std::unique_ptr<disk::AtomicFile> target;
  };
  Result<void> open(Files& files) const {
    TRY_ASSIGN(auto folder, disk::ScratchFolder::make(scratch_parent_));
    files.folder.emplace(std::move(folder));
    files.waiting.emplace(files.folder->path());
    TRY_ASSIGN(files.target, disk::AtomicFile::create(path_));
    return {};
  }

  const std::string path_;
  const std::string scratch_parent_;
  Guarded<Files> files_;
};

}  // namespace

std::unique_ptr<BadRecordFile> BadRecordFile::make(std::string path, std::string scratch_parent) {
  return std::make_unique<RecordFile>(std::move(path), std::move(scratch_parent));
}

}  // namespace quern::output
