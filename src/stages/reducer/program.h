#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "services/process/session.h"
#include "stages/reducer/reducer.h"

namespace quern::reducer {

// The child of a `lines` or `files` reducer, from its start to the evaluation of its exit status. Not thread-safe.
class Program {
 public:
  Program(const ReducerOptions& options, process::Guard& guard, EventSink& events)
      : options_(options), child_(options.of_child(), guard, events) {}

  Result<void> start();
  // Calls `reduce`, which feeds the child and reads its output. A child that fails is replaced, and `reduce` is called
  // again. If no child succeeds, fails with the cause block.
  Result<void> run(const std::function<Result<void>()>& reduce);
  process::Session& child() { return child_; }
  // To be called when the child has been fed: its time limit starts here.
  void begin();
  // Like Session::step, but fails if the time limit is over. Does nothing after the child's exit.
  Result<void> step(const std::stop_token& stop);
  bool has_exited() const { return child_.exit().has_value(); }
  // To be called after the exit: fails if the child was not successful.
  Result<void> judge();

 private:
  Result<void> start_child();
  Result<void> start_another(const std::string& how);
  Error died(const std::string& how);

  const ReducerOptions& options_;
  std::vector<std::string> command_;
  process::Session child_;
  std::size_t deaths_ = 0;
};

// Passes the whole lines at the start of `output` to the sink, each with the key at its beginning (and as a pair, if
// `options` ask for pairs), and keeps the rest. With `at_end`, also passes on a last line without a '\n'. Returns how
// many bytes it removed from `output`.
Result<std::uint64_t> hand_over_lines(Buffer& output, bool at_end, const ReducerOptions& options, ReducedSink& sink);

}  // namespace quern::reducer
