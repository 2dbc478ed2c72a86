#include "stages/shuffle/aggregate_shelf.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace quern::shuffle {
namespace {

using Fate = InputFates::Fate;

}  // namespace

Result<void> AggregateShelf::add(BlockOutput output) {
  TRY(settle());
  Fate fate = tables_.fates().of(output.address.input);
  // A block that holds several inputs holds only complete, verified ones.
  if (output.last_input != output.address.input || output.is_certain) fate = Fate::kDecoded;
  if (fate == Fate::kFailed) return {};
  for (Buffer& lines : output.lines) {
    if (!lines.empty() && lines.view().back() != '\n') lines.push_back('\n');
  }
  scatter_.input = output.address.input;
  scatter_.last_input = output.last_input;
  return fate == Fate::kDecoded ? tables_.add(output.lines, scatter_) : hold(std::move(output));
}

Result<void> AggregateShelf::settle() {
  std::uint64_t changes = tables_.fates().changes();
  if (std::exchange(seen_changes_, changes) == changes) return {};
  for (auto held = held_.begin(); held != held_.end();) {
    Fate fate = tables_.fates().of(held->first);
    scatter_.input = scatter_.last_input = held->first;
    if (fate == Fate::kDecoded) TRY(tables_.add(held->second.lines, scatter_));
    if (fate != Fate::kOpen) drop(held->second);
    held = fate != Fate::kOpen ? held_.erase(held) : std::next(held);
  }
  return tables_.settle();
}

Result<void> AggregateShelf::hold(BlockOutput output) {
  Held& held = held_[output.address.input];
  std::uint64_t bytes = 0;
  for (const Buffer& lines : output.lines) bytes += lines.capacity();
  held.bytes += bytes;
  held_bytes_ += bytes;
  budget_.take(bytes, 0);
  std::move(output.lines.begin(), output.lines.end(), std::back_inserter(held.lines));
  if (held_bytes_ <= held_lines_bytes_) return {};
  TRY(tables_.add_open(output.address.input, held.lines, scatter_));
  drop(held);
  held_.erase(output.address.input);
  return {};
}

void AggregateShelf::drop(Held& held) {
  budget_.give_back(held.bytes, 0);
  held_bytes_ -= held.bytes;
}

}  // namespace quern::shuffle
