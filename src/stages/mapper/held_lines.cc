#include "stages/mapper/held_lines.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <stdlib.h>
#include <unistd.h>

#include <utility>

#include "services/disk/files.h"

namespace quern::mapper {
namespace {

Result<Fd> make_file(const std::string& folder) {
  std::string path = folder + "/held-XXXXXX";
  Fd file(::mkostemp(path.data(), O_CLOEXEC));
  if (!file.is_open()) return os_error("holding a mapper's output in " + folder, errno);
  ::unlink(path.c_str());
  return file;
}

}  // namespace

Result<void> HeldLines::add(Buffer lines) {
  if (lines.size() < lines.capacity() / 2) {
    Buffer exact(lines.size());
    exact.append(lines.view());
    spare_.push_back(std::exchange(lines, std::move(exact)));
    spare_.back().clear();
  }
  held_bytes_ += lines.size();
  lines_.push_back(std::move(lines));
  return held_bytes_ > most_bytes_ ? write_out() : Result<void>();
}

Result<void> HeldLines::write_out() {
  if (!file_.is_open()) {
    TRY_ASSIGN(file_, make_file(folder_));
  }
  for (Buffer& lines : lines_) {
    TRY(disk::write_temporary(file_, lines.view(), "a mapper's output that waits in " + folder_));
    written_.push_back(lines.size());
    lines.clear();
    spare_.push_back(std::move(lines));
  }
  lines_.clear();
  held_bytes_ = 0;
  return {};
}

Buffer HeldLines::take_spare() {
  if (spare_.empty()) return {};
  Buffer spare = std::move(spare_.back());
  spare_.pop_back();
  return spare;
}

Result<std::uint32_t> HeldLines::commit(BlockSink& sink, InputOrdinal first_input, InputOrdinal last_input) {
  std::uint32_t number = 0;
  auto commit_one = [&](Buffer lines) {
    BlockOutput block{.address = {.input = first_input, .number = number++}, .last_input = last_input};
    block.lines.push_back(std::move(lines));
    return sink.commit(std::move(block));
  };
  if (file_.is_open() && ::lseek(file_.number(), 0, SEEK_SET) != 0) return os_error("reading held output", errno);
  for (std::size_t size_bytes : written_) {
    Buffer lines(size_bytes);
    lines.resize(size_bytes);
    for (std::size_t used = 0; used < size_bytes;) {
      TRY_ASSIGN(std::size_t count, read_some(file_, {lines.data() + used, size_bytes - used}));
      if (count == 0) return Error{.message = "held output of a mapper has become shorter on disk"};
      used += count;
    }
    TRY(commit_one(std::move(lines)));
  }
  for (Buffer& lines : lines_) TRY(commit_one(std::move(lines)));
  if (number == 0) TRY(commit_one({}));
  clear();
  return number;
}

void HeldLines::clear() {
  lines_.clear();
  written_.clear();
  held_bytes_ = 0;
  file_ = Fd();
}

}  // namespace quern::mapper
