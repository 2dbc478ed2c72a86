#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "model/job.h"
#include "model/protocol.h"
#include "services/process/child.h"

namespace quern::process {

struct ModuleChildOptions {
  Language language = Language::kPython;  // kPython or kJavascript
  std::string interpreter;                // from find_interpreter
  std::string harness;                    // path of the harness file, from write_harness
  std::string setup_json;                 // payload of the SETUP frame
  std::vector<std::string> environment;
  std::string working_folder;
};

// Writes the harness of the language, which is embedded in the program, into `folder`; returns its path.
Result<std::string> write_harness(Language language, const std::string& folder);

struct Frame {
  protocol::FrameHeader header;
  std::string_view payload;  // valid until the next call of next_frame() or wait()
};

// A `function` child: a Child that speaks frames. SETUP is sent at the start; READY or FAILED come as frames like any
// other. Owned by one thread.
class ModuleChild {
 public:
  static Result<ModuleChild> start(ModuleChildOptions options, Guard& guard);

  Child& child() { return *child_; }
  // Queues END and the end of the input.
  void send_end();
  // As Child::wait, with the output kept inside.
  Result<Activity> wait(int wake_fd, std::chrono::steady_clock::time_point deadline, const std::stop_token& stop);
  // The next complete frame that has arrived; none if more must come first. An error: the child broke the protocol.
  Result<std::optional<Frame>> next_frame();
  // Bytes of an incomplete frame are left although the output has ended.
  bool has_half_frame() const { return output_.size() > taken_bytes_; }

 private:
  std::unique_ptr<Child> child_;
  Buffer setup_;  // the SETUP frame, borrowed by child_ until it is written
  Buffer end_;
  Buffer output_;
  std::size_t taken_bytes_ = 0;
};

}  // namespace quern::process
