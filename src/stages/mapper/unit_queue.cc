#include "stages/mapper/unit_queue.h"

#include <sys/eventfd.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "model/limits.h"

namespace quern::mapper {
namespace {

using std::chrono::steady_clock;
using namespace std::chrono_literals;

// How long a child works on a unit: long enough that sending one costs nothing, short enough that at the end of a job
// no child works much longer than the others.
constexpr std::chrono::duration<double> kUnitTime = 100ms;
// While it works on a unit that takes less than this, the next one must be there already.
constexpr std::chrono::duration<double> kShortUnitTime = 50ms;
// What is left at the end of a job is cut into at least this many units, or this many for each child if that is more;
// but not into shorter ones than this.
constexpr std::size_t kLastUnits = 16;
constexpr std::size_t kLastUnitsPerChild = 2;
constexpr std::chrono::duration<double> kLeastUnitTime = 5ms;
// Another child is worth its start if this much work waits, or if no child has finished a unit for this long.
constexpr std::chrono::duration<double> kWorkOfAChild = 50ms;
constexpr std::chrono::milliseconds kLongUnit = 20ms;
// The weight of earlier units when a new one is measured.
constexpr double kEarlierWeight = 0.75;

}  // namespace

// What has been made of a block that was cut.
struct CutBlock {
  InputOrdinal last_input = 0;
  bool is_used_up = false;  // no unit of it will be cut any more
  std::vector<std::optional<Mapped>> parts;
  std::size_t done = 0;  // the first that are done without a gap
  std::uint64_t lines_bytes = 0;
};

UnitQueue::UnitQueue(Options options, Fd event, BufferPool& pool, Clock now)
    : options_(options), readable_(std::move(event)), pool_(pool), now_(std::move(now)) {}

UnitQueue::~UnitQueue() = default;

bool UnitQueue::push(Block block, const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  not_full_.wait(lock, stop, [&] { return blocks_.size() < options_.blocks; });
  if (stop.stop_requested()) return false;
  blocks_.emplace_back(std::move(block));
  if (blocks_.size() == 1) ::eventfd_write(readable_.number(), 1);
  change();
  return true;
}

void UnitQueue::close() {
  std::lock_guard lock(mutex_);
  closed_ = true;
  ::eventfd_write(readable_.number(), 1);
  change();
}

std::optional<Unit> UnitQueue::try_take() {
  std::lock_guard lock(mutex_);
  return cut();
}

std::optional<Unit> UnitQueue::take(bool needs_child, const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested() && !(blocks_.empty() && closed_)) {
    if (!blocks_.empty() && (!needs_child || is_worth_a_child())) return cut();
    const bool waits_for_child = !blocks_.empty() && in_work_ > 0;
    const auto until = waits_for_child ? last_change_ + kLongUnit : steady_clock::time_point::max();
    changed_.wait_until(lock, stop, until, [this, seen = changes_] { return changes_ != seen; });
  }
  return std::nullopt;
}

bool UnitQueue::is_finished() const {
  std::lock_guard lock(mutex_);
  return blocks_.empty() && closed_;
}

bool UnitQueue::has_short_units() const {
  std::lock_guard lock(mutex_);
  // A child that works on several records at once begins with those of the next unit before it is done with this one.
  // Before all children have work, that unit is for another one.
  if (options_.least_records > 1) return in_work_ >= options_.processes;
  return bytes_ > 0 && seconds_of(next_bytes()) <= kShortUnitTime.count();
}

void UnitQueue::begin() {
  std::lock_guard lock(mutex_);
  if (in_work_++ == 0) last_change_ = now_();
  change();
}

void UnitQueue::end(std::size_t unit_bytes, std::optional<std::chrono::nanoseconds> time) {
  std::lock_guard lock(mutex_);
  --in_work_;
  last_change_ = now_();
  if (time.has_value()) {
    bytes_ = bytes_ * kEarlierWeight + static_cast<double>(unit_bytes);
    seconds_ = seconds_ * kEarlierWeight + std::chrono::duration<double>(*time).count();
    grown_bytes_ = std::max(grown_bytes_, 2 * unit_bytes);
  }
  change();
}

UnitQueue::Joined UnitQueue::join(const Origin& origin, const Block& block, Mapped mapped) {
  if (origin.block == nullptr) {
    return {.mapped = std::move(mapped), .is_complete = true, .last_input = block.segments.back().input};
  }
  std::lock_guard lock(mutex_);
  CutBlock& cut = *origin.block;
  cut.lines_bytes += mapped.lines_bytes;
  cut.parts[origin.part] = std::move(mapped);
  Joined joined{.mapped = {.lines_bytes = cut.lines_bytes}, .last_input = cut.last_input};
  auto move_all = [](auto& from, auto& to) { std::move(from.begin(), from.end(), std::back_inserter(to)); };
  for (; cut.done < cut.parts.size() && cut.parts[cut.done].has_value(); ++cut.done) {
    move_all(cut.parts[cut.done]->bad, joined.mapped.bad);
    move_all(cut.parts[cut.done]->counted, joined.mapped.counted);
  }
  joined.is_complete = cut.is_used_up && cut.done == cut.parts.size();
  if (joined.is_complete) {
    for (std::optional<Mapped>& part : cut.parts) move_all(part->lines, joined.mapped.lines);
  }
  return joined;
}

std::optional<Unit> UnitQueue::cut() {
  if (blocks_.empty()) return std::nullopt;
  BlockCutter& front = blocks_.front();
  const bool was_whole = front.is_whole();
  BlockCutter::Piece piece = front.next(next_bytes(), options_.least_records);
  Unit unit{.block = std::move(piece.block), .decoded_bytes = piece.decoded_bytes};
  if (!was_whole || !front.is_used_up()) {
    if (was_whole) {
      front_ = std::make_shared<CutBlock>();
      front_->last_input = front.block().segments.back().input;
    }
    unit.origin = {.block = front_, .part = front_->parts.size()};
    front_->parts.emplace_back();
    front_->is_used_up = front.is_used_up();
  }
  if (front.is_used_up()) {
    if (!was_whole) {
      Block block = front.take_block();
      pool_.give(std::move(block.bytes));
      pool_.give(std::move(block.original));
    }
    front_.reset();
    blocks_.pop_front();
    not_full_.notify_one();
    eventfd_t count = 0;
    if (blocks_.empty() && !closed_) ::eventfd_read(readable_.number(), &count);
    if (blocks_.empty() && closed_) change();
  }
  return unit;
}

// Returns how many bytes the next unit should have.
std::size_t UnitQueue::next_bytes() const {
  if (bytes_ == 0) return 1;
  auto bytes_in = [this](std::chrono::duration<double> time) {
    const double bytes = time.count() * bytes_ / std::max(seconds_, 1e-9);
    return static_cast<std::size_t>(std::min(bytes, static_cast<double>(limits::kGiB)));
  };
  std::size_t most = bytes_in(kUnitTime);
  if (closed_) {
    const std::size_t units = std::max(kLastUnits, kLastUnitsPerChild * options_.processes);
    most = std::min(most, std::max(waiting_bytes() / units, bytes_in(kLeastUnitTime)));
  }
  return std::max<std::size_t>(1, std::min(most, grown_bytes_));
}

std::size_t UnitQueue::waiting_bytes() const {
  std::size_t bytes = 0;
  for (const BlockCutter& block : blocks_) bytes += block.left_bytes();
  return bytes;
}

bool UnitQueue::is_worth_a_child() const {
  if (blocks_.size() > 1) return true;
  if (bytes_ > 0 && seconds_of(waiting_bytes()) >= kWorkOfAChild.count()) return true;
  return in_work_ > 0 && now_() - last_change_ >= kLongUnit;
}

double UnitQueue::seconds_of(std::size_t bytes) const {
  return bytes_ == 0 ? 0 : static_cast<double>(bytes) * seconds_ / bytes_;
}

void UnitQueue::change() {
  ++changes_;
  changed_.notify_all();
}

}  // namespace quern::mapper
