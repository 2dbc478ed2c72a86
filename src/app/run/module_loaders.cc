#include "app/run/module_loaders.h"

#include <fmt/format.h>

#include <set>
#include <tuple>
#include <utility>

#include "app/job/load_job.h"
#include "services/disk/files.h"
#include "services/process/guard.h"

namespace quern::app {
namespace {

bool is_loaded_elsewhere(const NamedModule& named, LoadFor purpose) {
  if (named.module.language == Language::kBinary) return true;
  if (purpose == LoadFor::kCheck || named.step > 0) return false;
  if (purpose == LoadFor::kReduce) return true;
  if (named.role == event::Role::kMapper) return true;
  bool is_started_early = named.role == event::Role::kReducer && named.module.interface == Interface::kFunction;
  return purpose == LoadFor::kRun && is_started_early;
}

}  // namespace

Result<std::unique_ptr<ModuleLoaders>> ModuleLoaders::start(const Job& job, LoadFor purpose,
                                                            const std::string& scratch_folder, process::Guard& guard,
                                                            const std::stop_token& stop) {
  auto loaders = std::make_unique<ModuleLoaders>();
  std::set<std::tuple<std::string, Language, std::string, std::string, std::string, std::vector<std::string>>> known;
  for (const NamedModule& named : modules_of(job)) {
    if (is_loaded_elsewhere(named, purpose)) continue;
    const Module& module = named.module;
    bool is_program = module.interface != Interface::kFunction;
    std::string role = is_program ? "program" : std::string(name_of(named.role));
    if (!known.emplace(role, module.language, module.interpreter, module.script, module.expression, module.arguments)
             .second)
      continue;
    process::ModuleLoadOptions options{
        .module = module,
        .role = role,
        .job_folder = job.folder,
        .working_folder = fmt::format("{}/load-{}", scratch_folder, known.size()),
        .attempts = job.limits.attempts,
        .timeout = std::min<std::chrono::milliseconds>(job.limits.timeout, limits::kSetupTimeout)};
    auto loader = process::ModuleLoader::start(std::move(options), guard, stop);
    if (!loader.ok()) return std::move(loader).error().with_context(named.place);
    loaders->loading_.lock()->loaders.push_back(std::move(loader).value());
  }
  return loaders;
}

Result<void> ModuleLoaders::wait(const std::stop_token& stop) {
  auto loading = loading_.lock();
  if (loading->failure.has_value()) return Error(*loading->failure);
  for (process::ModuleLoader& loader : loading->loaders) {
    auto loaded = loader.wait(stop);
    if (!loaded.ok()) loading->failure = loaded.error();
    TRY(std::move(loaded));
  }
  loading->loaders.clear();
  return {};
}

Result<void> load_modules(const Job& job, const std::string& scratch_parent, const std::stop_token& stop) {
  TRY_ASSIGN(auto scratch, disk::ScratchFolder::make(scratch_parent));
  TRY_ASSIGN(auto guard, process::Guard::start());
  TRY_ASSIGN(auto loaders, ModuleLoaders::start(job, LoadFor::kCheck, scratch.path(), *guard, stop));
  return loaders->wait(stop);
}

}  // namespace quern::app
