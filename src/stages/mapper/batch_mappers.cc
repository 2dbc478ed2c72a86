#include <algorithm>
#include <string>
#include <vector>

#include "base/task_group.h"
#include "services/process/module_command.h"
#include "stages/mapper/batch_worker.h"
#include "stages/mapper/mapper.h"

namespace quern::mapper {

Result<void> run_batch_mappers(const MapperOptions& options, const MapperPeers& peers, InputOpener& opener,
                               const std::stop_token& stop) {
  TRY_ASSIGN(auto command, process::module_command(*options.module, options.job_folder));
  std::vector<Batch> batches = plan_batches(peers.inputs, options.module->per_input);
  std::vector<InputRun> pieces;
  for (const Batch& batch : batches) pieces.push_back({.first = batch.inputs.front(), .count = batch.inputs.size()});
  auto queue = opener.queue(std::move(pieces));
  TaskGroup workers(stop);
  for (std::size_t number = 1; number <= std::min(options.processes, batches.size()); ++number) {
    workers.spawn("mapper " + std::to_string(number), [&, number](const std::stop_token& stop_worker) -> Result<void> {
      BatchWorker worker(number, options, peers, opener, command);
      while (auto next = queue->next(stop_worker)) TRY(worker.run(batches[*next], stop_worker));
      if (stop_worker.stop_requested()) return stopped();
      return {};
    });
  }
  return workers.wait();
}

}  // namespace quern::mapper
