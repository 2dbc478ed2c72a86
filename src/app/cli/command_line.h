#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/job.h"
#include "model/limits.h"

namespace quern::app {

// Must equal the version in the project() line of CMakeLists.txt; a test compares them.
inline constexpr std::string_view kQuernVersion = "0.1.0";

// What the user asked for, as plain values. Parsing it reads no file and prints nothing.
struct CommandLine {
  enum class Command {
    kRun,
    kTry,
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
    kLook,
    kDoctor
  };

  Command command = Command::kHelp;
  std::vector<std::string> words;  // all of it as given, which may have secrets
  std::optional<std::string> job;  // a job file or a folder with one; absent: the usual places
  std::string job_text;            // a job file that the options describe, with --sum and so on; "" if they do not
  // -i, or the files of map, reduce and look, in order; "-" means names on standard input.
  std::vector<std::string> inputs;
  // Key=value of --set, then the equivalents of -o, --order, -p and so on: the last one wins.
  std::vector<std::string> settings;
  std::map<std::string, std::string> options;  // by which such an equivalent was given: "limits.memory" by "--memory"
  std::optional<std::string> manifest;
  std::string scratch;  // "" if not given
  std::string log;      // "" if not given
  std::optional<std::string> bucket;
  std::optional<std::string> endpoint;
  std::optional<std::string> key;  // a file
  // For kRun: `key` is from --key, which in a job without a file would be a path into the records.
  bool key_may_be_path = false;
  bool no_sign_request = false;
  bool quiet = false;
  bool json = false;
  bool verbose = false;
  bool merge = false;           // for kReduce
  bool collect = false;         // for kReduce
  bool is_offline = false;      // for kDoctor
  bool suggest_fields = false;  // for kRun

  struct Try {
    std::optional<std::uint64_t> records;  // how many are tried
    std::string at;                        // FILE:LINE; "" if not given
    std::optional<std::uint64_t> seed;
    bool debug = false;
    bool profile = false;
  };
  Try trial = {};

  // For kPlan and the other commands about tasks.
  struct Tasks {
    std::optional<std::string> group;        // its id, as given
    std::optional<std::string> now;          // for kPlan: a time, as given
    std::optional<std::string> target = {};  // for kWatch, kFetch, kCancel and kRetry: a group's id or a job
    std::optional<std::string> output = {};  // for kSubmit and kFetch: where the result is fetched to
    std::chrono::milliseconds poll = limits::kPollInterval;  // the longest time between two polls
    std::size_t retries = 0;  // for kWatch and kSubmit: how often a failing task is run again
    bool no_watch = false;
    bool no_fetch = false;
  };
  Tasks tasks = {};

  // For kKeygen, kSeal, kOpen and kFederate, which also has a job and inputs.
  struct Credentials {
    std::optional<std::string> value;    // the key's file; the sealed value, or "-" for standard input
    std::optional<std::string> to;       // a file with a public key
    std::optional<std::string> profile;  // its name
    std::optional<std::string> expires;  // a time, or a duration from now on
    std::string duration;                // for kFederate
    std::string session;                 // its name
    bool reveal = false;
  };
  Credentials credentials = {};

  // For kInit. If `inputs` names some, the job is about their records.
  struct Init {
    std::string folder;
    Language language = Language::kPython;
  };
  Init init = {};

  struct Look {
    std::uint64_t records = 10'000;  // the most that are read
  };
  Look look = {};

  std::string text;     // for kHelp, kVersion and kCompletion: what to print on standard output
  int exit_status = 0;  // for these commands. If not 0, nothing was asked for, and `text` belongs on standard error
  std::string guard_marker;  // for kGuard
};

// What is wrong if --key is given, and nothing that is computed for each key.
inline constexpr std::string_view kNothingForEachKey =
    "--key needs something to compute for each key, as in --key country --count";

// Parses `arguments` as passed to main, including the program's own name. Errors are kBadConfig, begin with the command
// ("run: --memry is not an option; did you mean --memory?") and correspond to exit status 2.
Result<CommandLine> parse_command_line(std::span<const char* const> arguments);

// The command line without secrets, for result.json: without the passwords and queries of URLs, and without the values
// of variables that modules get (`env`). Pure.
std::vector<std::string> shown_words(std::span<const std::string> words);

}  // namespace quern::app
