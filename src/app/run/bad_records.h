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

// Sets every bad record aside in bad_records.txt, but for those of inputs that fail, which do not count. A file that
// cannot be written stops the run: what is set aside is all that is left of a record. Any thread may emit.
class BadRecords final : public EventSink {
 public:
  // All are borrowed.
  BadRecords(output::BadRecordFile& file, const InputList& inputs, LossPolicy& policy)
      : file_(file), inputs_(inputs), policy_(policy) {}

  void emit(const event::Event& event) override;
  // After the last event: the file appears, if a record that counts was bad.
  Result<void> commit();

 private:
  using Extents = std::vector<output::BadRecordFile::Extent>;
  struct Held {
    std::map<InputOrdinal, Extents> open;  // of inputs that may still fail
    std::set<InputOrdinal> failed;
    Extents left_out;  // of the failed ones
  };
  void add(Held& held, const event::RecordBad& bad);
  void leave_out(Held& held, InputOrdinal input);

  output::BadRecordFile& file_;
  const InputList& inputs_;
  LossPolicy& policy_;
  Guarded<Held> held_;
};

}  // namespace quern::app
