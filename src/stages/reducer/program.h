#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "services/process/child.h"
#include "stages/reducer/child_report.h"
#include "stages/reducer/reducer.h"

namespace quern::reducer {

// The child of a `lines` or `files` reducer, from its start to the evaluation of its exit status. Not thread-safe.
class Program {
 public:
  Program(const ReducerOptions& options, process::Guard& guard, ChildReport& report)
      : options_(options), guard_(guard), report_(report) {}

  Result<void> start();
  // Calls `reduce`, which feeds the child and reads its output. A child that fails is replaced, and `reduce` is called
  // again. If no child succeeds, fails with the cause block.
  Result<void> run(const std::function<Result<void>()>& reduce);
  process::Child& child() { return *child_; }
  // To be called when the child has been fed: its time limit starts here.
  void begin();
  // Like Child::wait, but also reports the log and enforces the time limit. Does nothing after the child's exit.
  Result<void> step(Buffer& output, const std::stop_token& stop);
  bool has_exited() const { return has_exited_; }
  // Whether the child has closed its input, even if it is still running.
  bool refuses_input() const { return refuses_input_; }
  // To be called after the exit: fails if the child was not successful.
  Result<void> judge();

 private:
  Result<void> start_child();
  Result<void> start_another(const std::string& how);
  Error died(const std::string& how);

  const ReducerOptions& options_;
  process::Guard& guard_;
  ChildReport& report_;
  std::vector<std::string> command_;
  std::unique_ptr<process::Child> child_;
  std::chrono::steady_clock::time_point last_progress_;
  std::size_t deaths_ = 0;
  bool has_exited_ = false;
  bool refuses_input_ = false;
};

// Passes the whole lines at the start of `output` to the sink, each with the key at its beginning (and as a pair, if
// `options` ask for pairs), and keeps the rest. With `at_end`, also passes on a last line without a '\n'. Returns how
// many bytes it removed from `output`.
Result<std::uint64_t> hand_over_lines(Buffer& output, bool at_end, const ReducerOptions& options, ReducedSink& sink);

}  // namespace quern::reducer
