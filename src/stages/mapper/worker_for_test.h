#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <memory>
#include <stop_token>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "services/process/fake_child_for_test.h"
#include "services/process/guard_for_test.h"
#include "stages/mapper/mapper.h"

namespace quern::mapper {

// A worker's surroundings: children that follow a script (services/process/fake_child_for_test.h), and what the worker
// reports and commits.
class WorkerTest : public ::testing::Test, public EventSink {
 protected:
  WorkerTest(Interface interface, const std::vector<Input>& inputs)
      : module_{.script = "m.py", .interface = interface}, inputs_(inputs) {
    std::filesystem::create_directories(folder_ + "/job");
  }
  ~WorkerTest() override { std::filesystem::remove_all(folder_); }

  void emit(const event::Event& event) override {
    if (const auto* died = std::get_if<event::ChildDied>(&event)) deaths_.push_back(died->cause + ": " + died->action);
    if (const auto* bad = std::get_if<event::RecordBad>(&event)) bad_.push_back(bad->record + ": " + bad->reason);
    if (const auto* note = std::get_if<event::Note>(&event)) notes_.push_back(note->text);
    if (const auto* mapped = std::get_if<event::BlockMapped>(&event)) mapped_ = *mapped;
    if (const auto* failed = std::get_if<event::InputFailed>(&event)) {
      failed_.push_back(inputs_[failed->input].name.str() + ": " + failed->error.message);
    }
  }

  class Sink final : public BlockSink {
   public:
    explicit Sink(std::string& committed) : committed_(committed) {}
    Result<void> commit(BlockOutput output) override {
      for (const Buffer& lines : output.lines) committed_ += lines.view();
      return {};
    }

   private:
    std::string& committed_;
  };

  const std::string folder_ = ::testing::TempDir() + "worker_test." + std::to_string(::getpid());
  process::FakeChild::Record record_;
  std::vector<std::string> deaths_;
  std::vector<std::string> bad_;
  std::vector<std::string> failed_;  // inputs
  std::vector<std::string> notes_;
  event::BlockMapped mapped_;  // the last one
  std::string committed_;
  std::stop_source stop_;
  Module module_;
  MapperOptions options_{.module = &module_,
                         .job_folder = folder_ + "/job",
                         .scratch_folder = folder_,
                         .record = RecordKind::kText,
                         .attempts = 2,
                         .timeout = std::chrono::seconds(10)};
  const PackedInputs inputs_;
  BufferPool pool_{1, 1};
  process::NoGuard guard_;
  MapperPeers peers_{.inputs = inputs_,
                     .pool = pool_,
                     .guard = guard_,
                     .events = *this,
                     .make_sink = [this] { return std::make_unique<Sink>(committed_); },
                     .begin = [](const std::stop_token&) { return Result<void>(); },
                     .would_end = [](std::uint64_t) { return false; }};
};

}  // namespace quern::mapper
