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

// The child of a `lines` or `files` reducer, from its start to the judgement on its exit. Owned by one thread.
class Program {
 public:
  Program(const ReducerOptions& options, process::Guard& guard, ChildReport& report)
      : options_(options), guard_(guard), report_(report) {}

  Result<void> start();
  // Has `reduce` feed the child and take what it gives. A child that fails is replaced by another, for which `reduce`
  // begins again. In the end an error of the child's own gets its cause block.
  Result<void> run(const std::function<Result<void>()>& reduce);
  process::Child& child() { return *child_; }
  // To be called once the child is fed: its time runs from here.
  void begin();
  // As Child::wait, with the log reported and the time limit kept. After the exit it does nothing.
  Result<void> step(Buffer& output, const std::stop_token& stop);
  bool has_exited() const { return has_exited_; }
  // The child wants no more input, whether or not it has left.
  bool refuses_input() const { return refuses_input_; }
  // After the exit: an error if it does not count as success.
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

// Hands the whole lines at the start of `output` to the sink, each (as a pair, if `options` want pairs) with the key
// that it starts with, and keeps the rest; with `at_end` also a last line that lacks its '\n'. Returns how many bytes
// it took off.
Result<std::uint64_t> hand_over_lines(Buffer& output, bool at_end, const ReducerOptions& options, ReducedSink& sink);

}  // namespace quern::reducer
