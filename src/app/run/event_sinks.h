#pragma once

#include <utility>
#include <vector>

#include "app/run/loss_policy.h"
#include "model/event.h"
#include "model/packed_inputs.h"
#include "stages/output/output.h"

namespace quern::app {

// Passes every event to each of its sinks, in order. The sinks are borrowed and fixed. Thread-safe.
class Tee final : public EventSink {
 public:
  explicit Tee(std::vector<EventSink*> sinks) : sinks_(std::move(sinks)) {}
  void emit(const event::Event& event) override {
    for (EventSink* sink : sinks_) sink->emit(event);
  }

 private:
  const std::vector<EventSink*> sinks_;
};

// Writes every bad record to bad_records.txt. If the file cannot be written, the run stops: it has all that is left of
// these records. Thread-safe.
class BadRecords final : public EventSink {
 public:
  // All parameters are borrowed.
  BadRecords(output::BadRecordFile& file, const InputList& inputs, LossPolicy& policy)
      : file_(file), inputs_(inputs), policy_(policy) {}

  void emit(const event::Event& event) override {
    Result<void> added;
    if (const auto* bad = std::get_if<event::RecordBad>(&event)) {
      added = file_.add(inputs_.inputs[bad->input].name, bad->line, bad->reason, bad->record);
    } else if (const auto* group = std::get_if<event::GroupBad>(&event)) {
      added = file_.add("reducer", 0, group->reason, group->key);
    }
    if (!added.ok()) policy_.fail(std::move(added).error());
  }
  // To be called after the last event: makes the file appear if there was a bad record.
  Result<void> commit() { return file_.commit(); }

 private:
  output::BadRecordFile& file_;
  const InputList& inputs_;
  LossPolicy& policy_;
};

}  // namespace quern::app
