#pragma once

#include <chrono>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "model/job.h"
#include "model/limits.h"

namespace quern::app {

// What the user asked for, as plain values. Reading it touches no file and prints nothing.
struct CommandLine {
  enum class Command {
    kRun,
    kMap,
    kReduce,
    kPlan,
    kSubmit,
    kWatch,
    kFetch,
    kCancel,
    kRetry,
    kCheck,
    kVersion,
    kHelp,
    kGuard,
    kCompletion,
    kKeygen,
    kSeal,
    kOpen,
    kFederate,
    kInit,
    kDoctor
  };

  Command command = Command::kHelp;
  std::optional<std::string> job;     // a job file or a folder with one; none: the usual places
  std::vector<std::string> inputs;    // -i, or the files of map and reduce, in order; "-" means names on standard input
  std::vector<std::string> settings;  // key=value of --set, then what -o, -p and --memory stand for: the last one wins
  std::optional<std::string> manifest;
  std::string scratch;  // "" if not given
  std::string log;      // "" if not given
  std::optional<std::string> bucket;
  std::optional<std::string> endpoint;
  std::optional<std::string> key;  // a file
  bool no_sign_request = false;
  bool quiet = false;
  bool json = false;
  bool verbose = false;
  bool merge = false;       // of kReduce
  bool collect = false;     // of kReduce
  bool is_offline = false;  // of kDoctor

  // Of kPlan and the other commands about tasks.
  struct Tasks {
    std::optional<std::string> group;        // its id, as given
    std::optional<std::string> now;          // of kPlan: a time, as given
    std::optional<std::string> target = {};  // of kWatch, kFetch, kCancel and kRetry: a group's id or a job
    std::optional<std::string> output = {};  // of kSubmit and kFetch: where the result is fetched to
    std::chrono::milliseconds poll = limits::kPollInterval;  // at most, between two looks
    std::size_t retries = 0;  // of kWatch and kSubmit: how often a task that fails is run again
    bool no_watch = false;
    bool no_fetch = false;
  };
  Tasks tasks = {};

  // Of kKeygen, kSeal, kOpen and kFederate, which also has a job and inputs.
  struct Credentials {
    std::optional<std::string> value;    // the key's file; the sealed value, or "-" for standard input
    std::optional<std::string> to;       // a file with a public key
    std::optional<std::string> profile;  // its name
    std::optional<std::string> expires;  // a time, or a duration from now on
    std::string duration;                // of kFederate
    std::string session;                 // its name
    bool reveal = false;
  };
  Credentials credentials = {};

  // Of kInit.
  struct Init {
    std::string folder;
    Language language = Language::kPython;
  };
  Init init = {};

  std::string text;          // of kHelp, kVersion and kCompletion: what to print on standard output
  int exit_status = 0;       // of these. Not 0: nothing was asked for, and `text` belongs on standard error
  std::string guard_marker;  // of kGuard
};

// `arguments` as main gets them, the program's own name first. Errors are kBadConfig, begin with the command
// ("run: --memry is not an option; did you mean --memory?") and mean exit status 2.
Result<CommandLine> parse_command_line(std::span<const char* const> arguments);

}  // namespace quern::app
