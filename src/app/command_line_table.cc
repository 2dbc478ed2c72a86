#include "app/command_line_table.h"

#include <algorithm>
#include <array>

namespace quern::app {
namespace {

constexpr OptionRow kSet = {"", "--set", "KEY=VALUE", Completes::kSetting,
                            "set a setting of the job file, as in --set limits.bad_records=10; may be repeated"};
constexpr OptionRow kHelp = {"-h", "--help", "", Completes::kNothing, "show this help"};

constexpr OptionRow kManifest = {"", "--manifest", "FILE", Completes::kFile,
                                 "a file with the name of one input on each line"};
constexpr OptionRow kOutput = {"-o", "--output", "PATH", Completes::kFile,
                               "where the result goes; - is standard output"};
constexpr OptionRow kProcesses = {"-p", "--processes", "N", Completes::kNothing,
                                  "how many children run at once; auto is one per processor"};
constexpr OptionRow kMemory = {"", "--memory", "SIZE", Completes::kNothing,
                               "how much memory the shuffle may use, such as 512MiB or 4GiB"};
constexpr OptionRow kScratch = {"", "--scratch", "DIR", Completes::kFolder,
                                "where the working folders of the children are made"};
constexpr OptionRow kQuiet = {"-q", "--quiet", "", Completes::kNothing, "no progress and no accounting, only errors"};
constexpr OptionRow kVerbose = {"-v", "--verbose", "", Completes::kNothing, "show all that the modules print"};
constexpr OptionRow kJson = {"", "--json", "", Completes::kNothing,
                             "tell what happens as JSON, one event a line, on standard error"};
constexpr OptionRow kLog = {"", "--log", "FILE", Completes::kFile,
                            "append the same events to a file, whatever is shown"};
constexpr OptionRow kBucket = {"", "--bucket", "BUCKET", Completes::kNothing,
                               "the S3 bucket of inputs that are named by their keys alone; else QUERN_BUCKET"};
constexpr OptionRow kEndpoint = {
    "", "--endpoint", "URL", Completes::kNothing,
    "the S3 server, where it is not Amazon's; else AWS_ENDPOINT_URL_S3 or AWS_ENDPOINT_URL"};
constexpr OptionRow kUnsigned = {"", "--no-sign-request", "", Completes::kNothing,
                                 "ask S3 without credentials, for buckets that are open to everybody"};
constexpr OptionRow kKey = {"", "--key", "FILE", Completes::kFile,
                            "the private key that opens CREDENTIALS; else QUERN_KEY_FILE or /etc/quern/key.pem"};

constexpr std::array kRunOptions = {
    OptionRow{"-i", "--input", "INPUT", Completes::kFile,
              "a file, a folder, a pattern such as 'data/**/*.xz', s3://bucket/pattern, https://host/file, or - for "
              "names on standard input; may be repeated. Replaces the inputs of the job file"},
    kManifest,
    kOutput,
    kSet,
    kProcesses,
    kMemory,
    kScratch,
    kBucket,
    kEndpoint,
    kUnsigned,
    kKey,
    kQuiet,
    kVerbose,
    kJson,
    kLog,
    kHelp,
};
constexpr std::array kMapOptions = {
    OptionRow{
        "", "--job", "JOB", Completes::kFile,
        "a job file or a folder with an analysis-tools.yml; else ./analysis-tools.yml or /etc/analysis-tools.yml"},
    kManifest,
    kOutput,
    kSet,
    kProcesses,
    kMemory,
    kScratch,
    kBucket,
    kEndpoint,
    kUnsigned,
    kKey,
    kQuiet,
    kVerbose,
    kJson,
    kLog,
    kHelp,
};
constexpr OptionRow kTaskJob = {
    "", "--job", "JOB", Completes::kFile,
    "a job file or a folder with an analysis-tools.yml; else ./analysis-tools.yml or /etc/analysis-tools.yml"};
constexpr std::array kReduceOptions = {kTaskJob, kOutput,  kSet,  kMemory, kScratch,
                                       kQuiet,   kVerbose, kJson, kLog,    kHelp};
constexpr std::array kCheckOptions = {kSet, kHelp};
constexpr std::array kHelpOnly = {kHelp};

constexpr std::string_view kRunText =
    "Reads the inputs, gives their records to the mapper, groups and sorts what it returns, gives that to the reducer, "
    "and writes the result. JOB is a job file or a folder with an analysis-tools.yml; without it, ./analysis-tools.yml "
    "or else /etc/analysis-tools.yml is taken.\n"
    "Beside the result stand result.json, which accounts for every input and record, and bad_records.txt if a record "
    "was set aside. Ctrl-C stops a run cleanly; a second one at once.";

constexpr std::string_view kRunAfter =
    "Examples:\n"
    "  quern run examples/os-count\n"
    "  quern run myjob -i 'data/**/*.xz' -i more.gz -o os.txt\n"
    "  find data -name '*.zst' | quern run myjob -i - -o - | sort -k2 -n\n"
    "  quern run myjob --set limits.bad_records=100 --set record=json -p 2\n"
    "\n"
    "Exit status:\n"
    "  0      done: every input and every record counted\n"
    "  1      the job failed; there is no result\n"
    "  2      the command line or the job file is wrong\n"
    "  3      done, but inputs or records were left out, within the limits of the job\n"
    "  128+n  ended by signal n\n";

constexpr std::string_view kMapText =
    "Does the first half of a job over the files that are named: downloads those that are remote, decompresses them, "
    "gives their records to the mapper, and writes what it returns. With a reducer in the job the lines are sorted by "
    "key, and with several reducers there is one result for each, result.txt.0 and so on; without one they are in the "
    "order of the inputs. FILE is a path, an s3:// or https:// URL, a pattern, with --bucket a key in that bucket, or "
    "- for names on standard input.\n"
    "Credentials for S3 come from CREDENTIALS, sealed to a private key, else from where the AWS tools find them.";

constexpr std::string_view kMapAfter =
    "Examples:\n"
    "  quern map data/1.json.xz data/2.json.xz\n"
    "  quern map --bucket telemetry 2026-11-24/a.xz 2026-11-24/b.xz\n"
    "  quern map --job myjob 's3://telemetry/2026-11-*/*.xz' -o part1.txt\n"
    "\n"
    "Exit status: as of quern run (quern help run)\n";

constexpr std::string_view kReduceText =
    "Does the second half of a job: merges the results of quern map that are named, in the order in which they are "
    "named, gives each key and its values to the reducer, and writes what it returns. Together with the maps that is "
    "what quern run does in one. With several reducers in the job the results of one number, result.txt.0 of every "
    "map, may be reduced apart from the others.";

constexpr std::string_view kReduceAfter =
    "Examples:\n"
    "  quern reduce part1.txt part2.txt\n"
    "  quern reduce --job myjob -o os.txt parts/*.txt.zst\n"
    "\n"
    "Exit status: as of quern run (quern help run)\n";

constexpr std::string_view kCheckText =
    "Prints the job as quern understands it: every setting with its value and where it comes from (the job file and "
    "its line, an environment variable, --set, or the default). What it prints is itself a job file that means the "
    "same.";

constexpr std::string_view kCheckAfter =
    "Examples:\n"
    "  quern check myjob\n"
    "  QUERN_LIMITS_MEMORY=2GiB quern check myjob --set record=text\n"
    "\n"
    "Exit status:\n"
    "  0  the job is right\n"
    "  2  it is not, and the message says where\n";

constexpr std::string_view kCompletionAfter =
    "Examples:\n"
    "  source <(quern completion bash)\n"
    "  quern completion bash > ~/.local/share/bash-completion/completions/quern\n";

constexpr std::array kCommands = {
    CommandRow{"run", "Run a job", "map and reduce the inputs of a job on this machine", "[JOB] [OPTIONS]", kRunText,
               kRunOptions, kRunAfter},
    CommandRow{"map", "Run a job", "map some inputs of a job, as a task of a larger run does", "FILE... [OPTIONS]",
               kMapText, kMapOptions, kMapAfter},
    CommandRow{"reduce", "Run a job", "reduce what quern map has written", "FILE... [OPTIONS]", kReduceText,
               kReduceOptions, kReduceAfter},
    CommandRow{"check", "Look at a job", "show a job as quern understands it, and where each setting comes from",
               "[JOB] [--set KEY=VALUE]...", kCheckText, kCheckOptions, kCheckAfter},
    CommandRow{"help", "About quern", "show this help, or that of a command", "[COMMAND]",
               "Shows what quern can do, or what one command can do.", kHelpOnly, "Examples:\n  quern help run\n"},
    CommandRow{"version", "About quern", "show the version", "", "Shows the version of quern.", kHelpOnly, ""},
    CommandRow{"completion", "About quern", "print a script that lets bash complete commands, options and settings",
               "bash", "Prints a script for bash. Once it is loaded, the TAB key completes what you type after quern.",
               kHelpOnly, kCompletionAfter},
    // Started by quern itself beside its children: it ends what they leave behind.
    CommandRow{"guard", "", "wait for the parent process to end, then end what it has left", "MARKER",
               "Started by quern itself.", kHelpOnly, ""},
};

}  // namespace

std::span<const CommandRow> command_rows() { return kCommands; }

const CommandRow* find_command(std::string_view name) {
  const auto* found =
      std::find_if(kCommands.begin(), kCommands.end(), [&](const CommandRow& command) { return command.name == name; });
  return found == kCommands.end() ? nullptr : found;
}

}  // namespace quern::app
