#include <atomic>
#include <string>

#include "base/task_group.h"
#include "services/process/module_command.h"
#include "stages/mapper/batch_worker.h"
#include "stages/mapper/mapper.h"

namespace quern::mapper {

Result<void> run_batch_mappers(const MapperOptions& options, const MapperPeers& peers, InputOpener& opener,
                               const std::stop_token& stop) {
  TRY_ASSIGN(auto command, process::module_command(*options.module, options.job_folder));
  std::vector<Batch> batches = plan_batches(peers.inputs, options.module->per_input);
  std::atomic<std::size_t> next = 0;
  TaskGroup workers(stop);
  for (std::size_t number = 1; number <= std::min(options.processes, batches.size()); ++number) {
    workers.spawn("mapper " + std::to_string(number), [&, number](const std::stop_token& stop_worker) -> Result<void> {
      BatchWorker worker(number, options, peers, opener, command);
      for (std::size_t i = next++; i < batches.size(); i = next++) TRY(worker.run(batches[i], stop_worker));
      return {};
    });
  }
  return workers.wait();
}

}  // namespace quern::mapper
