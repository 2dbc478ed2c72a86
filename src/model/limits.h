#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

// Every queue, buffer, retry and timeout of quern, by name. What a user may change is in the job file's `limits:`; what
// stands here is fixed. Sizes are bytes.

namespace quern::limits {

inline constexpr std::size_t kKiB = 1024;
inline constexpr std::size_t kMiB = 1024 * kKiB;
inline constexpr std::size_t kGiB = 1024 * kMiB;

// A block is cut at the first record boundary at or below this size; see docs/decisions/0002.
inline constexpr std::size_t kBlockBytes = 1 * kMiB;
// A longer record is a bad record; its block may grow up to this size.
inline constexpr std::size_t kMaxRecordBytes = 64 * kMiB;
// How much of a too long record is kept for bad_records.txt.
inline constexpr std::size_t kKeptOfLongRecordBytes = 4 * kKiB;
// Blocks that wait between the decoders and the children, for each child.
inline constexpr std::size_t kQueuedBlocksPerChild = 2;
// Blocks sent to one child and not yet answered: it never waits for us.
inline constexpr std::size_t kBlocksInFlight = 2;

// Fetched files that wait for their mappers, or are mapped.
inline constexpr std::uint64_t kSpoolBytes = 4 * kGiB;

// What one read of a stored (compressed) file asks for.
inline constexpr std::size_t kReadBytes = 256 * kKiB;
// What a decoder may need for its window or dictionary: zstd --ultra --long=31, xz with a dictionary of 1.5 GiB.
inline constexpr std::size_t kDecodeWindowBytes = 2 * kGiB;
// An input of at least this stored size may be decoded by several threads; a smaller one is done before it pays.
inline constexpr std::uint64_t kParallelStoredBytes = 1 * kMiB;
// What is decoded by one thread at a time: small frames, members and blocks are joined up to the first size; one that
// is larger than the second, as stored or decoded, is no part, and its file is decoded by one thread.
inline constexpr std::size_t kPartBytes = 1 * kMiB;
inline constexpr std::size_t kMostPartBytes = 32 * kMiB;
// Decoded parts of one input that wait for their turn, and what one part may need for its window or dictionary.
inline constexpr std::size_t kDecodedAheadBytes = 128 * kMiB;
inline constexpr std::size_t kPartWindowBytes = 128 * kMiB;
// The index of an .xz file in memory; a longer one belongs to a file that one thread decodes.
inline constexpr std::size_t kXzIndexBytes = 64 * kMiB;

// Inputs of `lines` and `files` children that are too small for a child each share one: so many, of so many stored
// bytes together, or a part of all bytes within these bounds; see docs/decisions on batches.
inline constexpr std::uint64_t kLeastBatchBytes = 64 * kKiB;
inline constexpr std::uint64_t kBatchBytes = 16 * kMiB;
inline constexpr std::uint64_t kBatchParts = 1024;
inline constexpr std::size_t kSharedBatchInputs = 64;
// The same where the job asks for children that share; also of the small inputs that one decoder reads together.
inline constexpr std::size_t kBatchInputs = 1024;
// Of a script, where the names of variables are looked for.
inline constexpr std::size_t kSearchedScriptBytes = 16 * kMiB;

// Runs that one merge reads at once; with little limits.memory fewer, and smaller blocks of each.
inline constexpr std::size_t kMergeFanIn = 64;
inline constexpr std::size_t kLeastMergeFanIn = 8;
inline constexpr std::size_t kRunBlockBytes = 256 * kKiB;
inline constexpr std::size_t kLeastRunBlockBytes = 16 * kKiB;

// One line of a map task's result.
inline constexpr std::size_t kMaxPairBytes = 64 * kMiB;

inline constexpr std::size_t kPipeBytes = 1 * kMiB;
// A frame from a child that claims to be longer breaks the protocol.
inline constexpr std::size_t kMaxFrameBytes = 64 * kMiB;
// N of top:N: of one key up to twice as many numbers are held at once.
inline constexpr std::size_t kMaxTopCount = 1'000'000;
// What one block may give: more than this is refused with a clear error instead of filling the memory.
inline constexpr std::size_t kMaxBlockOutputBytes = 1 * kGiB;
// What a `lines` or `files` child gave for a batch that is not finished: beyond this it is held on disk.
inline constexpr std::size_t kHeldLinesBytes = 32 * kMiB;
// What a `function` reducer gave for one batch of groups, held until the batch is done. What is more is taken over at
// once, and then the batch cannot be given to another child.
inline constexpr std::size_t kHeldReducedBytes = 64 * kMiB;
// Last bytes of a child's standard error that are kept for the cause block, and the lines of them that are shown.
inline constexpr std::size_t kKeptLogBytes = 64 * kKiB;
inline constexpr std::size_t kShownLogLines = 20;
// Lines that modules print which are shown as they come, before only --verbose shows more.
inline constexpr std::size_t kShownModuleLines = 20;

// How long a child may take from its start until its module is loaded, unless limits.timeout is shorter.
inline constexpr std::chrono::seconds kSetupTimeout{300};
// How long a child that has answered everything may take to leave, and then how long after SIGTERM.
inline constexpr std::chrono::seconds kLeaveTimeout{10};
inline constexpr std::chrono::seconds kTermGrace{2};

inline constexpr std::size_t kMaxJobFileBytes = 1 * kMiB;
inline constexpr std::size_t kMaxManifestBytes = 1 * kGiB;
inline constexpr std::size_t kMaxProcesses = 1024;
inline constexpr std::size_t kMaxReducers = 10000;
// limits.memory may not be smaller: a shuffle cannot work in less.
inline constexpr std::uint64_t kMinMemoryBytes = 16 * kMiB;
inline constexpr std::size_t kMaxParallelDownloads = 1024;
// Of limits.attempts and downloads.attempts.
inline constexpr std::size_t kMaxAttempts = 1000;

// What libcurl receives at once, for each connection.
inline constexpr std::size_t kHttpBufferBytes = 256 * kKiB;
inline constexpr std::size_t kMaxUrlBytes = 64 * kKiB;
inline constexpr std::size_t kMaxRedirects = 10;
// A server that asks to be left alone for longer is asked again after this.
inline constexpr std::chrono::seconds kMaxRetryAfter{300};
// Of the body of an answer that refuses, and of what it says which is shown.
inline constexpr std::size_t kRefusalBodyBytes = 16 * kKiB;
inline constexpr std::size_t kMaxErrorTextBytes = 500;
// The same where a caller asked to read refusals.
inline constexpr std::size_t kKeptRefusalBytes = 1 * kMiB;
// A host that refuses for want of room, or is away: the pause between two attempts of all that is asked of it.
inline constexpr std::chrono::milliseconds kFirstHostPause{100};
inline constexpr std::chrono::milliseconds kLongestHostPause{4000};
// A transfer that takes this long for fewer bytes than that has stalled.
inline constexpr std::chrono::seconds kSlowWindow{30};
inline constexpr std::uint64_t kLeastBytesPerSecond = 1 * kKiB;
// The answer to a HEAD is worth a short wait only: getting the object tells the same.
inline constexpr std::chrono::seconds kHeadTimeout{5};
// How often transfers are looked at for a stall.
inline constexpr std::chrono::milliseconds kHttpLookInterval{500};

// Objects that are fetched: larger ones come in ranges of this size.
inline constexpr std::uint64_t kFetchPartBytes = 16 * kMiB;
// What is written at once of what comes; each transfer holds so much.
inline constexpr std::size_t kFetchWriteBytes = 512 * kKiB;
// How often one object is started over because it changed, or was not what its checksum says.
inline constexpr std::size_t kMaxRestarts = 1;
// Listings that one pattern is narrowed to by a filter, at most; beyond that all of the pattern is listed.
inline constexpr std::size_t kMaxNarrowedListings = 100;
// How often it is written down how much of a large object is there.
inline constexpr std::chrono::seconds kResumeStateInterval{1};
inline constexpr std::size_t kMaxResumeStateBytes = 16 * kMiB;
inline constexpr std::size_t kMaxKeptFilesBytes = 1 * kGiB;
// Of what came out of order, and is read again for its checksum.
inline constexpr std::size_t kDigestReadBytes = 256 * kKiB;
// Of one name and of a whole path in a file system.
inline constexpr std::size_t kMaxNameBytes = 255;
inline constexpr std::size_t kMaxPathBytes = 4000;

// Of a path into a record, as in `fields`; and how deep a record may be nested where quern looks into it itself.
inline constexpr std::size_t kMaxPathSteps = 100;
inline constexpr std::size_t kMaxJsonDepth = 1000;

// The value of CREDENTIALS, and the JSON that may be sealed in one: its base64 in JSON in base64 is still short enough.
inline constexpr std::size_t kMaxEnvelopeBytes = 64 * kKiB;
inline constexpr std::size_t kMaxCredentialsBytes = 32 * kKiB;
inline constexpr std::size_t kMaxKeyFileBytes = 64 * kKiB;
inline constexpr std::size_t kMaxProfileFileBytes = 1 * kMiB;
// Credentials that can be refreshed are, this long before they end; after a failure again only after a pause. None are
// signed with that end sooner than the last of these: a request takes a while to arrive, and clocks differ.
inline constexpr std::chrono::minutes kRefreshBeforeExpiry{5};
inline constexpr std::chrono::seconds kRefreshPause{30};
inline constexpr std::chrono::minutes kLeastCredentialLife{1};
// The metadata endpoints of containers and instances, which are near or not there.
inline constexpr std::chrono::seconds kMetadataTimeout{1};
inline constexpr std::size_t kMetadataAttempts = 2;
inline constexpr std::size_t kMaxMetadataBytes = 64 * kKiB;
// What AWS takes as the policy of a session, and as its name.
inline constexpr std::size_t kMaxSessionPolicyBytes = 2048;
inline constexpr std::size_t kMaxSessionNameBytes = 32;
inline constexpr std::chrono::seconds kLeastSessionLife{15 * 60};
inline constexpr std::chrono::seconds kLongestSessionLife{36 * 60 * 60};
// Of RSA keys: a new one, and those that are taken.
inline constexpr int kNewKeyBits = 3072;
inline constexpr int kLeastKeyBits = 2048;
inline constexpr int kMostKeyBits = 8192;

// What Taskcluster's Hawk takes: of an Authorization header, and of a path with its query. A certificate goes into it.
inline constexpr std::size_t kMaxHawkBytes = 4096;
inline constexpr std::size_t kMaxCertificateBytes = 4096;
// Temporary credentials of Taskcluster: how long they may live, and by how much its clock and ours may differ there.
inline constexpr std::chrono::hours kLongestTemporaryLife{31 * 24};
inline constexpr std::chrono::minutes kTaskclusterClockDifference{5};
// How its own clients repeat attempts. The proxy of a task repeats them itself, for up to a quarter of an hour.
inline constexpr std::size_t kTaskclusterAttempts = 6;
inline constexpr std::chrono::milliseconds kTaskclusterFirstWait{200};
inline constexpr std::chrono::milliseconds kTaskclusterLongestWait{30000};
inline constexpr std::size_t kTaskclusterProxyAttempts = 2;
// For how long a deployment that is busy or away is asked again, if the job does not say it, and at most: it takes a
// definition for a quarter of an hour after its time of creation. An outage that is shorter than this is not told of.
inline constexpr std::chrono::minutes kTaskclusterPatience{5};
inline constexpr std::chrono::minutes kMostTaskclusterPatience{10};
inline constexpr std::chrono::seconds kUntoldOutage{2};
inline constexpr std::chrono::minutes kTaskclusterProxyPatience{16};
// Of a request's body, and of the pages of a list, of which each has up to a thousand entries.
inline constexpr std::size_t kMaxTaskclusterBodyBytes = 10 * kMiB;
inline constexpr std::size_t kMaxTaskclusterPages = 100000;
inline constexpr std::size_t kMaxStatusesAtOnce = 1000;
// Of requests at a time where tasks are created or run again, which is what Mozilla's own tools send; and of an answer
// to one of them.
inline constexpr std::size_t kMostQuestionsAtOnce = 50;
inline constexpr std::size_t kMaxShortAnswerBytes = 1 * kMiB;
// A listing of a group has all definitions of its tasks, of which each may have more than a hundred KiB.
inline constexpr std::size_t kListedTasksAtOnce = 200;
// By how much this machine's clock may be wrong: what Taskcluster takes is a quarter of an hour.
inline constexpr std::chrono::minutes kMaxClockDifference{10};
// How a group of tasks is watched: how long it is waited between two looks, at first and later on; how long after its
// deadline a task is waited for; how often its display is drawn, and a plain line written where nothing changes.
inline constexpr std::chrono::milliseconds kFirstPollInterval{1000};
inline constexpr std::chrono::seconds kPollInterval{10};
inline constexpr std::chrono::milliseconds kLeastPollInterval{10};
inline constexpr std::chrono::hours kMostPollInterval{1};
inline constexpr std::chrono::minutes kDeadlineGrace{10};
inline constexpr std::chrono::seconds kGroupRedrawInterval{1};
inline constexpr std::chrono::seconds kQuietGroupLineInterval{30};
// Of a task.json, and of the file that remembers a job's last group.
inline constexpr std::size_t kMaxTaskReportBytes = 64 * kMiB;
inline constexpr std::size_t kMaxGroupFileBytes = 64 * kKiB;
inline constexpr std::size_t kMaxAnswerDepth = 200;
inline constexpr std::size_t kMaxArtifactNameBytes = 1024;
// How often an object's URL that has expired meanwhile is asked for anew.
inline constexpr std::size_t kMaxObjectDownloads = 5;
// Tasks whose parts are fetched at once, each by a thread of its own.
inline constexpr std::size_t kPartDownloads = 20;
// Of one task, as its queue counts them.
inline constexpr std::size_t kMaxTaskRuns = 1000;
// What its notify service takes of a mail, in characters.
inline constexpr std::size_t kMaxMailAddress = 254;
inline constexpr std::size_t kMaxMailSubject = 255;
inline constexpr std::size_t kMaxMailContent = 102400;
inline constexpr std::size_t kMaxMailLinkText = 40;
inline constexpr std::size_t kMaxMailLinkUrl = 1024;
// A mail by SMTP: one attempt to send it, connecting, how often it is tried and how long it is waited between two
// attempts; and a program that takes a mail, as sendmail does.
inline constexpr std::chrono::seconds kMailTimeout{60};
inline constexpr std::chrono::seconds kMailConnectTimeout{15};
inline constexpr std::size_t kMailAttempts = 2;
inline constexpr std::chrono::seconds kMailRetryWait{2};
inline constexpr std::chrono::seconds kSendmailTimeout{60};
// Of what such a program says, and of why a job failed, in a mail about it.
inline constexpr std::size_t kKeptSendmailBytes = 4 * kKiB;
inline constexpr std::size_t kMailedDetailsBytes = 16 * kKiB;
// The names of buckets that its auth service gives credentials for.
inline constexpr std::size_t kLeastBucketName = 3;
inline constexpr std::size_t kMostBucketName = 64;

// The folder of a job that travels with each of its tasks: as text in one variable of the environment, of which Linux
// takes 128 KiB; as an archive before it is compressed; and the files and folders in it.
inline constexpr std::size_t kMaxJobPackBytes = 96 * kKiB;
inline constexpr std::size_t kMaxJobFolderBytes = 16 * kMiB;
inline constexpr std::size_t kMaxJobPackEntries = 4096;

// What is written at once of a plan's tasks.
inline constexpr std::size_t kPrintedAtOnceBytes = 256 * kKiB;
// Tasks of a job: how many one may wait for, so that their ids fit into one argument of a program; of the inputs of one
// map task; and of their scopes in characters, which travel twice in one header of Hawk.
inline constexpr std::size_t kMaxFanIn = 5000;
inline constexpr std::size_t kMaxLoadFiles = 10000;
inline constexpr std::size_t kMaxTaskScopes = 1100;
// What Taskcluster's queue takes of a task.
inline constexpr std::size_t kMaxTaskRoutes = 64;
inline constexpr std::size_t kMaxTaskRoute = 249;
inline constexpr std::size_t kMaxTaskRetries = 49;
inline constexpr std::size_t kMaxTaskName = 255;
inline constexpr std::size_t kMaxTaskDescription = 32768;
inline constexpr std::size_t kMaxTaskSource = 4096;
inline constexpr std::size_t kMaxProjectId = 500;
inline constexpr std::chrono::hours kMaxTaskLife{5 * 24};
inline constexpr std::chrono::hours kMaxTaskExpiry{10 * 365 * 24};
// What Linux takes as one argument or variable of a program, with its last zero; and, below the usual limit of the
// stack, of all of them.
inline constexpr std::size_t kMaxArgumentBytes = 128 * kKiB;
inline constexpr std::size_t kMaxArgumentsBytes = 1 * kMiB;

// What quern doctor asks of a machine. Open files: of a run without children (the runs of a merge, the files that are
// read and written), of each child (its pipes, its process, its files), and of each transfer (its connection, its
// file).
inline constexpr std::uint64_t kOpenFilesOfARun = 128;
inline constexpr std::uint64_t kOpenFilesOfAChild = 10;
inline constexpr std::uint64_t kOpenFilesOfATransfer = 4;
// Less room than this is none: for what children and spilled runs leave, and for a result.
inline constexpr std::uint64_t kLeastScratchBytes = 64 * kMiB;
inline constexpr std::uint64_t kLeastResultBytes = 1 * kMiB;
// How long it waits for a server, and how often it asks; what it reads of an answer.
inline constexpr std::chrono::seconds kDoctorConnectTimeout{5};
inline constexpr std::chrono::seconds kDoctorTimeout{10};
inline constexpr std::size_t kDoctorAttempts = 2;
inline constexpr std::size_t kMaxDoctorAnswerBytes = 1 * kMiB;
// A clock that differs by less is right.
inline constexpr std::chrono::seconds kGoodClockDifference{30};
// S3 refuses signatures that are older, or younger, than this.
inline constexpr std::chrono::minutes kS3ClockDifference{15};
// Credentials that end sooner may not last for a run.
inline constexpr std::chrono::hours kSoonEnding{1};

// Failed inputs and bad records that are shown one by one on the terminal; result.json has all failed inputs.
inline constexpr std::size_t kShownFailures = 10;
// Failed tasks whose own words are fetched: two requests for each, while the watch waits.
inline constexpr std::size_t kExplainedFailures = 100;
// Running tasks that are shown as those that take longest.
inline constexpr std::size_t kShownSlowTasks = 3;
// Failed inputs and counters that the closing accounting lists as text.
inline constexpr std::size_t kListedFailures = 100;
inline constexpr std::size_t kListedCounters = 100;
// Counters that a job may have; what further ones count goes to one counter for all of them.
inline constexpr std::size_t kMaxCounters = 10000;

// How often the live display is drawn, a plain line is written, and --json sums up what happens too often to be said.
inline constexpr std::chrono::milliseconds kRedrawInterval{125};
inline constexpr std::chrono::seconds kPlainLineInterval{10};
inline constexpr std::chrono::milliseconds kProgressEventInterval{200};
// Throughput and the time left are reckoned over this long a stretch before now.
inline constexpr std::chrono::seconds kRateWindow{15};
// Lines that wait for a slow terminal; further ones are left out with a note.
inline constexpr std::size_t kQueuedViewLines = 10000;

}  // namespace quern::limits
