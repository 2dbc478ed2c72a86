#include "stages/output/ordered_output.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <span>
#include <utility>

#include "services/disk/files.h"

namespace quern::output {
namespace {

constexpr std::size_t kCopyBytes = std::size_t{256} << 10;

Error scratch_error(const std::string& folder, int error) {
  return disk::advise_other_scratch(os_error("keeping output that waits in " + folder, error));
}

}  // namespace

Result<void> ScratchFile::open() {
  std::string path = folder_ + "/waiting-XXXXXX";
  fd_ = Fd(::mkostemp(path.data(), O_CLOEXEC));
  if (!fd_.is_open()) return scratch_error(folder_, errno);
  ::unlink(path.c_str());
  return {};
}

Result<std::uint64_t> ScratchFile::append(std::string_view bytes) {
  if (!fd_.is_open()) TRY(open());
  std::uint64_t offset = size_bytes_;
  while (!bytes.empty()) {
    ssize_t count = ::pwrite(fd_.number(), bytes.data(), bytes.size(), static_cast<off_t>(size_bytes_));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return scratch_error(folder_, errno);
    size_bytes_ += static_cast<std::uint64_t>(count);
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return offset;
}

Result<void> ScratchFile::copy(std::uint64_t offset, std::uint64_t size_bytes, ByteSink& target) {
  buffer_.resize(kCopyBytes);
  while (size_bytes > 0) {
    std::size_t wanted = std::min<std::uint64_t>(size_bytes, buffer_.size());
    ssize_t count = ::pread(fd_.number(), buffer_.data(), wanted, static_cast<off_t>(offset));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return scratch_error(folder_, errno);
    if (count == 0) return scratch_error(folder_, EIO);
    TRY(target.write({buffer_.data(), static_cast<std::size_t>(count)}));
    offset += static_cast<std::uint64_t>(count);
    size_bytes -= static_cast<std::uint64_t>(count);
  }
  return {};
}

Result<void> ScratchFile::clear() {
  if (size_bytes_ > 0 && ::ftruncate(fd_.number(), 0) != 0) return scratch_error(folder_, errno);
  size_bytes_ = 0;
  return {};
}

namespace {

// The memory that a waiting block costs in addition to its bytes: the map, its node and the buffer.
constexpr std::uint64_t kWaitingOverheadBytes = 160;

std::string name_of_block(const BlockAddress& address) {
  return "block " + std::to_string(address.number) + " of input " + std::to_string(address.input);
}

Error bug(std::string message) { return Error{.kind = ErrorKind::kInternal, .message = std::move(message)}; }

// A single buffer that is nearly full is kept as it is. Others are copied, so that waiting blocks take no more memory
// than their bytes.
bool is_kept_as_it_is(const std::vector<Buffer>& lines) {
  return lines.size() == 1 && lines[0].capacity() - lines[0].size() <= lines[0].size() / 4;
}

std::uint64_t memory_cost(const std::vector<Buffer>& lines, std::uint64_t size_bytes) {
  return kWaitingOverheadBytes + (is_kept_as_it_is(lines) ? lines[0].capacity() : size_bytes);
}

Buffer joined(std::vector<Buffer> lines, std::size_t size_bytes) {
  if (is_kept_as_it_is(lines)) return std::move(lines[0]);
  Buffer all;
  if (size_bytes > 0) all.reserve(size_bytes);
  for (const Buffer& chunk : lines) all.append(chunk.view());
  return all;
}

}  // namespace

// Writes under the lock: output must be in order, and the target supports only one writer.
class OrderedOutput::Sink final : public BlockSink {
 public:
  explicit Sink(OrderedOutput& output) : output_(output) {}
  Result<void> commit(BlockOutput output) override {
    std::lock_guard lock(output_.mutex_);
    if (output_.error_.has_value()) return *output_.error_;
    return output_.remember(output_.take(std::move(output)));
  }

 private:
  OrderedOutput& output_;
};

OrderedOutput::OrderedOutput(ResultTarget& target, std::uint64_t memory_bytes, std::string scratch_folder)
    : target_(target), memory_bytes_(memory_bytes), scratch_(std::move(scratch_folder)) {}

std::unique_ptr<BlockSink> OrderedOutput::sink() { return std::make_unique<Sink>(*this); }

Result<void> OrderedOutput::remember(Result<void> result) {
  if (!result.ok()) error_ = result.error();
  return result;
}

Result<void> OrderedOutput::input_decoded(InputOrdinal input, std::uint32_t blocks) {
  std::lock_guard lock(mutex_);
  if (error_.has_value()) return *error_;
  return remember(decoded(input, blocks));
}

Result<void> OrderedOutput::finish() {
  std::lock_guard lock(mutex_);
  if (error_.has_value()) return *error_;
  return remember(check_complete());
}

OrderedOutput::InputState& OrderedOutput::state_of(InputOrdinal input) {
  std::size_t index = input - due_;
  if (index >= states_.size()) states_.resize(index + 1);
  return states_[index];
}

Result<void> OrderedOutput::take(BlockOutput output) {
  if (output.address.input < due_) return bug(name_of_block(output.address) + " came after its input was complete");
  InputState& state = state_of(output.address.input);
  ++state.arrived_blocks;
  bool is_next = output.address.input == due_ && output.address.number == next_block_;
  if (is_next) {
    TRY(write_lines(output.lines));
    ++next_block_;
  } else {
    TRY(keep(output.address, std::move(output.lines)));
  }
  return advance();
}

Result<void> OrderedOutput::write_lines(const std::vector<Buffer>& lines) {
  for (const Buffer& chunk : lines) TRY(target_.write(chunk.view()));
  return {};
}

Result<void> OrderedOutput::keep(const BlockAddress& address, std::vector<Buffer> lines) {
  bool was_written = address.input == due_ && address.number < next_block_;
  if (was_written || waiting_.contains(address)) return bug(name_of_block(address) + " came twice");
  std::uint64_t size_bytes = 0;
  for (const Buffer& chunk : lines) size_bytes += chunk.size();
  Waiting waiting;
  // An empty block has no bytes that could be moved to a file.
  std::uint64_t cost = memory_cost(lines, size_bytes);
  if (size_bytes > 0 && used_bytes_ + cost > memory_bytes_) {
    TRY_ASSIGN(waiting.offset, scratch_.append(lines.front().view()));
    for (std::size_t i = 1; i < lines.size(); ++i) TRY(scratch_.append(lines[i].view()));
    waiting.spilled_bytes = size_bytes;
    ++spilled_blocks_;
  } else {
    waiting.bytes = joined(std::move(lines), size_bytes);
    waiting.counted_bytes = cost;
    used_bytes_ += waiting.counted_bytes;
  }
  waiting_.emplace(address, std::move(waiting));
  return {};
}

Result<void> OrderedOutput::decoded(InputOrdinal input, std::uint32_t blocks) {
  if (input < due_) return bug("input " + std::to_string(input) + " was decoded twice");
  InputState& state = state_of(input);
  if (state.is_decoded && state.expected_blocks != blocks) {
    return bug("input " + std::to_string(input) + " was decoded twice, with different numbers of blocks");
  }
  state.is_decoded = true;
  state.expected_blocks = blocks;
  return advance();
}

Result<void> OrderedOutput::advance() {
  while (!states_.empty()) {
    TRY_ASSIGN(bool advanced, advance_one());
    if (!advanced) return {};
  }
  return {};
}

// Returns true once the due input is finished and the next one is due.
Result<bool> OrderedOutput::advance_one() {
  const InputState state = states_.front();
  if (state.is_decoded && state.arrived_blocks > state.expected_blocks) {
    return bug("input " + std::to_string(due_) + " has more blocks than its decoder said");
  }
  TRY(write_waiting());
  if (!state.is_decoded || state.arrived_blocks != state.expected_blocks) return false;
  if (next_block_ != state.expected_blocks)
    return bug("blocks of input " + std::to_string(due_) + " are not numbered in order");
  leave_due_input();
  return true;
}

// Writes the waiting blocks of the due input that directly follow what is written.
Result<void> OrderedOutput::write_waiting() {
  while (!waiting_.empty() && waiting_.begin()->first == BlockAddress{due_, next_block_}) {
    Waiting waiting = std::move(waiting_.begin()->second);
    waiting_.erase(waiting_.begin());
    if (waiting.spilled_bytes > 0) {
      TRY(scratch_.copy(waiting.offset, waiting.spilled_bytes, target_));
    } else {
      TRY(target_.write(waiting.bytes.view()));
    }
    TRY(release(std::move(waiting)));
    ++next_block_;
  }
  return {};
}

Result<void> OrderedOutput::release(Waiting waiting) {
  CHECK(used_bytes_ >= waiting.counted_bytes);
  used_bytes_ -= waiting.counted_bytes;
  if (waiting.spilled_bytes > 0 && --spilled_blocks_ == 0) return scratch_.clear();
  return {};
}

void OrderedOutput::leave_due_input() {
  states_.pop_front();
  ++due_;
  next_block_ = 0;
}

Result<void> OrderedOutput::check_complete() const {
  if (states_.empty() && waiting_.empty()) {
    CHECK(used_bytes_ == 0 && spilled_blocks_ == 0);
    return {};
  }
  std::string message = "input " + std::to_string(due_) + " is not complete at the end of the job";
  if (!states_.empty() && states_.front().is_decoded) {
    message += ": " + std::to_string(states_.front().arrived_blocks) + " of its " +
               std::to_string(states_.front().expected_blocks) + " blocks came";
  }
  return bug(std::move(message));
}

}  // namespace quern::output
