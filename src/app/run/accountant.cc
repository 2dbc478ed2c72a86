#include "app/run/accountant.h"

#include <algorithm>
#include <variant>

namespace quern::app {
namespace {

void take_over_sums(const Progress& progress, Accounting& accounting) {
  accounting.job = progress.job;
  accounting.inputs_mapped = progress.inputs_mapped;
  accounting.inputs_failed = progress.inputs_failed;
  accounting.inputs_unverified = progress.inputs_unverified;
  accounting.records_mapped = progress.records_mapped;
  accounting.records_bad = progress.records_bad;
  accounting.records_dropped = progress.records_dropped;
  accounting.records_without_key = progress.records_without_key;
  accounting.records_without_value = progress.records_without_value;
  accounting.records_read = progress.records_mapped + progress.records_bad;
  accounting.groups_reduced = progress.groups_reduced;
  accounting.groups_bad = progress.groups_bad;
  accounting.groups_as_text = progress.groups_as_text;
  accounting.first_as_text = progress.first_as_text;
  accounting.fetched_bytes = progress.fetched_bytes;
  accounting.stored_bytes = progress.stored_bytes;
  accounting.decoded_bytes = progress.decoded_bytes;
  accounting.mapped_output_bytes = progress.mapped_output_bytes;
  accounting.children_replaced = progress.children_replaced;
  accounting.found_bytes = progress.stored_bytes_found;
  for (event::Role role : {event::Role::kMapper, event::Role::kCombiner, event::Role::kReducer}) {
    const Usage& usage = progress.usage[static_cast<std::size_t>(role)];
    if (usage.processes > 0) accounting.usage[std::string(name_of(role))] = usage;
  }
  const auto& mappers = progress.children_of(event::Role::kMapper);
  for (std::size_t child = 0; child < mappers.size(); ++child) {
    if (mappers[child].units.count > 0) accounting.units.push_back({.child = child, .units = mappers[child].units});
  }
}

// A job of several steps has each phase once per step.
void add_up_phases(const Progress& progress, ClockTime now, Accounting& accounting) {
  for (const PhaseProgress& phase : progress.phases) {
    std::chrono::nanoseconds elapsed = phase.elapsed.value_or(now - phase.started);
    auto known = std::find_if(accounting.phases.begin(), accounting.phases.end(),
                              [&](const auto& entry) { return entry.first == name_of(phase.phase); });
    if (known == accounting.phases.end()) {
      accounting.phases.emplace_back(name_of(phase.phase), elapsed);
    } else {
      known->second += elapsed;
    }
  }
}

}  // namespace

Accountant::Accountant(const InputList& inputs, Clock clock)
    : inputs_(inputs), clock_(std::move(clock)), started_(clock_()) {}

void Accountant::emit(const event::Event& event) {
  if (std::holds_alternative<event::ModuleLine>(event) || std::holds_alternative<event::Note>(event)) return;
  auto books = books_.lock();
  books->tally.add(event, clock_());
  if (const auto* failed = std::get_if<event::InputFailed>(&event)) {
    books->failed_inputs.try_emplace(failed->input, failed->error);
  } else if (const auto* counted = std::get_if<event::Counted>(&event)) {
    count(*books, *counted);
  } else if (const auto* looked = std::get_if<event::PathsLooked>(&event)) {
    books->paths = looked->paths;
  }
}

void Accountant::count(Books& books, const event::Counted& counted) {
  std::pair<std::string, std::string> name{counted.group, counted.name};
  // A module that keeps counting under new names must not fill the memory.
  if (books.counters.size() >= limits::kMaxCounters && !books.counters.contains(name)) {
    name = {"quern", "counted under further names"};
  }
  books.counters[std::move(name)] += counted.amount;
}

Progress Accountant::progress() { return books_.lock()->tally.progress(); }

Accounting Accountant::finish(Ending ending) {
  auto books = books_.lock();
  ClockTime now = clock_();
  books->tally.finish();
  const Progress& progress = books->tally.progress();

  Accounting accounting;
  take_over_sums(progress, accounting);
  accounting.inputs_found = inputs_.inputs.size();
  CHECK(accounting.inputs_mapped + accounting.inputs_failed <= accounting.inputs_found);
  accounting.inputs_skipped = accounting.inputs_found - accounting.inputs_mapped - accounting.inputs_failed;
  for (auto& [input, error] : books->failed_inputs) {
    CHECK(input < inputs_.inputs.size());
    accounting.failed_inputs.push_back({.name = inputs_.inputs[input].name.str(), .error = std::move(error)});
  }
  accounting.counters = std::move(books->counters);
  accounting.paths = std::move(books->paths);
  add_up_phases(progress, now, accounting);
  accounting.sample_records = ending.sample_records;
  accounting.is_sample_full = ending.is_sample_full;
  accounting.outcome = ending.outcome;
  if (ending.outcome == Outcome::kDone && has_losses(accounting)) accounting.outcome = Outcome::kDoneWithLosses;
  accounting.result = std::move(ending.result);
  accounting.result_bytes = ending.result_bytes;
  accounting.failure = std::move(ending.failure);
  accounting.elapsed = now - started_;
  return accounting;
}

}  // namespace quern::app
