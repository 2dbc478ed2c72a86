#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>

#include "base/result.h"
#include "model/event.h"
#include "model/groups.h"
#include "model/job.h"
#include "model/pair.h"
#include "services/process/session.h"

namespace quern::reducer {

struct ReducerOptions {
  const Module* module = nullptr;  // outlives the reducer
  std::string job_folder;          // absolute
  std::string working_folder;      // an empty folder for this reducer alone
  std::string separator;
  PairOutput output = {.is_text = true};  // the form of the module's pairs; lines are turned into pairs if required
  ValuesKind values = ValuesKind::kList;
  bool typed = false;                        // values that are numbers come as numbers
  std::size_t child = 0;                     // number of this reducer, for events
  event::Role role = event::Role::kReducer;  // or kCombiner
  std::chrono::milliseconds timeout{};
  std::size_t attempts = 1;  // how many children in a row may die without answering anything
  // Whether this many more bad groups would end the run. Then they are reported immediately.
  std::function<bool(std::uint64_t bad_groups)> would_end = [](std::uint64_t) { return false; };
  std::stop_token stop = {};  // of the question for the interpreter; the functions below have their own

  process::SessionOptions of_child() const {
    return {.role = role,
            .number = child,
            .module = module,
            .job_folder = job_folder,
            .working_folder = working_folder,
            .timeout = timeout};
  }
};

// Opens the groups again, from the first one on. Sources that were opened before must no longer be used.
using OpenGroups = std::function<Result<std::unique_ptr<GroupSource>>()>;

// One reducer over the groups of one partition. start() begins to load the module and returns immediately, so that an
// interpreter starts while the mappers still work; run() feeds it. Both must be called by the same thread. A child that
// dies is replaced, and the new one gets again what was not answered; for a `lines` or `files` reducer, the whole
// partition. Errors are kChildFailed with the cause block as details.
class Reducer {
 public:
  static std::unique_ptr<Reducer> make(ReducerOptions options, process::Guard& guard, EventSink& events);
  virtual ~Reducer() = default;
  virtual Result<void> start() = 0;
  // Blocks until the module is loaded; after an error, nothing else may be called. May be called by another thread
  // while the owner calls nothing else. A program is not loaded, so this returns immediately.
  virtual Result<void> wait_until_loaded(const std::stop_token& /*stop*/) { return {}; }
  // Reduces all groups and passes the output to `sink`. Blocks.
  virtual Result<void> run(const OpenGroups& open, ReducedSink& sink, const std::stop_token& stop) = 0;
};

}  // namespace quern::reducer
