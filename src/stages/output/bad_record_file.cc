#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/guarded.h"
#include "services/disk/files.h"
#include "stages/output/output.h"

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
    auto target = target_.lock();
    if (*target == nullptr) {
      TRY_ASSIGN(*target, disk::AtomicFile::create(path_));
    }
    return (*target)->write(entry);
  }

  Result<void> commit() override {
    auto target = target_.lock();
    return *target == nullptr ? Result<void>() : (*target)->commit();
  }

 private:
  const std::string path_;
  Guarded<std::unique_ptr<disk::AtomicFile>> target_;
};

}  // namespace

std::unique_ptr<BadRecordFile> BadRecordFile::make(std::string path) {
  return std::make_unique<RecordFile>(std::move(path));
}

}  // namespace quern::output
