#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <deque>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/fd.h"
#include "base/merge.h"
#include "services/disk/files.h"
#include "stages/output/output.h"

// Writes and merges the part files of docs/formats/part.md.

namespace quern::output {
namespace {

constexpr std::size_t kWriteBytes = std::size_t{256} << 10;
// The memory for all readers together, as long as each gets the smallest buffer that is worth a read.
constexpr std::size_t kMergeBytes = std::size_t{32} << 20;
constexpr std::size_t kLeastReadBytes = std::size_t{8} << 10;
constexpr std::size_t kMostReadBytes = std::size_t{256} << 10;
constexpr std::size_t kHeaderBytes = sizeof(std::uint32_t) + sizeof(std::uint64_t);

using Header = std::array<char, kHeaderBytes>;

void put_number(std::uint64_t number, std::size_t bytes, char* target) {
  for (std::size_t i = 0; i < bytes; ++i) target[i] = static_cast<char>(number >> (8 * i) & 255);
}

std::uint64_t get_number(const char* source, std::size_t bytes) {
  std::uint64_t number = 0;
  for (std::size_t i = 0; i < bytes; ++i) {
    number |= static_cast<std::uint64_t>(static_cast<unsigned char>(source[i])) << (8 * i);
  }
  return number;
}

Header header_of(std::string_view key, std::string_view text) {
  CHECK(key.size() <= std::numeric_limits<std::uint32_t>::max());
  Header header{};
  put_number(key.size(), sizeof(std::uint32_t), header.data());
  put_number(text.size(), sizeof(std::uint64_t), header.data() + sizeof(std::uint32_t));
  return header;
}

struct Part {
  std::string path;
  std::optional<Error> error;  // of the last write, which happened in a destructor
  bool is_made = false;
};

class PartSink final : public ReducedSink {
 public:
  PartSink(Part& part, Fd fd) : part_(part), fd_(std::move(fd)) {}
  ~PartSink() override {
    auto flushed = flush();
    if (!flushed.ok()) part_.error = std::move(flushed).error();
  }

  Result<void> add(std::string_view key, std::string_view lines) override {
    if (lines.empty()) return {};
    const Header header = header_of(key, lines);
    TRY(append({header.data(), header.size()}));
    TRY(append(key));
    return append(lines);
  }

 private:
  Result<void> append(std::string_view bytes) {
    if (buffer_.size() + bytes.size() > kWriteBytes) TRY(flush());
    if (bytes.size() >= kWriteBytes) return write(bytes);
    buffer_.append(bytes);
    return {};
  }
  Result<void> flush() {
    std::string bytes = std::exchange(buffer_, {});
    TRY(write(bytes));
    bytes.clear();
    buffer_ = std::move(bytes);
    return {};
  }
  Result<void> write(std::string_view bytes) {
    auto written = write_all(fd_, bytes);
    if (written.ok()) return {};
    return disk::advise_other_scratch(std::move(written).error().with_context("a reducer's output to " + part_.path));
  }

  Part& part_;
  const Fd fd_;
  std::string buffer_;
};

// A cursor of Merge that reads one part file. It opens the file for each read, as there may be more parts than
// descriptors.
class PartReader {
 public:
  PartReader(std::string path, std::size_t read_bytes) : path_(std::move(path)), read_bytes_(read_bytes) {}

  // Moves to the next text. The current one must have been copied.
  Result<bool> next_group() {
    TRY_ASSIGN(bool has_more, ensure_some());
    if (!has_more) return false;
    Header header{};
    TRY(take(header.data(), header.size()));
    std::uint64_t key_bytes = get_number(header.data(), sizeof(std::uint32_t));
    text_bytes_ = get_number(header.data() + sizeof(std::uint32_t), sizeof(std::uint64_t));
    TRY(take_key(key_bytes));
    return true;
  }
  std::string_view key() const { return key_; }

  // Copies the current text to the target.
  Result<void> copy_text(ByteSink& target) {
    while (text_bytes_ > 0) {
      TRY_ASSIGN(bool has_more, ensure_some());
      if (!has_more) return cut_short();
      std::string_view piece = std::string_view(buffer_).substr(used_, text_bytes_);
      TRY(target.write(piece));
      used_ += piece.size();
      text_bytes_ -= piece.size();
    }
    return {};
  }

 private:
  Error cut_short() const { return bad_input(path_ + " ends too early"); }
  Result<bool> ensure_some() {
    if (used_ < buffer_.size()) return true;
    TRY_ASSIGN(Fd fd, open_file(path_, O_RDONLY));
    buffer_.resize(read_bytes_);
    used_ = 0;
    ssize_t count = 0;
    do {
      count = ::pread(fd.number(), buffer_.data(), buffer_.size(), static_cast<off_t>(offset_));
    } while (count < 0 && errno == EINTR);
    int error = errno;
    buffer_.resize(count < 0 ? 0 : static_cast<std::size_t>(count));
    if (count < 0) return os_error("reading " + path_, error);
    offset_ += static_cast<std::uint64_t>(count);
    return count > 0;
  }
  // A wrong length costs no more memory than the file has bytes.
  Result<void> take_key(std::uint64_t key_bytes) {
    key_.clear();
    while (key_.size() < key_bytes) {
      TRY_ASSIGN(bool has_more, ensure_some());
      if (!has_more) return cut_short();
      std::string_view piece = std::string_view(buffer_).substr(used_, key_bytes - key_.size());
      key_.append(piece);
      used_ += piece.size();
    }
    return {};
  }
  Result<void> take(char* target, std::size_t size_bytes) {
    while (size_bytes > 0) {
      TRY_ASSIGN(bool has_more, ensure_some());
      if (!has_more) return cut_short();
      std::size_t count = std::min(size_bytes, buffer_.size() - used_);
      std::memcpy(target, buffer_.data() + used_, count);
      used_ += count;
      target += count;
      size_bytes -= count;
    }
    return {};
  }

  const std::string path_;
  const std::size_t read_bytes_;
  std::uint64_t offset_ = 0;
  std::string buffer_;
  std::size_t used_ = 0;
  std::string key_;
  std::uint64_t text_bytes_ = 0;
};

class FileParts final : public PartedOutput {
 public:
  FileParts(std::string folder, std::size_t parts) : folder_(std::move(folder)), parts_(parts) {
    for (std::size_t part = 0; part < parts; ++part) parts_[part].path = folder_ + "/part-" + std::to_string(part);
  }

  Result<std::unique_ptr<ReducedSink>> sink(std::size_t part) override;
  Result<void> merge(ResultTarget& target) override;

 private:
  const std::string folder_;
  std::vector<Part> parts_;
};

Result<std::unique_ptr<ReducedSink>> FileParts::sink(std::size_t part) {
  CHECK(part < parts_.size());
  auto fd = open_file(parts_[part].path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
  if (!fd.ok()) return disk::advise_other_scratch(std::move(fd).error());
  parts_[part].is_made = true;
  parts_[part].error.reset();
  return std::unique_ptr<ReducedSink>(new PartSink(parts_[part], std::move(fd).value()));
}

Result<void> FileParts::merge(ResultTarget& target) {
  std::vector<std::string> paths;
  for (const Part& part : parts_) {
    if (part.error.has_value()) return *part.error;
    if (part.is_made) paths.push_back(part.path);
  }
  TRY(merge_part_files(paths, target));
  for (const Part& part : parts_) ::unlink(part.path.c_str());
  return {};
}

class KeyedSink final : public ReducedSink {
 public:
  explicit KeyedSink(ResultTarget& target) : target_(target) {}
  Result<void> add(std::string_view key, std::string_view lines) override {
    if (lines.empty()) return {};
    const Header header = header_of(key, lines);
    TRY(target_.write({header.data(), header.size()}));
    TRY(target_.write(key));
    return target_.write(lines);
  }

 private:
  ResultTarget& target_;
};

}  // namespace

std::unique_ptr<PartedOutput> PartedOutput::make(std::string folder, std::size_t parts) {
  return std::make_unique<FileParts>(std::move(folder), parts);
}

std::unique_ptr<ReducedSink> make_keyed_sink(ResultTarget& target) { return std::make_unique<KeyedSink>(target); }

Result<void> merge_part_files(const std::vector<std::string>& paths, ResultTarget& target) {
  std::size_t read_bytes =
      std::clamp(kMergeBytes / std::max<std::size_t>(1, paths.size()), kLeastReadBytes, kMostReadBytes);
  std::deque<PartReader> readers;
  for (const std::string& path : paths) readers.emplace_back(path, read_bytes);
  Merge<PartReader> merge(std::move(readers));
  while (true) {
    TRY_ASSIGN(PartReader * reader, merge.next());
    if (reader == nullptr) return {};
    TRY(reader->copy_text(target));
  }
}

}  // namespace quern::output
