#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "app/run/loss_policy.h"
#include "base/bytes.h"
#include "base/fd.h"
#include "base/result.h"
#include "model/event.h"
#include "model/input.h"
#include "model/job.h"
#include "stages/output/output.h"

// Parts of the steps after the first one. Each maps the result of the step before it, which is in the scratch folder as
// one input of pairs (docs/decisions/0006-steps-over-files.md).

namespace quern::app {

// The result of a step that is mapped by another one: a plain file, which is not synced and need not appear atomically.
class StepFile final : public output::ResultTarget {
 public:
  static Result<std::unique_ptr<StepFile>> create(const std::string& path);

  Result<void> write(std::string_view bytes) override;
  std::uint64_t size_bytes() const override { return size_bytes_; }
  // Everything is written, but not synced: the scratch folder does not outlive the run.
  Result<void> commit() override;

 private:
  explicit StepFile(std::string path) : path_(std::move(path)) {}
  Result<void> flush();

  const std::string path_;
  Fd fd_;
  Buffer buffer_;
  std::uint64_t size_bytes_ = 0;
};

// Forwards the events of a further step to those of the run. The accounting covers only the job's own inputs and
// records, so events about the single input of this step are held back: a bad record is reported as a bad group, and if
// the input fails, so does the run. Borrows both parameters; thread-safe.
class StepEvents final : public EventSink {
 public:
  StepEvents(std::size_t step, std::string_view separator, EventSink& target, LossPolicy& policy)
      : step_(step), separator_(separator), target_(target), policy_(policy) {}
  void emit(const event::Event& event) override;

 private:
  const std::size_t step_;
  const std::string_view separator_;
  EventSink& target_;
  LossPolicy& policy_;
};

// Returns the job of one step alone. `number` counts from 0; every step but the first maps pairs.
Job job_of_step(const Job& job, std::size_t number);

}  // namespace quern::app
