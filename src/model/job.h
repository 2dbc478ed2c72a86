#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "model/compression.h"
#include "model/input.h"
#include "model/record_format.h"

// The job as plain values; job_file.h fills them from the job file, the environment and the command line.
// docs/job-file.md explains each key to the user.

namespace quern {

enum class Language { kPython, kJavascript, kBinary };
enum class Interface { kFunction, kLines, kFiles };
// kPairs: a further step maps pairs (model/pair.h). A job file cannot request it.
enum class RecordKind { kKeyedJson, kJson, kText, kPairs };
enum class ValuesKind { kList, kIterator };
enum class SortValues { kNone, kText, kNumeric };
enum class ResultFormat { kText, kCsv, kTsv, kJsonl };
enum class NotifyVia { kNone, kTaskcluster, kSmtp, kSendmail };

// What quern try does with a module: gives its debugger the terminal, or tells where its time goes.
enum class Attended { kAlone, kDebugged, kProfiled };

// Environment variables of a child by name: a fixed value, or nullopt to pass on the value from quern's own
// environment.
using EnvironmentRequest = std::map<std::string, std::optional<std::string>>;

// A mapper, combiner or reducer that runs in a child process.
struct Module {
  Language language = Language::kBinary;
  std::string script;      // as written in the job file: absolute, or relative to the job's folder
  std::string expression;  // instead of a script: what a function computes; "" if there is a script
  std::vector<std::string> arguments;
  Interface interface = Interface::kFiles;
  EnvironmentRequest environment;
  std::vector<int> ok_exit = {0};  // exit statuses that count as success
  // For `lines` and `files` mappers: whether each input gets its own child; nullopt: auto (see docs/modules.md).
  std::optional<bool> per_input;
  std::size_t concurrency = 1;  // for `function` mappers: records that an async function works on at once, in one child
  // What runs a python or javascript script: a path as written in the job file, or a name that is looked up on PATH; ""
  // if the job names none.
  std::string interpreter;
  Attended attended = Attended::kAlone;

  // What messages call it: the script, or some of the expression, in quotes and without the secrets of URLs.
  std::string name() const;
};

// What the names of some built-ins are inside quern. A job file cannot request the second one: `group` and `aggregate`
// make it.
inline constexpr std::string_view kQuantileName = "quantile";  // written as p95
inline constexpr std::string_view kColumnsName = "columns";

struct Column;

// {builtin: NAME, ...}: performed inside quern, without a child.
struct Builtin {
  std::string name;                // mapper: pairs, columns; combiner and reducer: those of model/aggregate.h
  std::uint64_t top_count = 0;     // N of top:N
  std::uint32_t quantile_ppm = 0;  // of pN, in millionths: 950,000 for p95
  std::vector<std::string> keys;   // for pairs and columns: paths into the record
  std::string value;               // for pairs: a path into the record, or a constant
  bool value_is_path = false;
  std::vector<Column> columns;  // for columns
};

// One entry of `aggregate:`.
struct Column {
  std::string name;
  Builtin aggregate;  // of a reducer
  std::string path;   // of the aggregated value; "" counts records
  std::string label;  // of a top:N with a label: the path of what each number is shown with; else ""
};

// The order of the result's lines.
struct ResultOrder {
  std::string by;  // the name of a column (model/result_shape.h)
  bool is_descending = false;
};

// Exactly one of the two is set.
struct Worker {
  std::optional<Module> module;
  std::optional<Builtin> builtin;
};

struct Step {
  Worker mapper;
  std::optional<Worker> combiner;
  std::optional<Worker> reducer;  // absent: a map-only job, with its result in input order
};

struct Downloads {
  std::size_t parallel = 8;
  std::size_t attempts = 10;
  std::chrono::milliseconds patience = std::chrono::minutes(1);  // with a server that is busy or down
  std::string directory = "s3";
  bool keep = false;
  AddressStyle address = AddressStyle::kAuto;
  bool requester_pays = false;
  bool show_query = false;         // for URLs in quern's output
  bool private_redirects = false;  // http::ClientOptions::private_redirects
};

struct JobLimits {
  std::optional<std::size_t> processes;                       // nullopt: auto, one per processor
  std::uint64_t memory_bytes = 1ULL << 30;                    // for the whole shuffle
  std::size_t attempts = 3;                                   // for one block, before its record is given up
  std::uint64_t bad_records = 0;                              // the job fails above this number
  std::uint64_t failed_inputs = 0;                            // the job fails above this number
  std::optional<std::uint64_t> records;                       // a run reads only the first ones; nullopt: all
  std::chrono::milliseconds timeout = std::chrono::hours(2);  // for one child, without progress
};

struct Notify {
  NotifyVia via = NotifyVia::kNone;
  bool on_completed = true;
  bool on_failed = true;
};

struct Job {
  std::string file;                // the job file's path, as it was opened
  std::string folder;              // absolute; scripts and the job file's inputs are relative to it
  std::vector<std::string> group;  // paths; `group` and `aggregate` stand for the first step's mapper and reducer
  std::vector<Column> aggregate;
  std::vector<Step> steps;          // the job's own mapper, combiner and reducer, then those of `steps:`; never empty
  std::vector<std::string> inputs;  // patterns as written; those of the job file are relative to `folder`
  std::optional<std::string> manifest;
  std::optional<std::string> filter;
  std::optional<std::string> index;
  std::optional<Compression> decompress;  // nullopt: auto
  RecordKind record = RecordKind::kKeyedJson;
  std::optional<RecordFormat> format;  // if set, `record` is kJson: what the decoder makes of the format
  std::vector<std::string> fields;
  std::string where_json = "{}";  // the `where:` map as JSON
  std::string separator = " ";
  ValuesKind values = ValuesKind::kList;
  SortValues sort_values = SortValues::kNone;  // whether a script reducer gets the values of a key in order
  bool typed = false;                          // a `function` reducer gets values that are numbers as numbers
  std::size_t reducers = 1;
  bool keep_parts = false;             // result.parts: keep
  std::string output = "result.txt";   // "-" is standard output
  std::optional<ResultOrder> order;    // of the result; nullopt: that of its keys, or of the inputs
  std::optional<std::uint64_t> first;  // only so many lines of the result
  ResultFormat result_format = ResultFormat::kText;
  Downloads downloads;
  JobLimits limits;
  std::string owner;
  Notify notify;
  std::string taskcluster_json = "{}";  // the `taskcluster:` map as JSON; the commands that use it check it
};

std::string_view name_of(Language language);
std::string_view name_of(Interface interface);
std::string_view name_of(RecordKind record);
std::string_view name_of(ResultFormat format);
// What the number of a record in its input counts, for messages: "line" (its first one), or the elements of a document
// or the pairs of an earlier step.
std::string_view counted_word(const Job& job);

}  // namespace quern
