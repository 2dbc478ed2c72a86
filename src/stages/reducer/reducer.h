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

namespace quern::process {
class Guard;
}

namespace quern::reducer {

struct ReducerOptions {
  const Module* module = nullptr;  // outlives the reducer
  std::string job_folder;          // absolute
  std::string working_folder;      // an empty folder of this reducer's own
  std::string separator;
  PairOutput output = {.is_text = true};  // what the module's pairs become; lines become pairs where that is wanted
  ValuesKind values = ValuesKind::kList;
  std::size_t child = 0;                     // number of this reducer, for events
  event::Role role = event::Role::kReducer;  // or kCombiner
  std::chrono::milliseconds timeout{};
  std::size_t attempts = 1;  // children that may die one after the other without answering anything
  // Whether so many further bad groups end the run: they are told at once then.
  std::function<bool(std::uint64_t bad_groups)> would_end = [](std::uint64_t) { return false; };
};

// Opens the groups once more, from the first one on. What was opened before is not used any more.
using OpenGroups = std::function<Result<std::unique_ptr<GroupSource>>()>;

// One reducer over the groups of one partition. start() begins to load the module and returns at once, so that an
// interpreter starts while the mappers still work; run() feeds it. Both are called by one thread, the same for both.
// A child that dies is replaced by another one, which is given again what was not answered; the whole partition, if it
// is a `lines` or `files` reducer that has given nothing yet. Errors are kChildFailed with the cause block as details.
class Reducer {
 public:
  static std::unique_ptr<Reducer> make(ReducerOptions options, process::Guard& guard, EventSink& events);
  virtual ~Reducer() = default;
  virtual Result<void> start() = 0;
  // Blocks until the module is loaded; after an error, nothing else may be called. By any thread, in place of the one
  // that calls the rest. A program is not loaded.
  virtual Result<void> wait_until_loaded(const std::stop_token& /*stop*/) { return {}; }
  virtual Result<void> run(const OpenGroups& open, ReducedSink& sink, const std::stop_token& stop) = 0;
};

}  // namespace quern::reducer
