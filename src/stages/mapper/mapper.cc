#include "stages/mapper/mapper.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <future>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/task_group.h"
#include "model/limits.h"
#include "services/json/record_packer.h"
#include "services/process/module_command.h"
#include "stages/mapper/batch_worker.h"
#include "stages/mapper/function_worker.h"

namespace quern::mapper {
namespace {

// Inputs of `lines` and `files` children that are too small for a child of their own share one: at most so many.
constexpr std::size_t kSharedBatchInputs = 64;

std::size_t most_inputs_of_a_child(const Module& module, bool asks_for_name) {
  const bool is_alone = asks_for_name || module.per_input.value_or(module.interface == Interface::kFiles);
  if (is_alone) return 1;
  return module.per_input.has_value() ? limits::kBatchInputs : kSharedBatchInputs;
}

// If shared children leave processors idle, tells the user how to change that.
void note_few_batches(std::size_t batches, const MapperOptions& options, const MapperPeers& peers) {
  if (batches >= options.processes || batches >= peers.inputs.size()) return;
  peers.events.emit(event::Note{
      event::Level::kInfo,
      fmt::format("{} small inputs share {} {} of the mapper, and {} could work; `per_input: yes` starts one for each",
                  peers.inputs.size(), batches, batches == 1 ? "process" : "processes", options.processes)});
}

}  // namespace

Result<void> run_batch_mappers(const MapperOptions& options, const MapperPeers& peers, InputOpener& opener,
                               const std::stop_token& stop) {
  TRY_ASSIGN(auto command, process::module_command(*options.module, options.job_folder, stop));
  const bool asks_for_name = process::asks_for_input_name(command, options.job_folder);
  std::vector<Batch> batches = plan_batches(peers.inputs, most_inputs_of_a_child(*options.module, asks_for_name));
  note_few_batches(batches.size(), options, peers);
  std::vector<InputRun> pieces;
  for (const Batch& batch : batches) pieces.push_back({.first = batch.inputs.front(), .count = batch.inputs.size()});
  auto queue = opener.queue(std::move(pieces));
  TaskGroup workers(stop);
  for (std::size_t number = 1; number <= std::min(options.processes, batches.size()); ++number) {
    workers.spawn("mapper " + std::to_string(number), [&, number](const std::stop_token& stop_worker) -> Result<void> {
      BatchWorker worker(number, options, peers, opener, command, peers.guard);
      while (auto next = queue->next(stop_worker)) TRY(worker.run(batches[*next], stop_worker));
      if (stop_worker.stop_requested()) return stopped();
      return {};
    });
  }
  return workers.wait();
}

Result<void> run_function_mappers(const MapperOptions& options, const MapperPeers& peers, UnitQueue& units,
                                  const std::stop_token& stop) {
  process::ModuleSetup setup{.role = "mapper",
                             .record = options.record,
                             .separator = options.separator,
                             .output = options.output,
                             .timeout = options.timeout,
                             .concurrency = options.module->concurrency,
                             .watches_fields = peers.take_fields != nullptr};
  const bool are_json = options.record == RecordKind::kJson || options.record == RecordKind::kKeyedJson;
  if (options.module->language == Language::kPython && are_json) {
    json::PackedSample sample = json::packed_sample();
    setup.sample_lines = std::move(sample.lines);
    setup.sample_packed = std::move(sample.packed);
  }
  TRY_ASSIGN(const auto child,
             process::module_child_options(*options.module, options.job_folder, options.scratch_folder, setup, stop));
  TaskGroup workers(stop);
  for (std::size_t number = 1; number <= options.processes; ++number) {
    auto begun = std::make_shared<std::promise<void>>();  // broken if a worker ends without a block
    auto has_begun = begun->get_future();
    workers.spawn("mapper " + std::to_string(number),
                  [&, number, begun = std::move(begun)](const std::stop_token& stop_worker) {
                    FunctionWorker worker(number, options, peers, child, peers.guard, units, std::move(*begun));
                    return worker.run(stop_worker);
                  });
    // Starts them one after another, so that a small job starts no more children than it needs.
    has_begun.wait();
  }
  return workers.wait();
}

}  // namespace quern::mapper
