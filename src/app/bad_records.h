#pragma once

#include <cstddef>
#include <map>
#include <vector>

#include "app/loss_policy.h"
#include "base/guarded.h"
#include "model/event.h"
#include "model/input.h"
#include "stages/output/output.h"

namespace quern::app {

// Sets every bad record aside in bad_records.txt. Those of an input that is not yet decoded to its end wait in memory
// (up to limits::kHeldBadRecordBytes, then they are written as they come), since they do not count if it fails. A file
// that cannot be written stops the run: what is set aside is all that is left of a record. Any thread may emit.
class BadRecords final : public EventSink {
 public:
  // All are borrowed.
  BadRecords(output::BadRecordFile& file, const InputList& inputs, LossPolicy& policy)
      : file_(file), inputs_(inputs), policy_(policy) {}

  void emit(const event::Event& event) override;
  // Writes what still waits: the run ended before its inputs did.
  void flush();

 private:
  struct Held {
    std::vector<bool> is_verified;  // as long as the inputs that were heard of
    std::map<InputOrdinal, std::vector<event::RecordBad>> waiting;
    std::size_t bytes = 0;
  };
  void write(const event::RecordBad& bad);
  void release(Held& held, InputOrdinal input, bool keep);

  output::BadRecordFile& file_;
  const InputList& inputs_;
  LossPolicy& policy_;
  Guarded<Held> held_;
};

}  // namespace quern::app
