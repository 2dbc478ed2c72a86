#include "app/cli/command_line_table.h"

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

// The options of every command that maps inputs. `first` selects the job or the inputs.
constexpr auto mapping_options(const OptionRow& first) {
  return std::array{first,     kManifest, kOutput, kSet,   kProcesses, kMemory, kScratch, kBucket,
                    kEndpoint, kUnsigned, kKey,    kQuiet, kVerbose,   kJson,   kLog,     kHelp};
}
constexpr OptionRow kInput = {
    "-i", "--input", "INPUT", Completes::kFile,
    "a file, a folder, a pattern such as 'data/**/*.xz', s3://bucket/pattern, https://host/file, or - for names on "
    "standard input; may be repeated. Replaces the inputs of the job file"};
constexpr auto kRunOptions = mapping_options(kInput);
constexpr OptionRow kTaskJob = {
    "", "--job", "JOB", Completes::kFile,
    "a job file or a folder with an analysis-tools.yml; else ./analysis-tools.yml or /etc/analysis-tools.yml"};
constexpr auto kMapOptions = mapping_options(kTaskJob);
constexpr OptionRow kMerge = {
    "", "--merge", "", Completes::kNothing,
    "in a task: merge what the tasks left that this one needs, so that fewer of them need the next one"};
constexpr OptionRow kCollect = {"", "--collect", "", Completes::kNothing,
                                "in a task: make one result of what several reducers, or maps without one, left"};
constexpr std::array kReduceOptions = {kTaskJob, kOutput, kSet,     kMemory, kScratch, kMerge,
                                       kCollect, kQuiet,  kVerbose, kJson,   kLog,     kHelp};
constexpr std::array kCheckOptions = {kSet, kHelp};
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
    OptionRow{"", "--offline", "", Completes::kNothing, "ask nobody on the network"},
    OptionRow{"-q", "--quiet", "", Completes::kNothing, "print only what is missing"},
    OptionRow{"", "--json", "", Completes::kNothing, "print the findings as a JSON array"},
    kHelp};

constexpr std::string_view kRunText =
    "Reads the inputs, gives their records to the mapper, groups and sorts what it returns, gives that to the reducer, "
    "and writes the result. JOB is a job file or a folder with an analysis-tools.yml; without it, ./analysis-tools.yml "
    "or else /etc/analysis-tools.yml is taken.\n"
    "Next to the result are result.json, which accounts for every input and record, and bad_records.txt if a record "
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
    "  1      the job failed; a result of an earlier run stays (see result.json)\n"
    "  2      the command line or the job file is wrong\n"
    "  3      done, but inputs or records were left out, within the limits of the job\n"
    "  128+n  ended by signal n; 141: the reader of standard output has gone\n";

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
    "map, may be reduced apart from the others.\n"
    "Without files, in a task of a job on Taskcluster, it takes what the tasks left that are named in INPUT_TASK_IDS, "
    "or "
    "else those that its task depends on, and leaves its own result in the folder QUERN_ARTIFACTS. Status 75 then "
    "means "
    "that the same may succeed later.";

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

constexpr OptionRow kGroup = {"", "--group", "ID", Completes::kNothing,
                              "the id of the task group; it decides the ids of all tasks"};
constexpr OptionRow kNow = {"", "--now", "TIME", Completes::kNothing,
                            "plan as if it were this time, such as 2026-01-31T12:00:00Z"};
constexpr std::array kPlanOptions = {kInput, kManifest, kBucket, kEndpoint, kUnsigned, kKey, kSet, kGroup, kNow, kHelp};

constexpr std::string_view kPlanText =
    "Prints the tasks that quern submit would make of a job for Taskcluster, as JSON on standard output, one task a "
    "line, and a summary on standard error. Nothing is created, and nobody but the inputs' servers is asked. The same "
    "job, inputs and --now give the same bytes.\n"
    "The inputs are cut into loads, one for each map task; merge tasks come between where one task would have to wait "
    "for too many others. The job file's taskcluster map says what a task is made of.";

constexpr std::string_view kPlanAfter =
    "Examples:\n"
    "  quern plan myjob -i 's3://telemetry/2026-11-*/*.xz' > tasks.json\n"
    "  quern plan myjob --manifest names.txt --set taskcluster.load.files=20\n"
    "\n"
    "Exit status:\n"
    "  0  planned, and every task is one that Taskcluster takes\n"
    "  1  the inputs cannot be listed, or the job's folder cannot be packed\n"
    "  2  the command line, the job file or one of the tasks is wrong\n";

constexpr OptionRow kFetchedTo = {
    "-o", "--output", "PATH", Completes::kFile,
    "where the result goes; - is standard output; else where the job says, in this folder"};
constexpr OptionRow kPoll = {"", "--poll", "TIME", Completes::kNothing,
                             "how long it may wait between two looks at the tasks; 10s if it is not given"};
constexpr OptionRow kRetries = {
    "", "--retry", "N", Completes::kNothing,
    "run a task that fails, or leaves too little, again up to N times before the job counts as failed; 0 if not given"};
constexpr OptionRow kAllFailed = {"-v", "--verbose", "", Completes::kNothing,
                                  "show every task that fails, and not only the first ten"};
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
              "go on with the task group of a submission that was broken off: only what is missing is created"},
    OptionRow{"", "--no-watch", "", Completes::kNothing,
              "end when the tasks are created, and print the id of their group"},
    OptionRow{"", "--no-fetch", "", Completes::kNothing, "leave the result where it is"},
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
    "the last one has ended, and fetches the result. The deployment and the credentials are those of "
    "TASKCLUSTER_ROOT_URL, TASKCLUSTER_CLIENT_ID, TASKCLUSTER_ACCESS_TOKEN and TASKCLUSTER_CERTIFICATE. Before "
    "anything is created, every task, the scopes of the credentials and the clock are checked.\n"
    "The group is remembered in .quern-group in the job's folder, so that the other commands know it by the job. "
    "Ctrl-C while tasks are created says how to go on; later it ends the watch alone, and the job goes on.";

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
    "  4      the job goes on, or has completed, and may not be looked at\n"
    "  128+n  ended by signal n\n";

constexpr std::string_view kWatchText =
    "Shows how far the tasks of a job are, until the last one has ended, and then its accounting: on a terminal a "
    "table, elsewhere a line when something has changed. A task that fails is shown with the reason and a link to its "
    "log, and with what it said of why. GROUP is the id of a task group; JOB is a job that was submitted from its "
    "folder, by default the one here.";

constexpr std::string_view kWatchAfter =
    "Examples:\n"
    "  quern watch myjob\n"
    "  quern watch fOF8Cqj0QPKbvczC2dnXiQ --poll 1m --json\n"
    "  quern watch myjob --retry 2\n"
    "\n"
    "Exit status: as of quern submit (quern help submit)\n";

constexpr std::string_view kFetchText =
    "Fetches the result of a job that has completed, compares it with the size and the SHA-256 that its task wrote "
    "down, decompresses it, and writes it with its result.json next to it. GROUP and JOB are as of quern watch. Of "
    "reducers whose results are kept apart each gets a file, result.txt.0 and so on.";

constexpr std::string_view kFetchAfter =
    "Examples:\n"
    "  quern fetch myjob -o os.txt\n"
    "  quern fetch fOF8Cqj0QPKbvczC2dnXiQ -o - | sort -k2 -n\n"
    "\n"
    "Exit status: as of quern submit (quern help submit), and 1 before the job ends\n";

constexpr std::string_view kCancelText =
    "Seals the task group of a job, so that no task can be added, and cancels all its tasks that have not ended. "
    "Until the job's deadline quern retry runs them again. GROUP and JOB are as of quern watch.";

constexpr std::string_view kCancelAfter =
    "Examples:\n"
    "  quern cancel myjob\n"
    "\n"
    "Exit status:\n"
    "  0  cancelled, or all tasks had ended\n"
    "  1  they could not be\n"
    "  2  the command line or the job file is wrong\n";

constexpr std::string_view kRetryText =
    "Runs the tasks of a job again that failed or were cancelled, and those that have completed without leaving all "
    "that others need, or without the result; when these have completed, those that failed because of them; and "
    "watches all of it as quern watch does. What fails once more stays so. Broken off, it can be repeated. After the "
    "job's deadline nothing can be run again, and tasks that were never created cannot be added.";

constexpr std::string_view kRetryAfter =
    "Examples:\n"
    "  quern retry myjob\n"
    "\n"
    "Exit status: as of quern submit (quern help submit)\n";

constexpr std::string_view kDoctorText =
    "Looks at this machine and prints what it finds for running a job, one line each: what is there (ok), what is "
    "worth "
    "knowing (note), and what is missing, with the command that puts it right. JOB is found as by quern run; without "
    "one, and with none in the usual places, it looks at the machine in general and at what the environment sets "
    "up.\n"
    "It looks at the job file, its modules and inputs, Python and Node.js, memory, processors, open files, disks, "
    "credentials for S3, clocks, and on Taskcluster at the deployment, the client, its scopes and the image. It "
    "changes nothing, and prints no secret.";

constexpr std::string_view kDoctorAfter =
    "Examples:\n"
    "  quern doctor\n"
    "  quern doctor myjob\n"
    "  quern doctor myjob -i 's3://telemetry/2026-11-*/*.xz'\n"
    "  quern doctor myjob -q && quern submit myjob\n"
    "\n"
    "Exit status:\n"
    "  0  nothing is missing that the job needs\n"
    "  1  something is\n"
    "  2  the command line is wrong\n";

constexpr std::array kInitOptions = {
    OptionRow{"", "--language", "NAME", Completes::kLanguage,
              "what mapper and reducer are written in: python, which is the default, javascript, or binary for any "
              "program"},
    kHelp};

constexpr std::string_view kInitText =
    "Makes a job to begin with: a job file with comments, a mapper, a reducer, a few records to try them on, a test of "
    "the mapper that runs without quern, and a Dockerfile. DIR may be new, or be there already, as . is. No file is "
    "ever overwritten: where one of them is there, nothing is written.";

constexpr std::string_view kInitAfter =
    "Examples:\n"
    "  quern init myjob && quern run myjob\n"
    "  quern init --language javascript .\n"
    "\n"
    "Exit status:\n"
    "  0  all files are there\n"
    "  1  none is, and the message says why\n"
    "  2  the command line is wrong\n";

constexpr OptionRow kJsonAnswer = {"", "--json", "", Completes::kNothing, "print the answer as a JSON object"};
constexpr std::array kKeygenOptions = {kJsonAnswer, kHelp};
constexpr OptionRow kTo = {
    "", "--to", "FILE", Completes::kFile,
    "the public key to seal to, in PEM; else that of the private key in QUERN_KEY_FILE or /etc/quern/key.pem"};
constexpr OptionRow kProfile = {"", "--profile", "NAME", Completes::kNothing,
                                "take the keys of this profile of ~/.aws/credentials and ~/.aws/config"};
constexpr std::array kSealOptions = {
    kTo, kProfile,
    OptionRow{
        "", "--expires", "WHEN", Completes::kNothing,
        "when the credentials end, such as 2026-01-31T12:00:00Z, or 1h from now, where their source does not say"},
    kJsonAnswer, kHelp};
constexpr std::array kOpenOptions = {
    kKey, OptionRow{"", "--reveal", "", Completes::kNothing, "print the secret access key and the session token, too"},
    kJsonAnswer, kHelp};

constexpr std::array kFederateOptions = {
    kTo,
    kProfile,
    OptionRow{"", "--duration", "TIME", Completes::kNothing,
              "how long the credentials last, from 15m to 36h; 1h if it is not given"},
    OptionRow{"", "--session", "NAME", Completes::kNothing,
              "the name that AWS uses in its logs; quern if it is not given"},
    OptionRow{"-i", "--input", "INPUT", Completes::kFile,
              "an s3:// URL or pattern that may be read, instead of the inputs of the job; may be repeated"},
    kManifest,
    kBucket,
    kSet,
    kJsonAnswer,
    kHelp};

constexpr std::string_view kCredentialsText =
    "Credentials for S3 travel to tasks and containers in the environment variable CREDENTIALS, sealed to a public "
    "key: "
    "only where the private key is they can be opened. Every command that reads from S3 opens them there itself.";

constexpr std::string_view kCredentialsAfter =
    "Examples:\n"
    "  quern credentials keygen\n"
    "  CREDENTIALS=$(quern credentials seal --to key.pub.pem)\n"
    "  quern credentials open --key key.pem\n"
    "\n"
    "quern credentials COMMAND --help says more about each.\n";

constexpr std::string_view kKeygenText =
    "Makes an RSA key of 3072 bits. FILE, by default key.pem, gets the private key, which its owner alone may read, "
    "and "
    "a file next to it, key.pub.pem, the public key. No file is ever overwritten.";

constexpr std::string_view kKeygenAfter =
    "Examples:\n"
    "  quern credentials keygen\n"
    "  sudo quern credentials keygen /etc/quern/key.pem\n"
    "\n"
    "Exit status:\n"
    "  0  both files are there\n"
    "  1  they are not, and the message says why\n"
    "  2  the command line is wrong\n";

constexpr std::string_view kSealText =
    "Prints the value of CREDENTIALS: the AWS credentials of the environment, else of the default profile or that of "
    "AWS_PROFILE, or with --profile of the one that is named, or with - those that standard input gives as JSON, "
    "sealed "
    "to a public key. Standard input may be what aws sts prints.";

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
    "Opens a sealed value, by default that of CREDENTIALS, and prints which key opens it, whose credentials are in it "
    "and when they end, but no secret. VALUE is the value itself, or - for standard input.";

constexpr std::string_view kOpenAfter =
    "Examples:\n"
    "  quern credentials open\n"
    "  quern credentials open --key key.pem - < sealed\n"
    "\n"
    "Exit status:\n"
    "  0  it opens, and the credentials have not expired\n"
    "  1  it does not, or they have\n"
    "  2  the command line is wrong\n";

constexpr std::string_view kFederateText =
    "Asks AWS (STS, GetFederationToken) for credentials that end by themselves and can do nothing but list and read "
    "the inputs of a job in S3, and prints them, sealed to a public key: the value of CREDENTIALS. It asks with the "
    "long-term keys of the environment or of a profile. What may be read are the beginnings of the job's patterns up "
    "to the first wildcard, and of a manifest what all its keys in a bucket begin with.\n"
    "AWS_ENDPOINT_URL_STS, else AWS_ENDPOINT_URL, names another server than AWS's.";

constexpr std::string_view kFederateAfter =
    "Examples:\n"
    "  CREDENTIALS=$(quern credentials federate myjob --to key.pub.pem --duration 6h)\n"
    "  quern credentials federate myjob -i 's3://bucket/2026-11-*/' --to key.pub.pem\n"
    "\n"
    "Exit status:\n"
    "  0  sealed\n"
    "  1  AWS refuses, or there are no credentials to ask with, or no key\n"
    "  2  the command line or the job file is wrong\n";

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
    CommandRow{"plan", "Run a job on Taskcluster", "print the tasks that a job would have there", "[JOB] [OPTIONS]",
               kPlanText, kPlanOptions, kPlanAfter},
    CommandRow{"submit", "Run a job on Taskcluster", "create the tasks of a job, watch them, and fetch the result",
               "[JOB] [OPTIONS]", kSubmitText, kSubmitOptions, kSubmitAfter},
    CommandRow{"watch", "Run a job on Taskcluster", "show how far a job is, until it has ended",
               "[GROUP|JOB] [OPTIONS]", kWatchText, kWatchOptions, kWatchAfter},
    CommandRow{"fetch", "Run a job on Taskcluster", "fetch the result of a job", "[GROUP|JOB] [-o FILE]", kFetchText,
               kFetchOptions, kFetchAfter},
    CommandRow{"cancel", "Run a job on Taskcluster", "end the tasks of a job", "[GROUP|JOB]", kCancelText, kHelpOnly,
               kCancelAfter},
    CommandRow{"retry", "Run a job on Taskcluster", "run what failed again", "[GROUP|JOB] [OPTIONS]", kRetryText,
               kRetryOptions, kRetryAfter},
    CommandRow{"init", "Begin a job", "make a folder with a small job to begin with",
               "DIR [--language python|javascript|binary]", kInitText, kInitOptions, kInitAfter, Completes::kFolder},
    CommandRow{"check", "Look at a job", "show a job as quern understands it, and where each setting comes from",
               "[JOB] [--set KEY=VALUE]...", kCheckText, kCheckOptions, kCheckAfter},
    CommandRow{"doctor", "Look at a job", "say what is missing on this machine for running a job", "[JOB] [OPTIONS]",
               kDoctorText, kDoctorOptions, kDoctorAfter},
    CommandRow{"credentials", "Credentials", "make a key, seal credentials to it, and open them",
               "keygen|seal|open|federate [...]", kCredentialsText, kHelpOnly, kCredentialsAfter, Completes::kNothing},
    CommandRow{"credentials keygen", "Credentials", "make a private and a public key", "[FILE]", kKeygenText,
               kKeygenOptions, kKeygenAfter},
    CommandRow{"credentials seal", "Credentials", "print credentials, sealed to a public key",
               "[--to FILE] [OPTIONS] [-]", kSealText, kSealOptions, kSealAfter, Completes::kNothing},
    CommandRow{"credentials open", "Credentials", "open sealed credentials, and tell what they are",
               "[--key FILE] [OPTIONS] [VALUE|-]", kOpenText, kOpenOptions, kOpenAfter, Completes::kNothing},
    CommandRow{"credentials federate", "Credentials", "get credentials for a job's inputs alone, sealed",
               "[JOB] [--to FILE] [OPTIONS]", kFederateText, kFederateOptions, kFederateAfter},
    CommandRow{"help", "About quern", "show this help, or that of a command", "[COMMAND]",
               "Shows what quern can do, or what one command can do.", kHelpOnly, "Examples:\n  quern help run\n",
               Completes::kCommand},
    CommandRow{"version", "About quern", "show the version", "", "Shows the version of quern.", kHelpOnly, "",
               Completes::kNothing},
    CommandRow{"completion", "About quern", "print a script that lets bash complete commands, options and settings",
               "bash", "Prints a script for bash. Once it is loaded, the TAB key completes what you type after quern.",
               kHelpOnly, kCompletionAfter, Completes::kShell},
    // Started by quern itself next to its children: ends what they leave behind.
    CommandRow{"guard", "", "wait for the parent process to end, then end what it has left", "MARKER",
               "Started by quern itself.", kHelpOnly, "", Completes::kNothing},
};

}  // namespace

std::span<const CommandRow> command_rows() { return kCommands; }

const CommandRow* find_command(std::string_view name) {
  const auto* found =
      std::find_if(kCommands.begin(), kCommands.end(), [&](const CommandRow& command) { return command.name == name; });
  return found == kCommands.end() ? nullptr : found;
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
