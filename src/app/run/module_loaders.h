#pragma once

#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/guarded.h"
#include "base/result.h"
#include "model/job.h"
#include "services/process/module_child.h"

namespace quern::process {
class Guard;
}

namespace quern::app {

// Whose children load which modules. A child of the first step that starts immediately loads its module itself.
enum class LoadFor { kRun, kMap, kReduce, kCheck };

// Loads the modules of all steps for which no child starts immediately, each in a child of its own, so that an error in
// one of them is found before the first input is mapped, not hours later.
class ModuleLoaders {
 public:
  // Returns immediately. `job`, both folders and the guard must outlive the loaders.
  static Result<std::unique_ptr<ModuleLoaders>> start(const Job& job, LoadFor purpose,
                                                      const std::string& scratch_folder, process::Guard& guard,
                                                      const std::stop_token& stop);
  // Blocks until all are loaded, or one has failed: then every caller gets the same error. Thread-safe; may be called
  // any number of times.
  Result<void> wait(const std::stop_token& stop);

 private:
  struct Loading {
    std::vector<process::ModuleLoader> loaders;  // those that are not done
    std::optional<Error> failure;
  };
  Guarded<Loading> loading_;
};

// Loads all modules of the job, in children with a scratch folder below `scratch_parent`. Blocks; the error is that of
// the first module that fails. SIGPIPE must be ignored.
Result<void> load_modules(const Job& job, const std::string& scratch_parent, const std::stop_token& stop);

}  // namespace quern::app
