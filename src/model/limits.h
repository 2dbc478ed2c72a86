#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

// The limits of quern that its folders share, by name: queues, buffers, retries and timeouts. These are fixed; what a
// user may change is in the job file's `limits:`. Sizes are in bytes.

namespace quern::limits {

inline constexpr std::size_t kKiB = 1024;
inline constexpr std::size_t kMiB = 1024 * kKiB;
inline constexpr std::size_t kGiB = 1024 * kMiB;

// A block ends at the last record boundary within this size; see docs/decisions/0002.
inline constexpr std::size_t kBlockBytes = 1 * kMiB;

// How much of an overlong record is kept for bad_records.txt.
inline constexpr std::size_t kKeptOfLongRecordBytes = 4 * kKiB;

// Units, or batches of keys, sent to one child and not yet answered, so that the child never waits for quern.
inline constexpr std::size_t kFramesInFlight = 2;

// Fetched files that wait for their mappers or are being mapped.
inline constexpr std::uint64_t kSpoolBytes = 4 * kGiB;

// The size of one read from a stored (compressed) file.
inline constexpr std::size_t kReadBytes = 256 * kKiB;

// The least stored size of an input that several threads may decode; for a smaller one that does not pay off.
inline constexpr std::uint64_t kParallelStoredBytes = 1 * kMiB;

// The most inputs of one mapper child if the job sets `per_input: no`; also the most small inputs that one decoder
// reads together.
inline constexpr std::size_t kBatchInputs = 1024;

inline constexpr std::size_t kPipeBytes = 1 * kMiB;

// A longer frame from a child is a protocol error.
inline constexpr std::size_t kMaxFrameBytes = 64 * kMiB;

// Output of a `lines` or `files` child for an unfinished batch that is kept in memory; the rest is kept on disk.
inline constexpr std::size_t kHeldLinesBytes = 32 * kMiB;

// The time from a child's start until its module must be loaded, unless limits.timeout is shorter.
inline constexpr std::chrono::seconds kSetupTimeout{300};

// How long a child that has answered everything may take to exit, and again after SIGTERM.
inline constexpr std::chrono::seconds kLeaveTimeout{10};
inline constexpr std::chrono::seconds kTermGrace{2};

inline constexpr std::size_t kMaxJobFileBytes = 1 * kMiB;
inline constexpr std::size_t kMaxManifestBytes = 1 * kGiB;
inline constexpr std::size_t kMaxProcesses = 1024;
inline constexpr std::size_t kMaxReducers = 10000;

// The least value of limits.memory; the shuffle cannot work with less.
inline constexpr std::uint64_t kMinMemoryBytes = 16 * kMiB;
inline constexpr std::size_t kMaxParallelDownloads = 1024;

// How much of a refusal's body is read, and how much of its text is shown.
inline constexpr std::size_t kRefusalBodyBytes = 16 * kKiB;
inline constexpr std::size_t kMaxErrorTextBytes = 500;

// A HEAD request is worth only a short wait, because fetching the object provides the same information.
inline constexpr std::chrono::seconds kHeadTimeout{5};

// How often transfers are checked for a stall.
inline constexpr std::chrono::milliseconds kHttpLookInterval{500};

// The read size for data that arrived out of order and is read again for its checksum.
inline constexpr std::size_t kDigestReadBytes = 256 * kKiB;

// The longest name and the longest path in a file system.
inline constexpr std::size_t kMaxNameBytes = 255;
inline constexpr std::size_t kMaxPathBytes = 4000;

// The most steps of a path into a record, as in `fields`, and the deepest nesting of a record that quern itself parses.
inline constexpr std::size_t kMaxPathSteps = 100;
inline constexpr std::size_t kMaxJsonDepth = 1000;

// The longest value of CREDENTIALS, and the longest JSON that may be sealed in one: short enough to fit after base64 in
// JSON in base64.
inline constexpr std::size_t kMaxEnvelopeBytes = 64 * kKiB;
inline constexpr std::size_t kMaxCredentialsBytes = 32 * kKiB;
inline constexpr std::size_t kMaxKeyFileBytes = 64 * kKiB;
inline constexpr std::size_t kMaxProfileFileBytes = 1 * kMiB;

// How long requests to a busy or unavailable deployment are repeated: the default and the maximum for a job.
// Taskcluster accepts a task definition until a quarter of an hour after its time of creation. Outages shorter than
// kUntoldOutage are not reported.
inline constexpr std::chrono::minutes kTaskclusterPatience{5};
inline constexpr std::chrono::minutes kMostTaskclusterPatience{10};
inline constexpr std::chrono::seconds kUntoldOutage{2};
inline constexpr std::chrono::minutes kTaskclusterProxyPatience{16};

// The longest request body, the most pages of a list, and the most entries per page.
inline constexpr std::size_t kMaxTaskclusterBodyBytes = 10 * kMiB;
inline constexpr std::size_t kMaxTaskclusterPages = 100000;
inline constexpr std::size_t kMaxStatusesAtOnce = 1000;

// The most concurrent requests that create or rerun tasks, which is the number that Mozilla's own tools use, and the
// longest answer to one of them.
inline constexpr std::size_t kMostQuestionsAtOnce = 50;
inline constexpr std::size_t kMaxShortAnswerBytes = 1 * kMiB;

// The most by which this machine's clock may be wrong. Taskcluster accepts a quarter of an hour.
inline constexpr std::chrono::minutes kMaxClockDifference{10};

// How a group of tasks is watched: the interval between polls, at first, later, at least and at most; how long to wait
// for a task after its deadline; how often the display is drawn, and how often a plain line is written if nothing
// changes.
inline constexpr std::chrono::milliseconds kFirstPollInterval{1000};
inline constexpr std::chrono::seconds kPollInterval{10};
inline constexpr std::chrono::milliseconds kLeastPollInterval{10};
inline constexpr std::chrono::hours kMostPollInterval{1};
inline constexpr std::chrono::minutes kDeadlineGrace{10};
inline constexpr std::chrono::seconds kGroupRedrawInterval{1};
inline constexpr std::chrono::seconds kQuietGroupLineInterval{30};

// The longest task.json and the longest file that remembers a job's last group, the deepest nesting of an answer, and
// the longest name of an artifact.
inline constexpr std::size_t kMaxTaskReportBytes = 64 * kMiB;
inline constexpr std::size_t kMaxGroupFileBytes = 64 * kKiB;
inline constexpr std::size_t kMaxAnswerDepth = 200;
inline constexpr std::size_t kMaxArtifactNameBytes = 1024;

// Tasks whose parts are fetched concurrently, each by its own thread.
inline constexpr std::size_t kPartDownloads = 20;

// What Taskcluster's notify service accepts in a mail, in characters.
inline constexpr std::size_t kMaxMailAddress = 254;
inline constexpr std::size_t kMaxMailSubject = 255;
inline constexpr std::size_t kMaxMailContent = 102400;
inline constexpr std::size_t kMaxMailLinkText = 40;
inline constexpr std::size_t kMaxMailLinkUrl = 1024;

// Mail by SMTP: timeouts for one attempt and for its connection, the number of attempts, and the wait between them; and
// the timeout for a program that takes a mail, as sendmail does.
inline constexpr std::chrono::seconds kMailTimeout{60};
inline constexpr std::chrono::seconds kMailConnectTimeout{15};
inline constexpr std::size_t kMailAttempts = 2;
inline constexpr std::chrono::seconds kMailRetryWait{2};
inline constexpr std::chrono::seconds kSendmailTimeout{60};

// The job folder that is sent with each task: as text in one environment variable, for which Linux allows 128 KiB; as
// an uncompressed archive; and the number of files and folders in it.
inline constexpr std::size_t kMaxJobPackBytes = 96 * kKiB;
inline constexpr std::size_t kMaxJobFolderBytes = 16 * kMiB;
inline constexpr std::size_t kMaxJobPackEntries = 4096;

// What Taskcluster's queue accepts in a task.
inline constexpr std::size_t kMaxTaskRoutes = 64;
inline constexpr std::size_t kMaxTaskRoute = 249;
inline constexpr std::size_t kMaxTaskRetries = 49;
inline constexpr std::size_t kMaxTaskName = 255;
inline constexpr std::size_t kMaxTaskDescription = 32768;
inline constexpr std::size_t kMaxTaskSource = 4096;
inline constexpr std::size_t kMaxProjectId = 500;
inline constexpr std::chrono::hours kMaxTaskLife{5 * 24};
inline constexpr std::chrono::hours kMaxTaskExpiry{10 * 365 * 24};

// Failed inputs and bad records that are shown one by one on the terminal; result.json lists all failed inputs.
inline constexpr std::size_t kShownFailures = 10;

// Failed inputs and counters that the final accounting lists as text.
inline constexpr std::size_t kListedFailures = 100;
inline constexpr std::size_t kListedCounters = 100;

// How often the live display is drawn, how often a plain line is written, and how often --json summarises frequent
// events.
inline constexpr std::chrono::milliseconds kRedrawInterval{125};
inline constexpr std::chrono::seconds kPlainLineInterval{10};
inline constexpr std::chrono::milliseconds kProgressEventInterval{200};

}  // namespace quern::limits
