#include "model/progress.h"

#include <algorithm>
#include <variant>

namespace quern {

RecordSums& RecordSums::operator+=(const RecordSums& other) {
  mapped += other.mapped;
  dropped += other.dropped;
  without_key += other.without_key;
  without_value += other.without_value;
  return *this;
}

InputLedger::State& InputLedger::state(InputOrdinal input) {
  if (input >= states_.size()) states_.resize(static_cast<std::size_t>(input) + 1, State::kOpen);
  return states_[input];
}

bool InputLedger::is_settled(InputOrdinal input) {
  return state(input) == State::kMapped || state(input) == State::kFailed;
}

void InputLedger::map(InputOrdinal input) {
  state(input) = State::kMapped;
  in_work_.erase(input);
  ++inputs_mapped_;
  if (lists_mapped_) mapped_.push_back(input);
}

void InputLedger::decoded(InputOrdinal input, std::uint32_t blocks) {
  if (is_settled(input)) return;
  auto work = in_work_.find(input);
  std::uint32_t blocks_mapped = work == in_work_.end() ? 0 : work->second.blocks_mapped;
  if (blocks == 0 ? state(input) == State::kCovered || blocks_mapped > 0 : blocks_mapped >= blocks) return map(input);
  state(input) = State::kDecoded;
  if (blocks > 0) in_work_[input].blocks = blocks;
}

void InputLedger::block_mapped(InputOrdinal first, InputOrdinal last, RecordSums records, bool is_complete) {
  records_ += records;
  // A block's bad lines may come from any of its parts, not only from the last.
  if (auto work = in_work_.find(first); work != in_work_.end()) {
    std::uint64_t bad = std::min(records_.mapped, work->second.written_bad);
    records_.mapped -= bad;
    work->second.written_bad -= bad;
  }
  if (!is_complete) return;
  if (!is_settled(first)) {
    Work& work = in_work_[first];
    ++work.blocks_mapped;
    if (state(first) == State::kDecoded && work.blocks_mapped >= work.blocks) map(first);
  }
  for (InputOrdinal input = first + 1; input <= last; ++input) cover(input);
}

void InputLedger::cover(InputOrdinal input) {
  if (state(input) == State::kOpen) state(input) = State::kCovered;
  if (state(input) != State::kDecoded) return;
  auto work = in_work_.find(input);
  if (work == in_work_.end() || work->second.blocks == 0) map(input);
}

void InputLedger::record_bad(InputOrdinal input, bool is_written_line) {
  ++records_bad_;
  if (is_written_line && !is_settled(input)) ++in_work_[input].written_bad;
}

void InputLedger::failed(InputOrdinal input) {
  if (state(input) == State::kFailed) return;
  if (state(input) == State::kMapped) --inputs_mapped_;
  state(input) = State::kFailed;
  ++inputs_failed_;
  in_work_.erase(input);
}

void InputLedger::settle_empty_inputs() {
  bool all_before_are_mapped = true;
  for (InputOrdinal input = 0; input < states_.size(); ++input) {
    if (is_settled(input)) {
      if (state(input) == State::kMapped) all_before_are_mapped = true;
      continue;
    }
    auto work = in_work_.find(input);
    bool has_own_blocks = work != in_work_.end() && work->second.blocks > 0;
    if (state(input) == State::kDecoded && !has_own_blocks) {
      if (all_before_are_mapped) map(input);
    } else {
      all_before_are_mapped = false;
    }
  }
}

void ProgressTally::take_over_inputs() {
  progress_.inputs_mapped = ledger_.inputs_mapped();
  progress_.inputs_failed = ledger_.inputs_failed();
  const RecordSums& records = ledger_.records();
  progress_.records_mapped = records.mapped;
  progress_.records_dropped = records.dropped;
  progress_.records_without_key = records.without_key;
  progress_.records_without_value = records.without_value;
  progress_.records_bad = ledger_.records_bad();
}

void ProgressTally::finish() {
  ledger_.settle_empty_inputs();
  take_over_inputs();
}

ChildProgress& ProgressTally::child_of(event::Role role, std::size_t number) {
  auto& children = progress_.children[static_cast<std::size_t>(role)];
  if (number >= children.size()) children.resize(number + 1);
  return children[number];
}

void ProgressTally::child_changed(const event::ChildChanged& change, ClockTime now) {
  ChildProgress& child = child_of(change.role, change.child);
  if (change.state == event::ChildState::kGone) child.records = child.decoded_bytes = 0;
  if (child.state == event::ChildState::kWorking) child.working += now - child.since;
  if (child.state == event::ChildState::kWaiting) child.waiting += now - child.since;
  child.state = change.state;
  child.since = now;
}

void ProgressTally::phase_ended(const event::PhaseEnded& ended) {
  for (auto phase = progress_.phases.rbegin(); phase != progress_.phases.rend(); ++phase) {
    if (phase->phase != ended.phase || phase->elapsed.has_value()) continue;
    phase->elapsed = ended.elapsed;
    break;
  }
  if (ended.phase == event::Phase::kMap) finish();
}

void ProgressTally::add(const event::Event& event, ClockTime now) {
  if (const auto* progress = std::get_if<event::InputProgress>(&event)) {
    progress_.stored_bytes += progress->stored_bytes;
    progress_.decoded_bytes += progress->decoded_bytes;
    decoding_[progress->input] += progress->decoded_bytes;
  } else if (const auto* fetched = std::get_if<event::InputFetched>(&event)) {
    ++progress_.inputs_fetched;
    progress_.fetched_bytes += fetched->stored_bytes;
  } else if (std::holds_alternative<event::InputUnverified>(event)) {
    ++progress_.inputs_unverified;
  } else if (const auto* mapped = std::get_if<event::BlockMapped>(&event)) {
    ledger_.block_mapped(mapped->first_input, mapped->last_input,
                         {.mapped = mapped->records,
                          .dropped = mapped->dropped,
                          .without_key = mapped->without_key,
                          .without_value = mapped->without_value},
                         mapped->completes_block);
    progress_.mapped_output_bytes += mapped->output_bytes;
    progress_.settled_bytes += mapped->decoded_bytes;
    // Blocks that are mapped without a child have no child to update.
    if (mapped->child < progress_.children_of(event::Role::kMapper).size()) {
      ChildProgress& child = child_of(event::Role::kMapper, mapped->child);
      child.records = child.decoded_bytes = 0;
      if (mapped->time.has_value()) child.units.add(*mapped->time);
    }
    take_over_inputs();
  } else if (const auto* in_work = std::get_if<event::BlockProgress>(&event)) {
    ChildProgress& child = child_of(in_work->role, in_work->child);
    child.records = in_work->records;
    child.decoded_bytes = in_work->decoded_bytes;
  } else if (const auto* decoded = std::get_if<event::InputDecoded>(&event)) {
    ledger_.decoded(decoded->input, decoded->blocks);
    decoding_.erase(decoded->input);
    take_over_inputs();
  } else if (const auto* failed = std::get_if<event::InputFailed>(&event)) {
    ledger_.failed(failed->input);
    if (auto found = decoding_.extract(failed->input)) progress_.settled_bytes += found.mapped();
    take_over_inputs();
  } else if (const auto* bad = std::get_if<event::RecordBad>(&event)) {
    ledger_.record_bad(bad->input, bad->line == 0);
    take_over_inputs();
  } else if (const auto* reduced = std::get_if<event::GroupsReduced>(&event)) {
    progress_.groups_reduced += reduced->groups;
    progress_.values_reduced += reduced->values;
    progress_.reduced_output_bytes += reduced->output_bytes;
    if (reduced->child < progress_.children_of(event::Role::kReducer).size()) {
      child_of(event::Role::kReducer, reduced->child).records = 0;
    }
  } else if (const auto* changed = std::get_if<event::ChildChanged>(&event)) {
    child_changed(*changed, now);
  } else if (const auto* child_ended = std::get_if<event::ChildEnded>(&event)) {
    progress_.usage[static_cast<std::size_t>(child_ended->role)].add(child_ended->used);
  } else if (const auto* started = std::get_if<event::RunStarted>(&event)) {
    progress_.job = started->job;
    progress_.processes = started->processes;
    progress_.inputs_found = started->inputs;
    progress_.stored_bytes_found = started->stored_bytes;
  } else if (const auto* phase = std::get_if<event::PhaseStarted>(&event)) {
    progress_.phases.push_back({.phase = phase->phase, .started = now});
  } else if (const auto* ended = std::get_if<event::PhaseEnded>(&event)) {
    phase_ended(*ended);
  } else if (const auto* status = std::get_if<event::Status>(&event)) {
    progress_.status = status->text;
  } else if (const auto* as_text = std::get_if<event::ComparedAsText>(&event)) {
    bool is_first = progress_.groups_as_text == 0 || as_text->first_key < progress_.first_as_text;
    if (is_first) progress_.first_as_text = as_text->first_key;
    progress_.groups_as_text += as_text->keys;
  } else if (std::holds_alternative<event::GroupBad>(event)) {
    ++progress_.groups_bad;
  } else if (std::holds_alternative<event::ChildDied>(event)) {
    ++progress_.children_replaced;
  }
}

std::uint64_t Progress::in_work(event::Role role) const {
  std::uint64_t records = 0;
  for (const ChildProgress& child : children_of(role)) records += child.records;
  return records;
}

double Progress::mapped_share() const {
  auto share = [](std::uint64_t part, std::uint64_t whole) {
    return whole == 0 ? 1 : std::min(1.0, static_cast<double>(part) / static_cast<double>(whole));
  };
  if (stored_bytes_found == 0) return inputs_found == 0 ? 0 : share(inputs_mapped + inputs_failed, inputs_found);
  std::uint64_t settled = settled_bytes;
  for (const ChildProgress& child : children_of(event::Role::kMapper)) settled += child.decoded_bytes;
  return share(stored_bytes, stored_bytes_found) * share(settled, decoded_bytes);
}

ChildTimes child_times(const std::vector<ChildProgress>& children, ClockTime now) {
  ChildTimes times;
  for (const ChildProgress& child : children) {
    times.working += child.working;
    times.waiting += child.waiting;
    if (child.state == event::ChildState::kWorking) times.working += now - child.since;
    if (child.state == event::ChildState::kWaiting) times.waiting += now - child.since;
  }
  return times;
}

}  // namespace quern
