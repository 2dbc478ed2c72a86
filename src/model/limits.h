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

// How much of a too long record is kept for bad_records.txt.
inline constexpr std::size_t kKeptOfLongRecordBytes = 4 * kKiB;

// Blocks sent to one child and not yet answered: it never waits for us.
inline constexpr std::size_t kBlocksInFlight = 2;

// Fetched files that wait for their mappers, or are mapped.
inline constexpr std::uint64_t kSpoolBytes = 4 * kGiB;

// What one read of a stored (compressed) file asks for.
inline constexpr std::size_t kReadBytes = 256 * kKiB;

// An input of at least this stored size may be decoded by several threads; a smaller one is done before it pays.
inline constexpr std::uint64_t kParallelStoredBytes = 1 * kMiB;

// The same where the job asks for children that share; also of the small inputs that one decoder reads together.
inline constexpr std::size_t kBatchInputs = 1024;

inline constexpr std::size_t kPipeBytes = 1 * kMiB;

// A frame from a child that claims to be longer breaks the protocol.
inline constexpr std::size_t kMaxFrameBytes = 64 * kMiB;

// What a `lines` or `files` child gave for a batch that is not finished: beyond this it is held on disk.
inline constexpr std::size_t kHeldLinesBytes = 32 * kMiB;

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

// Of the body of an answer that refuses, and of what it says which is shown.
inline constexpr std::size_t kRefusalBodyBytes = 16 * kKiB;
inline constexpr std::size_t kMaxErrorTextBytes = 500;

// The answer to a HEAD is worth a short wait only: getting the object tells the same.
inline constexpr std::chrono::seconds kHeadTimeout{5};

// How often transfers are looked at for a stall.
inline constexpr std::chrono::milliseconds kHttpLookInterval{500};

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

// Tasks whose parts are fetched at once, each by a thread of its own.
inline constexpr std::size_t kPartDownloads = 20;

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

// The folder of a job that travels with each of its tasks: as text in one variable of the environment, of which Linux
// takes 128 KiB; as an archive before it is compressed; and the files and folders in it.
inline constexpr std::size_t kMaxJobPackBytes = 96 * kKiB;
inline constexpr std::size_t kMaxJobFolderBytes = 16 * kMiB;
inline constexpr std::size_t kMaxJobPackEntries = 4096;

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

// Failed inputs and bad records that are shown one by one on the terminal; result.json has all failed inputs.
inline constexpr std::size_t kShownFailures = 10;

// Failed inputs and counters that the closing accounting lists as text.
inline constexpr std::size_t kListedFailures = 100;
inline constexpr std::size_t kListedCounters = 100;

// How often the live display is drawn, a plain line is written, and --json sums up what happens too often to be said.
inline constexpr std::chrono::milliseconds kRedrawInterval{125};
inline constexpr std::chrono::seconds kPlainLineInterval{10};
inline constexpr std::chrono::milliseconds kProgressEventInterval{200};

}  // namespace quern::limits
