#include <future>
#include <memory>
#include <string>
#include <utility>

#include "base/task_group.h"
#include "services/process/interpreter.h"
#include "services/process/module_command.h"
#include "services/process/module_messages.h"
#include "stages/mapper/function_worker.h"
#include "stages/mapper/mapper.h"

namespace quern::mapper {

Result<void> run_function_mappers(const MapperOptions& options, const MapperPeers& peers, Channel<Block>& blocks,
                                  const std::stop_token& stop) {
  const Module& module = *options.module;
  TRY_ASSIGN(std::string script, process::module_script(module, options.job_folder));
  process::ModuleChildOptions child{.language = module.language};
  TRY_ASSIGN(child.interpreter, process::find_interpreter(module.language));
  TRY_ASSIGN(child.harness, process::write_harness(module.language, options.scratch_folder));
  child.setup_json = process::setup_json({.role = "mapper",
                                          .script = script,
                                          .arguments = module.arguments,
                                          .record = options.record,
                                          .separator = options.separator,
                                          .output = options.output,
                                          .timeout = options.timeout});
  TaskGroup workers(stop);
  for (std::size_t number = 1; number <= options.processes; ++number) {
    auto begun = std::make_shared<std::promise<void>>();  // broken if a worker ends without a block
    auto has_begun = begun->get_future();
    workers.spawn("mapper " + std::to_string(number),
                  [&, number, begun = std::move(begun)](const std::stop_token& stop_worker) {
                    FunctionWorker worker(number, options, peers, child, peers.guard, std::move(*begun));
                    return worker.run(blocks, stop_worker);
                  });
    // Starts them one after another, so that a small job starts no more children than it needs.
    has_begun.wait();
  }
  return workers.wait();
}

}  // namespace quern::mapper
