#pragma once

#include <memory>

#include "app/loss_policy.h"
#include "model/event.h"
#include "model/input.h"
#include "stages/output/output.h"

namespace quern::app {

// Sets every bad record aside in bad_records.txt. A file that cannot be written stops the run: what is set aside is
// all that is left of a record. Any thread may emit.
class BadRecords final : public EventSink {
 public:
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

 private:
  output::BadRecordFile& file_;
  const InputList& inputs_;
  LossPolicy& policy_;
};

}  // namespace quern::app
