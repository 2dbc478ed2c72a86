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

// What the steps behind the first are made of: each maps the result of the one before it, which lies in the scratch
// folder as one input of pairs (docs/decisions/0006-steps-over-files.md).

namespace quern::app {

// The result of a step that another one maps: a plain file, which needs neither to be synced nor to appear at once.
class StepFile final : public output::ResultTarget {
 public:
  static Result<std::unique_ptr<StepFile>> create(const std::string& path);

  Result<void> write(std::string_view bytes) override;
  std::uint64_t size_bytes() const override { return size_bytes_; }
  bool can_take_back() const override { return true; }
  Result<bool> take_back(std::uint64_t size_bytes) override;
  // Everything is written, though not synced: the scratch folder does not outlive the run.
  Result<void> commit() override;

 private:
  explicit StepFile(std::string path) : path_(std::move(path)) {}
  Result<void> flush();

  const std::string path_;
  Fd fd_;
  Buffer buffer_;
  std::uint64_t size_bytes_ = 0;
};

// The events of a further step, on their way to the run's. The books are kept of the job's own inputs and records, so
// what says something about the one input of this step stays here: a record that is bad is told as a bad group, and the
// input itself cannot fail without the run failing. Borrows both; any thread may emit.
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

// The job of one step alone. `number` counts from 0; every step but the first maps pairs.
Job job_of_step(const Job& job, std::size_t number);

}  // namespace quern::app
