#pragma once

#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/guarded.h"
#include "base/result.h"
#include "model/job.h"
#include "services/process/module_loader.h"

namespace quern::process {
class Guard;
}

namespace quern::app {

// Who loads which modules. A child of the first step that starts at once loads its module itself.
enum class LoadFor { kRun, kMap, kReduce, kCheck };

// Loads the modules of all steps for which no child is started at once, each in a child of its own, so that a mistake
// in one of them is told before the first input is mapped and not hours later.
class ModuleLoaders {
 public:
  // Returns at once. Both folders and the guard outlive this; `job` as well.
  static Result<std::unique_ptr<ModuleLoaders>> start(const Job& job, LoadFor purpose,
                                                      const std::string& scratch_folder, process::Guard& guard);
  // Blocks until all are loaded, or one cannot be: then everybody gets the same error. Any thread, any number of times.
  Result<void> wait(const std::stop_token& stop);

 private:
  struct Loading {
    std::vector<process::ModuleLoader> loaders;  // that are not done
    std::optional<Error> failure;
  };
  Guarded<Loading> loading_;
};

// Loads all modules of the job, in children with a scratch folder below `scratch_parent`. Blocks; an error tells of the
// first that cannot be loaded. SIGPIPE must be ignored.
Result<void> load_modules(const Job& job, const std::string& scratch_parent);

}  // namespace quern::app
