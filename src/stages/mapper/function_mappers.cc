#include <future>
#include <memory>
#include <string>
#include <utility>

#include "base/task_group.h"
#include "services/json/record_packer.h"
#include "stages/mapper/function_worker.h"
#include "stages/mapper/mapper.h"

namespace quern::mapper {

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
