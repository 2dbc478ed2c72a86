#include "app/cli/command_line_table.h"

#include <algorithm>
#include <array>

#include "app/cli/setting_help.h"
#include "job_file/job_file.h"

namespace quern::app {
namespace {

constexpr OptionRow kSet = {"", "--set", "KEY=VALUE", Completes::kSetting,
                            "change a setting of the job file, as in --set limits.bad_records=10; may be repeated"};
constexpr OptionRow kHelp = {"-h", "--help", "", Completes::kNothing, "show this help"};

constexpr OptionRow kManifest = {"", "--manifest", "FILE", Completes::kFile,
                                 "a file with the name of one input per line"};
constexpr OptionRow kOutput = {"-o", "--output", "PATH", Completes::kFile,
                               "where to write the result: a file, s3://BUCKET/KEY, or - for standard output"};
constexpr OptionRow kOrder = {"", "--order", "COLUMN", Completes::kNothing,
                              "sort the lines of the result by a column, as in --order 'revenue desc'"};
constexpr OptionRow kFirst = {"", "--first", "N", Completes::kNothing, "keep only the first N lines of the result"};
constexpr OptionRow kFormat = {"", "--format", "FORMAT", Completes::kFormat,
                               "how to write the result: text, csv, tsv or jsonl"};
constexpr OptionRow kProcesses = {"-p", "--processes", "N", Completes::kNothing,
                                  "how many children run at once; auto is one per processor"};
constexpr OptionRow kMemory = {"", "--memory", "SIZE", Completes::kNothing,
                               "how much memory the shuffle may use, such as 512MiB or 4GiB"};
constexpr OptionRow kScratch = {"", "--scratch", "DIR", Completes::kFolder,
                                "where to create the working folders of the children"};
constexpr OptionRow kQuiet = {"-q", "--quiet", "", Completes::kNothing,
                              "print only errors and warnings, no progress, notes or accounting"};
constexpr OptionRow kVerbose = {"-v", "--verbose", "", Completes::kNothing, "show everything that the modules print"};
constexpr OptionRow kJson = {"", "--json", "", Completes::kNothing,
                             "report events as JSON on standard error, one per line"};
constexpr OptionRow kLog = {"", "--log", "FILE", Completes::kFile,
                            "append the same events to a file, whatever is shown"};
constexpr OptionRow kBucket = {"", "--bucket", "BUCKET", Completes::kNothing,
                               "the S3 bucket of inputs that are named only by key (default: QUERN_BUCKET)"};
constexpr OptionRow kEndpoint = {"", "--endpoint", "URL", Completes::kNothing,
                                 "the S3 server, if not Amazon's (default: AWS_ENDPOINT_URL_S3 or AWS_ENDPOINT_URL)"};
constexpr OptionRow kUnsigned = {"", "--no-sign-request", "", Completes::kNothing,
                                 "send no credentials to S3, for buckets that are open to everybody"};
constexpr OptionRow kKey = {"", "--key", "FILE", Completes::kFile,
                            "the private key that opens CREDENTIALS (default: QUERN_KEY_FILE or /etc/quern/key.pem)"};

constexpr OptionRow kRecords = {"", "--records", "N", Completes::kNothing,
                                "read only the first N records, in input order: a quick look at the result"};

// The options of every command that maps inputs. `first` selects the job or the inputs.
constexpr auto mapping_options(const OptionRow& first) {
  return std::array{first,     kManifest, kOutput, kSet,   kRecords, kProcesses, kMemory, kScratch, kBucket,
                    kEndpoint, kUnsigned, kKey,    kQuiet, kVerbose, kJson,      kLog,    kHelp};
}
constexpr OptionRow kInput = {
    "-i", "--input", "INPUT", Completes::kFile,
    "a file, a folder, a pattern such as 'data/**/*.xz', s3://bucket/pattern, https://host/file, or - for names on "
    "standard input; may be repeated. Replaces the inputs of the job file"};
constexpr OptionRow kWhere = {"", "--where", "PATH=VALUE", Completes::kNothing,
                              "only records with this value at this path, as in --where country=de; the same as --set "
                              "where.country=de; may be repeated. --where '{ms: {min: 100}}' is the whole setting"};
constexpr OptionRow kSuggestFields = {
    "", "--suggest-fields", "", Completes::kNothing,
    "watch which parts of the first records the mapper reads, and print the line fields: [...] that follows"};
constexpr OptionRow kKeyFile = {"", "--key-file", "FILE", Completes::kFile, kKey.text};
constexpr OptionRow kStdinRecords = {"", "--stdin-records", "", Completes::kNothing,
                                     "read records from standard input; the same as -i /dev/stdin"};
constexpr OptionRow kGroupKey = {"", "--key", "PATH", Completes::kNothing,
                                 "a job without a file: group by the value at this path; may be repeated. "
                                 "(With a job file, --key FILE is the private key, as --key-file is)"};
constexpr OptionRow kPairValue = {"", "--value", "PATH", Completes::kNothing,
                                  "make pairs of the values at --key and at this path"};
constexpr OptionRow kCount = {"", "--count", "", Completes::kNothing, "count the records of each group"};
constexpr OptionRow kSum = {"", "--sum", "PATH", Completes::kNothing,
                            "add up the numbers at this path, for each group; may be repeated, as may the next ones"};
constexpr OptionRow kMean = {"", "--mean", "PATH", Completes::kNothing, "the mean of the numbers at this path"};
constexpr OptionRow kLeast = {"", "--min", "PATH", Completes::kNothing,
                              "the least number at this path, or the first text in byte order"};
constexpr OptionRow kMost = {"", "--max", "PATH", Completes::kNothing, "the largest number, or the last text"};
constexpr OptionRow kP50 = {"", "--p50", "PATH", Completes::kNothing,
                            "the median of the numbers at this path (nearest rank: that of 1 and 2 is 1)"};
constexpr OptionRow kP95 = {"", "--p95", "PATH", Completes::kNothing,
                            "the number that 95 % of the numbers do not exceed"};
constexpr OptionRow kP99 = {"", "--p99", "PATH", Completes::kNothing,
                            "the number that 99 % of the numbers do not exceed"};
constexpr OptionRow kDistinct = {"", "--distinct", "PATH", Completes::kNothing,
                                 "how many different values this path has"};
constexpr OptionRow kMapExpression = {
    "", "--map", "EXPRESSION", Completes::kNothing,
    "map with a Python expression of key, file and the record r, as in --map 'r[\"country\"], 1'"};
constexpr OptionRow kReduceExpression = {
    "", "--reduce", "EXPRESSION", Completes::kNothing,
    "reduce with an expression of key and values, such as 'max(values)', or with a built-in reducer, such as sum. "
    "An expression gets values that are JSON numbers as numbers (typed: yes)"};
constexpr OptionRow kJavascript = {"", "--js", "", Completes::kNothing, "the expressions are JavaScript"};
// Joins the options of a command from parts that several commands share.
template <std::size_t... kCounts>
constexpr auto joined(const std::array<OptionRow, kCounts>&... parts) {
  std::array<OptionRow, (kCounts + ...)> all;
  auto next = all.begin();
  ((next = std::copy(parts.begin(), parts.end(), next)), ...);
  return all;
}

constexpr std::array kInputOptions = {kInput, kManifest, kStdinRecords};
constexpr std::array kRemoteOptions = {kBucket, kEndpoint, kUnsigned, kKeyFile};
constexpr std::array kResultOptions = {kOrder, kFirst, kFormat};
// A job without a file.
constexpr std::array kOneLineOptions = {
    kGroupKey,         kCount,     kSum, kMean, kLeast, kMost, kP50, kP95, kP99, kDistinct, kPairValue, kMapExpression,
    kReduceExpression, kJavascript};
constexpr auto kRunOptions = joined(kInputOptions, std::array{kOutput}, kResultOptions,
                                    std::array{kSet, kRecords, kWhere, kProcesses, kMemory, kScratch}, kRemoteOptions,
                                    kOneLineOptions, std::array{kSuggestFields, kQuiet, kVerbose, kJson, kLog, kHelp});
constexpr OptionRow kTriedRecords = {"", "--records", "N", Completes::kNothing,
                                     "how many records to try (default: 10; with --at 1, with --profile 10,000)"};
constexpr OptionRow kAt = {"", "--at", "FILE:LINE", Completes::kFile,
                           "begin at this line of this input, such as one that a message names"};
constexpr OptionRow kRandom = {"", "--random", "SEED", Completes::kNothing,
                               "records from random places near the beginning of random inputs; the same ones for the "
                               "same number SEED"};
constexpr OptionRow kDebug = {"", "--debug", "", Completes::kNothing,
                              "run the module in its debugger (pdb, node inspect), which stops at the first record"};
constexpr OptionRow kProfiled = {"", "--profile", "", Completes::kNothing,
                                 "show the functions that take most of the module's time"};
constexpr auto kTryOptions =
    joined(kInputOptions, std::array{kTriedRecords, kAt, kRandom, kWhere, kDebug, kProfiled}, kResultOptions,
           std::array{kSet, kScratch}, kRemoteOptions, kOneLineOptions, std::array{kHelp});
constexpr OptionRow kTaskJob = {
    "", "--job", "JOB", Completes::kFile,
    "a job file or a folder with an analysis-tools.yml (default: ./analysis-tools.yml or /etc/analysis-tools.yml)"};
constexpr auto kMapOptions = mapping_options(kTaskJob);
constexpr OptionRow kMerge = {
    "", "--merge", "", Completes::kNothing,
    "in a task: merge the results of earlier tasks that this task needs, so that the next task needs fewer"};
constexpr OptionRow kCollect = {"", "--collect", "", Completes::kNothing,
                                "in a task: make one result from those of several reducers, or of maps without one"};
constexpr auto kReduceOptions =
    joined(std::array{kTaskJob, kOutput}, kResultOptions,
           std::array{kSet, kMemory, kScratch, kMerge, kCollect, kQuiet, kVerbose, kJson, kLog, kHelp});
constexpr OptionRow kCheckedInput = {"-i", "--input", "INPUT", Completes::kFile,
                                     "an input of a job without a file; may be repeated"};
constexpr auto kCheckOptions = joined(std::array{kSet, kCheckedInput, kStdinRecords, kWhere, kOutput}, kResultOptions,
                                      std::array{kProcesses, kMemory}, kOneLineOptions, std::array{kHelp});
constexpr std::array kHelpOnly = {kHelp};
constexpr std::array kDoctorOptions = {
    kInput,
    kManifest,
    kSet,
    kProcesses,
    kMemory,
    kScratch,
    kBucket,
    kEndpoint,
    kUnsigned,
    kKey,
    OptionRow{"", "--offline", "", Completes::kNothing, "do not contact any server"},
    OptionRow{"-q", "--quiet", "", Completes::kNothing, "print only what is missing"},
    OptionRow{"", "--json", "", Completes::kNothing, "print the findings as a JSON array"},
    kHelp};

constexpr std::string_view kRunText =
    "Reads the inputs, passes their records to the mapper, groups and sorts what it returns, passes the groups to "
    "the reducer, and writes the result. JOB is a job file or a folder with an analysis-tools.yml; without it, quern "
    "uses ./analysis-tools.yml or else /etc/analysis-tools.yml.\n"
    "Next to the result, quern writes result.json, which accounts for every input and record, and bad_records.txt if "
    "it set a record aside. Ctrl-C stops a run cleanly; a second one stops it at once.";

constexpr std::string_view kRunAfter =
    "Examples:\n"
    "  quern run examples/os-count\n"
    "  quern run myjob -i 'data/**/*.xz' -i more.gz -o os.txt\n"
    "  find data -name '*.zst' | quern run myjob -i - -o - | sort -k2 -n\n"
    "  quern run myjob --set limits.bad_records=100 --set record=json -p 2\n"
    "  quern run -i 'orders/*.gz' --key country --count --sum amount --p95 ms\n"
    "  quern run -i 'e/*' --key k --sum n --order 'sum n desc' --first 9 --format csv\n"
    "  zcat a.json.gz | quern run --stdin-records --map 'r[\"k\"], 1' --reduce sum\n"
    "\n"
    "A job without a file (--key, --sum, --map and so on) writes to standard output,\n"
    "unless -o names a file. quern check prints it as a job file, if it is given the\n"
    "same options.\n"
    "\n"
    "Exit status:\n"
    "  0      done: every input and every record counted\n"
    "  1      the job failed; any earlier result is kept (see result.json)\n"
    "  2      the command line or the job file is wrong\n"
    "  3      done, but inputs or records were left out, within the limits of the job\n"
    "  128+n  ended by signal n; 141: the reader of standard output closed it\n";

constexpr std::string_view kTryText =
    "Runs a job on a few records, and shows each of them next to what the mapper returned and printed, then the result "
    "of the reducer. The records come from the job's own inputs and reach the modules as in quern run. Nothing is "
    "written: an earlier result stays as it is. Records that fail are shown and do not end it.";

constexpr std::string_view kTryAfter =
    "Examples:\n"
    "  quern try myjob\n"
    "  quern try myjob --at data/b.json.gz:1234 --debug\n"
    "  quern try myjob --random 7 --where info.OS=Linux --records 3\n"
    "  quern try -i 'orders/*.gz' --map 'r[\"country\"], r[\"amount\"]' --reduce sum\n"
    "  quern try myjob --profile\n"
    "\n"
    "A mapper that is a program gets all of the records at once, as in a run; one\n"
    "with the interface files gets the first input. --debug and --profile are for\n"
    "functions in Python and JavaScript: they attend to the mapper or, if the mapper\n"
    "is not a function, to the reducer.\n"
    "Records from a pipe are shown once all of them, or 1 MiB, have arrived.\n"
    "\n"
    "Exit status:\n"
    "  0  every record was mapped\n"
    "  1  the job failed\n"
    "  2  the command line or the job file is wrong\n"
    "  3  a record, a group or an input failed\n";

constexpr std::string_view kMapText =
    "Runs the first half of a job on the named files: downloads the remote ones, decompresses them, passes their "
    "records to the mapper, and writes what it returns. If the job has a reducer, the lines are sorted by key; with "
    "several reducers, there is one result for each, result.txt.0 and so on. Without a reducer, the lines are in the "
    "order of the inputs. FILE is a path, an s3:// or https:// URL, a pattern, with --bucket a key in that bucket, "
    "or - for names on standard input.\n"
    "Credentials for S3 come from CREDENTIALS, which a private key opens, else from where the AWS tools find them.";

constexpr std::string_view kMapAfter =
    "Examples:\n"
    "  quern map data/1.json.xz data/2.json.xz\n"
    "  quern map --bucket telemetry 2026-11-24/a.xz 2026-11-24/b.xz\n"
    "  quern map --job myjob 's3://telemetry/2026-11-*/*.xz' -o part1.txt\n"
    "\n"
    "Exit status: the same as quern run (quern help run)\n";

constexpr std::string_view kReduceText =
    "Runs the second half of a job: merges the named results of quern map in the given order, passes each key and "
    "its values to the reducer, and writes what it returns. The maps and the reduce together do the same as quern "
    "run. If the job has several reducers, results with the same number, such as result.txt.0 of every map, can be "
    "reduced separately.\n"
    "Without files, in a task of a job on Taskcluster, it reads the results of the tasks in INPUT_TASK_IDS, or else "
    "of those that its task depends on, and writes its own result to the folder QUERN_ARTIFACTS. Status 75 then "
    "means that the same command may succeed later.";

constexpr std::string_view kReduceAfter =
    "Examples:\n"
    "  quern reduce part1.txt part2.txt\n"
    "  quern reduce --job myjob -o os.txt parts/*.txt.zst\n"
    "\n"
    "Exit status: the same as quern run (quern help run)\n";

constexpr std::string_view kCheckText =
    "Prints the job as quern understands it: every setting with its value and where it comes from (the job file and "
    "its line, an environment variable, --set, or the default). The output is itself a job file with the same "
    "meaning, in the folder of the job, or in this one for a job without a file. (Passwords and queries of URLs are "
    "hidden; put them back before you run the output.)";

constexpr std::string_view kCheckAfter =
    "Examples:\n"
    "  quern check myjob\n"
    "  QUERN_LIMITS_MEMORY=2GiB quern check myjob --set record=text\n"
    "\n"
    "Exit status:\n"
    "  0  the job is valid\n"
    "  2  it is not; the message says where\n";

constexpr OptionRow kGroup = {"", "--group", "ID", Completes::kNothing,
                              "the id of the task group, which determines the ids of all tasks"};
constexpr OptionRow kNow = {"", "--now", "TIME", Completes::kNothing,
                            "plan as if it were this time, such as 2026-01-31T12:00:00Z"};
constexpr std::array kPlanOptions = {kInput, kManifest, kBucket, kEndpoint, kUnsigned, kKey, kSet, kGroup, kNow, kHelp};

constexpr std::string_view kPlanText =
    "Prints the tasks that quern submit would create for a job on Taskcluster, as JSON on standard output, one task "
    "per line, and a summary on standard error. It creates nothing, and contacts only the servers of the inputs. The "
    "same job, inputs and --now produce the same bytes.\n"
    "The inputs are divided into loads, one for each map task. Merge tasks are added where one task would have to "
    "wait for too many others. The taskcluster map of the job file describes the tasks.";

constexpr std::string_view kPlanAfter =
    "Examples:\n"
    "  quern plan myjob -i 's3://telemetry/2026-11-*/*.xz' > tasks.json\n"
    "  quern plan myjob --manifest names.txt --set taskcluster.load.files=20\n"
    "\n"
    "Exit status:\n"
    "  0  planned, and every task is valid for Taskcluster\n"
    "  1  the inputs cannot be listed, or the job's folder cannot be packed\n"
    "  2  the command line, the job file or one of the tasks is wrong\n";

constexpr OptionRow kFetchedTo = {
    "-o", "--output", "PATH", Completes::kFile,
    "where to write the result: a file, s3://BUCKET/KEY, or - for standard output (default: the job's output, in this "
    "folder)"};
constexpr OptionRow kPoll = {"", "--poll", "TIME", Completes::kNothing,
                             "longest wait between two checks of the tasks (default: 10s)"};
constexpr OptionRow kRetries = {
    "", "--retry", "N", Completes::kNothing,
    "rerun a task up to N times if it fails or leaves too little, before the job counts as failed (default: 0)"};
constexpr OptionRow kAllFailed = {"-v", "--verbose", "", Completes::kNothing,
                                  "show every failed task, not only the first ten"};
constexpr std::array kSubmitOptions = {
    kInput,
    kManifest,
    kFetchedTo,
    kSet,
    kBucket,
    kEndpoint,
    kUnsigned,
    kKey,
    OptionRow{"", "--group", "ID", Completes::kNothing,
              "continue an interrupted submission of this task group: create only the missing tasks"},
    OptionRow{"", "--no-watch", "", Completes::kNothing,
              "exit when the tasks are created, and print the id of their group"},
    OptionRow{"", "--no-fetch", "", Completes::kNothing, "do not fetch the result"},
    kRetries,
    kPoll,
    kQuiet,
    kAllFailed,
    kJson,
    kHelp};
constexpr std::array kRetryOptions = {kPoll, kQuiet, kAllFailed, kJson, kHelp};
constexpr std::array kWatchOptions = {kRetries, kPoll, kQuiet, kAllFailed, kJson, kHelp};
constexpr std::array kFetchOptions = {kFetchedTo, kQuiet, kJson, kHelp};

constexpr std::string_view kSubmitText =
    "Runs a job on a deployment of Taskcluster: plans its tasks as quern plan does, creates them, watches them until "
    "the last one ends, and fetches the result. TASKCLUSTER_ROOT_URL, TASKCLUSTER_CLIENT_ID, "
    "TASKCLUSTER_ACCESS_TOKEN and TASKCLUSTER_CERTIFICATE set the deployment and the credentials. Before it creates "
    "anything, it checks every task, the scopes of the credentials and the clock.\n"
    "It saves the id of the group in .quern-group in the job's folder, so that the other commands find it by the "
    "job. Ctrl-C while it creates tasks prints how to continue; later, it ends only the watch, and the job "
    "continues.";

constexpr std::string_view kSubmitAfter =
    "Examples:\n"
    "  quern submit myjob -i 's3://telemetry/2026-11-*/*.xz' -o os.txt\n"
    "  quern submit myjob --no-watch\n"
    "  quern submit myjob --group fOF8Cqj0QPKbvczC2dnXiQ\n"
    "\n"
    "Exit status:\n"
    "  0      done: every input and every record counted; with --no-watch, created\n"
    "  1      the job failed, or its tasks could not be created\n"
    "  2      the command line or the job file is wrong\n"
    "  3      done, but inputs or records were left out, within the limits of the job\n"
    "  4      the job continues or has completed, but quern can no longer watch it\n"
    "  128+n  ended by signal n\n";

constexpr std::string_view kWatchText =
    "Shows the progress of a job's tasks until the last one ends, and then the job's accounting: on a terminal as a "
    "table, elsewhere as a line when something changes. For a task that fails, it shows the reason, a link to the "
    "log, and the cause that the task reported. GROUP is the id of a task group; JOB is a job that was submitted "
    "from its folder (by default the current one).";

constexpr std::string_view kWatchAfter =
    "Examples:\n"
    "  quern watch myjob\n"
    "  quern watch fOF8Cqj0QPKbvczC2dnXiQ --poll 1m --json\n"
    "  quern watch myjob --retry 2\n"
    "\n"
    "Exit status: the same as quern submit (quern help submit)\n";

constexpr std::string_view kFetchText =
    "Fetches the result of a completed job, compares it with the size and the SHA-256 that its task recorded, "
    "decompresses it, and writes it with its result.json next to it. GROUP and JOB are the same as for quern watch. "
    "If the job keeps the results of its reducers separate, each gets a file, result.txt.0 and so on.";

constexpr std::string_view kFetchAfter =
    "Examples:\n"
    "  quern fetch myjob -o os.txt\n"
    "  quern fetch fOF8Cqj0QPKbvczC2dnXiQ -o - | sort -k2 -n\n"
    "\n"
    "Exit status: the same as quern submit (quern help submit); 1 until the job ends\n";

constexpr std::string_view kCancelText =
    "Seals the task group of a job, so that no task can be added, and cancels all its tasks that have not ended. "
    "Until the job's deadline, quern retry can run them again. GROUP and JOB are the same as for quern watch.";

constexpr std::string_view kCancelAfter =
    "Examples:\n"
    "  quern cancel myjob\n"
    "\n"
    "Exit status:\n"
    "  0  the tasks were cancelled, or had all ended\n"
    "  1  the tasks could not be cancelled\n"
    "  2  the command line or the job file is wrong\n";

constexpr std::string_view kRetryText =
    "Reruns the tasks of a job that failed or were cancelled, and those that completed without the result or without "
    "everything that other tasks need. When these have completed, it reruns the tasks that failed because of them. "
    "It watches all of them as quern watch does. A task that fails again stays failed. It can be repeated if "
    "interrupted. After the job's deadline, no task can be rerun. Tasks that were never created cannot be added.";

constexpr std::string_view kRetryAfter =
    "Examples:\n"
    "  quern retry myjob\n"
    "\n"
    "Exit status: the same as quern submit (quern help submit)\n";

constexpr std::string_view kDoctorText =
    "Checks whether this machine can run a job, and prints one line per finding: what is there (ok), what is worth "
    "knowing (note), and what is missing, with the command that fixes it. It finds JOB as quern run does; if there "
    "is none, it checks the machine in general and what the environment sets up.\n"
    "It checks the job file, its modules and inputs, Python and Node.js, memory, processors, open files, disks, S3 "
    "credentials, clocks, and on Taskcluster the deployment, the client, its scopes and the image. It changes "
    "nothing, and prints no secret.";

constexpr std::string_view kDoctorAfter =
    "Examples:\n"
    "  quern doctor\n"
    "  quern doctor myjob\n"
    "  quern doctor myjob -i 's3://telemetry/2026-11-*/*.xz'\n"
    "  quern doctor myjob -q && quern submit myjob\n"
    "\n"
    "Exit status:\n"
    "  0  nothing that the job needs is missing\n"
    "  1  something is missing\n"
    "  2  the command line is wrong\n";

constexpr std::array kInitOptions = {
    OptionRow{"", "--from", "INPUT", Completes::kFile,
              "write a job over these inputs, which reads fields that their records have; may be repeated"},
    OptionRow{"", "--language", "NAME", Completes::kLanguage,
              "the language of mapper and reducer: python (the default), javascript, or binary for any program"},
    kHelp};

constexpr std::string_view kInitText =
    "Creates a small job to start from: a job file with comments, a mapper, a reducer, a few records to try them on, "
    "a test of the mapper that runs without quern, and a Dockerfile. DIR may be new or exist already, such as the "
    "current folder (.). quern never overwrites a file: if one of them exists, it writes nothing.\n"
    "With --from, the job is about inputs of yours: quern looks at a few of them, as quern look does, and the mapper "
    "groups their records by a field that has few values.";

constexpr std::string_view kInitAfter =
    "Examples:\n"
    "  quern init myjob && quern run myjob\n"
    "  quern init --language javascript .\n"
    "  quern init myjob --from 'data/*.json.gz'\n"
    "\n"
    "Exit status:\n"
    "  0  all files were written\n"
    "  1  none was written; the message says why\n"
    "  2  the command line is wrong\n";

constexpr OptionRow kLookRecords = {"", "--records", "N", Completes::kNothing,
                                    "read at most N records (default: 10000)"};

constexpr std::string_view kLookText =
    "Shows what inputs are: their compression and format, how much they decode to, how many records they have, and "
    "every path in these records with its types, how many records have it, examples, and the smallest and largest "
    "value. Ends with the lines of a job file that uses them. INPUT is a file, a folder, a pattern, an s3:// or "
    "https:// URL, or - for names on standard input.\n"
    "It reads a sample: the beginning of up to 24 inputs, the first and the last among them, and of large files that "
    "are not compressed also some of the middle and of the end. Of remote inputs, it fetches up to three, of up to "
    "16 MiB each. What is about all inputs is then an estimate, and says so.";

constexpr std::string_view kLookAfter =
    "Examples:\n"
    "  quern look 'events/*.json.gz'\n"
    "  quern look s3://bucket/2026-11-24/ --records 1000\n"
    "  quern look data --json | jq -r '.paths[].path'\n"
    "\n"
    "Exit status:\n"
    "  0  looked at; inputs that cannot be read are named\n"
    "  1  there are no inputs, or none can be read\n"
    "  2  the command line is wrong\n";

constexpr OptionRow kJsonAnswer = {"", "--json", "", Completes::kNothing, "print the output as a JSON object"};
constexpr std::array kLookOptions = {kManifest, kBucket, kEndpoint, kUnsigned, kKey, kLookRecords, kJsonAnswer, kHelp};
constexpr std::array kKeygenOptions = {kJsonAnswer, kHelp};
constexpr OptionRow kTo = {
    "", "--to", "FILE", Completes::kFile,
    "the public key to seal to, in PEM (default: that of the private key in QUERN_KEY_FILE or /etc/quern/key.pem)"};
constexpr OptionRow kProfile = {"", "--profile", "NAME", Completes::kNothing,
                                "use the keys of this profile in ~/.aws/credentials and ~/.aws/config"};
constexpr std::array kSealOptions = {
    kTo, kProfile,
    OptionRow{
        "", "--expires", "WHEN", Completes::kNothing,
        "when the credentials expire, such as 2026-01-31T12:00:00Z, or 1h from now, if their source does not say"},
    kJsonAnswer, kHelp};
constexpr std::array kOpenOptions = {
    kKey, OptionRow{"", "--reveal", "", Completes::kNothing, "also print the secret access key and the session token"},
    kJsonAnswer, kHelp};

constexpr std::array kFederateOptions = {
    kTo,
    kProfile,
    OptionRow{"", "--duration", "TIME", Completes::kNothing,
              "how long the credentials last, from 15m to 36h (default: 1h)"},
    OptionRow{"", "--session", "NAME", Completes::kNothing, "the name that AWS uses in its logs (default: quern)"},
    OptionRow{"-i", "--input", "INPUT", Completes::kFile,
              "an s3:// URL or pattern to allow, instead of the job's inputs; may be repeated"},
    kManifest,
    kBucket,
    kSet,
    kJsonAnswer,
    kHelp};

constexpr std::string_view kCredentialsText =
    "Tasks and containers get S3 credentials in the environment variable CREDENTIALS, sealed to a public key. Only "
    "the private key opens it. Where that key is, every command that reads from S3 opens it itself.";

constexpr std::string_view kCredentialsAfter =
    "Examples:\n"
    "  quern credentials keygen\n"
    "  CREDENTIALS=$(quern credentials seal --to key.pub.pem)\n"
    "  quern credentials open --key key.pem\n"
    "\n"
    "See quern credentials COMMAND --help for details.\n";

constexpr std::string_view kKeygenText =
    "Creates a 3072-bit RSA key. Writes the private key to FILE (by default key.pem), which only its owner may read, "
    "and the public key to a file next to it, key.pub.pem. It never overwrites a file.";

constexpr std::string_view kKeygenAfter =
    "Examples:\n"
    "  quern credentials keygen\n"
    "  sudo quern credentials keygen /etc/quern/key.pem\n"
    "\n"
    "Exit status:\n"
    "  0  both files were written\n"
    "  1  they were not; the message says why\n"
    "  2  the command line is wrong\n";

constexpr std::string_view kSealText =
    "Prints the value of CREDENTIALS: AWS credentials, sealed to a public key. They come from the environment, or "
    "else from the default profile or that of AWS_PROFILE; with --profile, from the named profile; with -, from JSON "
    "on standard input, such as the output of aws sts.";

constexpr std::string_view kSealAfter =
    "Examples:\n"
    "  CREDENTIALS=$(quern credentials seal --to key.pub.pem)\n"
    "  aws sts get-session-token | quern credentials seal --to key.pub.pem -\n"
    "\n"
    "Exit status:\n"
    "  0  sealed\n"
    "  1  there are no credentials or no key, or they cannot be used\n"
    "  2  the command line is wrong\n";

constexpr std::string_view kOpenText =
    "Opens a sealed value, by default that of CREDENTIALS, and prints which key opens it, whose credentials it "
    "contains and when they expire, but no secret. VALUE is the value itself, or - for standard input.";

constexpr std::string_view kOpenAfter =
    "Examples:\n"
    "  quern credentials open\n"
    "  quern credentials open --key key.pem - < sealed\n"
    "\n"
    "Exit status:\n"
    "  0  the value opens, and the credentials have not expired\n"
    "  1  it does not open, or they have expired\n"
    "  2  the command line is wrong\n";

constexpr std::string_view kFederateText =
    "Asks AWS (STS, GetFederationToken) for credentials that expire and can only list and read the inputs of a job "
    "in S3, and prints them sealed to a public key, as the value of CREDENTIALS. The request uses the long-term keys "
    "of the environment or of a profile. The credentials allow what each of the job's patterns begins with, up to "
    "the first wildcard, and for a manifest the common beginning of all its keys in a bucket.\n"
    "AWS_ENDPOINT_URL_STS, or else AWS_ENDPOINT_URL, names a server other than Amazon's.";

constexpr std::string_view kFederateAfter =
    "Examples:\n"
    "  CREDENTIALS=$(quern credentials federate myjob --to key.pub.pem --duration 6h)\n"
    "  quern credentials federate myjob -i 's3://bucket/2026-11-*/' --to key.pub.pem\n"
    "\n"
    "Exit status:\n"
    "  0  sealed\n"
    "  1  AWS refuses, or there are no credentials for the request or no key\n"
    "  2  the command line or the job file is wrong\n";

constexpr std::string_view kHelpAfter =
    "Examples:\n"
    "  quern help run\n"
    "  quern help limits.memory\n"
    "  quern help limits\n"
    "  quern help p95\n"
    "  quern help aggregations\n";

constexpr std::string_view kCompletionAfter =
    "Examples:\n"
    "  source <(quern completion bash)\n"
    "  quern completion bash > ~/.local/share/bash-completion/completions/quern\n"
    "  quern completion zsh > ~/.zfunc/_quern   # into a folder of $fpath\n"
    "  quern completion fish > ~/.config/fish/completions/quern.fish\n";

constexpr std::array kCommands = {
    CommandRow{"run", "Run a job", "map and reduce the inputs of a job on this machine", "[JOB] [OPTIONS]", kRunText,
               kRunOptions, kRunAfter},
    CommandRow{"try", "Run a job", "run a job on a few records, and show what becomes of each", "[JOB] [OPTIONS]",
               kTryText, kTryOptions, kTryAfter},
    CommandRow{"map", "Run a job", "map some inputs of a job, as one task of a larger run", "FILE... [OPTIONS]",
               kMapText, kMapOptions, kMapAfter},
    CommandRow{"reduce", "Run a job", "reduce the results of quern map", "FILE... [OPTIONS]", kReduceText,
               kReduceOptions, kReduceAfter},
    CommandRow{"plan", "Run a job on Taskcluster", "print the tasks that submit would create", "[JOB] [OPTIONS]",
               kPlanText, kPlanOptions, kPlanAfter},
    CommandRow{"submit", "Run a job on Taskcluster", "create the tasks of a job, watch them, and fetch the result",
               "[JOB] [OPTIONS]", kSubmitText, kSubmitOptions, kSubmitAfter},
    CommandRow{"watch", "Run a job on Taskcluster", "show the progress of a job until it ends", "[GROUP|JOB] [OPTIONS]",
               kWatchText, kWatchOptions, kWatchAfter},
    CommandRow{"fetch", "Run a job on Taskcluster", "fetch the result of a job", "[GROUP|JOB] [-o FILE]", kFetchText,
               kFetchOptions, kFetchAfter},
    CommandRow{"cancel", "Run a job on Taskcluster", "cancel the tasks of a job", "[GROUP|JOB]", kCancelText, kHelpOnly,
               kCancelAfter},
    CommandRow{"retry", "Run a job on Taskcluster", "rerun the failed tasks", "[GROUP|JOB] [OPTIONS]", kRetryText,
               kRetryOptions, kRetryAfter},
    CommandRow{"init", "Create a job", "create a folder with a small job to start from",
               "DIR [--from INPUT]... [--language python|javascript|binary]", kInitText, kInitOptions, kInitAfter,
               Completes::kFolder},
    CommandRow{"look", "Create a job", "show what inputs are, and which paths their records have", "INPUT... [OPTIONS]",
               kLookText, kLookOptions, kLookAfter},
    CommandRow{"check", "Inspect a job", "show a job as quern understands it, and where each setting comes from",
               "[JOB] [--set KEY=VALUE]...", kCheckText, kCheckOptions, kCheckAfter},
    CommandRow{"doctor", "Inspect a job", "check what this machine lacks to run a job", "[JOB] [OPTIONS]", kDoctorText,
               kDoctorOptions, kDoctorAfter},
    CommandRow{"credentials", "Credentials", "create a key, seal credentials to it, and open them",
               "keygen|seal|open|federate [...]", kCredentialsText, kHelpOnly, kCredentialsAfter, Completes::kNothing},
    CommandRow{"credentials keygen", "Credentials", "create a private and a public key", "[FILE]", kKeygenText,
               kKeygenOptions, kKeygenAfter},
    CommandRow{"credentials seal", "Credentials", "print credentials sealed to a public key",
               "[--to FILE] [OPTIONS] [-]", kSealText, kSealOptions, kSealAfter, Completes::kNothing},
    CommandRow{"credentials open", "Credentials", "open sealed credentials and describe them",
               "[--key FILE] [OPTIONS] [VALUE|-]", kOpenText, kOpenOptions, kOpenAfter, Completes::kNothing},
    CommandRow{"credentials federate", "Credentials", "get sealed credentials for only a job's inputs",
               "[JOB] [--to FILE] [OPTIONS]", kFederateText, kFederateOptions, kFederateAfter},
    CommandRow{"help", "About quern", "show this help, or the help of a command or a setting", "[COMMAND|SETTING|WORD]",
               "Shows what quern can do, what one command can do, or what a setting of the job file does: its values, "
               "its default, and an example. For a part of the job file, such as limits, it lists the settings. WORD "
               "is what a setting takes, such as p95 or csv; aggregations, formats and interfaces list these.",
               kHelpOnly, kHelpAfter, Completes::kTopic},
    CommandRow{"version", "About quern", "show the version", "", "Shows the version of quern.", kHelpOnly, "",
               Completes::kNothing},
    CommandRow{"completion", "About quern", "print a script that lets a shell complete commands, options and settings",
               "bash|zsh|fish",
               "Prints a script for a shell. Once it is loaded, the TAB key completes what you type after quern: "
               "commands, options, settings and their values, files.",
               kHelpOnly, kCompletionAfter, Completes::kShell},
    // Started by quern itself next to its children: ends what they leave behind.
    CommandRow{"guard", "", "wait for the parent process to end, then end what it left", "MARKER",
               "Started by quern itself.", kHelpOnly, "", Completes::kNothing},
};

}  // namespace

std::span<const CommandRow> command_rows() { return kCommands; }

const CommandRow* find_command(std::string_view name) {
  const auto* found =
      std::find_if(kCommands.begin(), kCommands.end(), [&](const CommandRow& command) { return command.name == name; });
  return found == kCommands.end() ? nullptr : found;
}

std::vector<std::string> command_names() {
  std::vector<std::string> names;
  for (const CommandRow& command : kCommands) {
    if (!command.group.empty() && !is_within_another(command)) names.emplace_back(command.name);
  }
  return names;
}

std::vector<std::string> help_topics() {
  std::vector<std::string> topics = command_names();
  std::vector<std::string> settings = setting_names();
  topics.insert(topics.end(), settings.begin(), settings.end());
  const std::vector<std::string> words = words_with_help();
  topics.insert(topics.end(), words.begin(), words.end());
  return topics;
}

bool is_within_another(const CommandRow& command) { return command.name.find(' ') != std::string_view::npos; }

std::vector<std::string> words_after(std::string_view command) {
  std::vector<std::string> words;
  for (const CommandRow& row : kCommands) {
    if (row.name.starts_with(command) && row.name.size() > command.size() && row.name[command.size()] == ' ') {
      words.emplace_back(row.name.substr(command.size() + 1));
    }
  }
  return words;
}

}  // namespace quern::app
