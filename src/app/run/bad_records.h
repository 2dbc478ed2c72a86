#pragma once

#include <map>
#include <set>
#include <vector>

#include "app/run/loss_policy.h"
#include "base/guarded.h"
#include "model/event.h"
#include "model/input.h"
#include "stages/output/output.h"

namespace quern::app {

// Writes every bad record to bad_records.txt, except those of inputs that fail, which do not count. If the file cannot
// be written, the run stops: it has all that is left of these records. Thread-safe.
class BadRecords final : public EventSink {
 public:
  // All parameters are borrowed.
  BadRecords(output::BadRecordFile& file, const InputList& inputs, LossPolicy& policy)
      : file_(file), inputs_(inputs), policy_(policy) {}

  void emit(const event::Event& event) override;
  // To be called after the last event: makes the file appear if a bad record counts.
  Result<void> commit();

 private:
  using Extents = std::vector<output::BadRecordFile::Extent>;
  struct Held {
    std::map<InputOrdinal, Extents> open;  // of inputs that may still fail
    std::set<InputOrdinal> failed;
    Extents left_out;  // of inputs that failed
  };
  void add(Held& held, const event::RecordBad& bad);
  void leave_out(Held& held, InputOrdinal input);

  output::BadRecordFile& file_;
  const InputList& inputs_;
  LossPolicy& policy_;
  Guarded<Held> held_;
};

}  // namespace quern::app
