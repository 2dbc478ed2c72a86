#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/guarded.h"
#include "model/accounting_json.h"
#include "services/disk/files.h"
#include "stages/output/output.h"

// The files beside the result: bad_records.txt and result.json.

namespace quern::output {
namespace {

// The line before a record must remain a single line, whatever the file name or the exception's message contains.
void append_one_line(std::string& target, std::string_view text) {
  for (char byte : text) target += byte == '\n' || byte == '\r' || byte == '\0' ? ' ' : byte;
}

class RecordFile final : public BadRecordFile {
 public:
  explicit RecordFile(std::string path) : path_(std::move(path)) {}

  Result<void> add(std::string_view file, std::uint64_t line, std::string_view reason,
                   std::string_view record) override {
    std::string entry = "# ";
    append_one_line(entry, file);
    entry.append(":").append(std::to_string(line)).append(": ");
    append_one_line(entry, reason);
    entry.append("\n").append(record).append("\n");
    auto target = file_.lock();
    if (target->has_failed) return {};
    auto written = write(*target, entry);
    target->has_failed = !written.ok();
    return written;
  }

  Result<void> commit() override {
    auto file = file_.lock();
    return file->target == nullptr || file->has_failed ? Result<void>() : file->target->commit();
  }

 private:
  struct File {
    std::unique_ptr<disk::AtomicFile> target;
    bool has_failed = false;  // which was returned once
  };
  Result<void> write(File& file, std::string_view entry) const {
    if (file.target == nullptr) {
      TRY_ASSIGN(file.target, disk::AtomicFile::create(path_));
    }
    return file.target->write(entry);
  }

  const std::string path_;
  Guarded<File> file_;
};

}  // namespace

std::unique_ptr<BadRecordFile> BadRecordFile::make(std::string path) {
  return std::make_unique<RecordFile>(std::move(path));
}

Result<void> write_accounting(const Accounting& accounting, const std::string& path) {
  TRY_ASSIGN(auto file, disk::AtomicFile::create(path));
  TRY(file->write(accounting_json(accounting)));
  return file->commit();
}

}  // namespace quern::output
