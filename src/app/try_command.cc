#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <iterator>
#include <numeric>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "app/cli/console.h"
#include "app/cli/signals.h"
#include "app/commands.h"
#include "app/job/load_job.h"
#include "app/job/result_folder.h"
#include "app/job/run_inputs.h"
#include "app/run/map_phase.h"
#include "app/run/run.h"
#include "app/run/run_session.h"
#include "app/run/shaped_result.h"
#include "app/try/trial.h"
#include "base/fd.h"
#include "base/shown_url.h"
#include "model/limits.h"
#include "services/credentials/core_dumps.h"
#include "services/disk/files.h"
#include "services/json/condition.h"
#include "services/json/record_line.h"
#include "services/process/child.h"
#include "services/process/interpreter.h"
#include "views/terminal/view.h"

namespace quern::app {
namespace {

constexpr std::uint64_t kRecords = 10;
constexpr std::uint64_t kProfiledRecords = 10'000;
constexpr std::size_t kMostResultBytes = 64 * limits::kMiB;
// Records, inputs and groups that fail are shown, and do not end the trial.
constexpr std::uint64_t kNoLimit = UINT64_C(1) << 53;

bool is_function(const Worker& worker) {
  return worker.module.has_value() && worker.module->interface == Interface::kFunction;
}

// The part of --at before the last colon, and the number behind it.
struct Place {
  std::string file;
  std::uint64_t line = 1;
};

Result<Place> place_of(const std::string& at) {
  const std::size_t colon = at.rfind(':');
  Place place{.file = at.substr(0, colon)};
  if (colon != std::string::npos && colon > 0) {
    const char* end = at.data() + at.size();
    auto parsed = std::from_chars(at.data() + colon + 1, end, place.line);
    if (parsed.ec == std::errc() && parsed.ptr == end && place.line > 0) return place;
  }
  return bad_config(
      fmt::format("try: --at is '{}'; it must be a file and the number of a line, as in data/a.json:12", at));
}

// The module that is debugged or profiled: the first function in Python or JavaScript.
Result<void> attend(const CommandLine& line, Job& job) {
  if (!line.trial.debug && !line.trial.profile) return {};
  const std::string_view option = line.trial.debug ? "--debug" : "--profile";
  if (line.trial.debug && ::isatty(STDIN_FILENO) == 0) {
    return bad_config("try: --debug needs a terminal, and standard input is not one");
  }
  for (Step& step : job.steps) {
    for (Worker* worker : {&step.mapper, step.reducer.has_value() ? &*step.reducer : nullptr}) {
      if (worker == nullptr || !is_function(*worker)) continue;
      worker->module->attended = line.trial.debug ? Attended::kDebugged : Attended::kProfiled;
      return {};
    }
  }
  return bad_config(
      fmt::format("try: {} is for functions in Python or JavaScript, and {} does not have any", option, job.file));
}

// Changes what differs from a run: nothing is written, and failures are shown instead of ending it.
void prepare(Job& job, const std::string& scratch) {
  job.output = scratch + "/result.txt";
  if (!job.downloads.keep) job.downloads.directory = scratch + "/s3";
  job.keep_parts = false;
  job.limits.records.reset();
  job.limits.processes = 1;
  job.limits.attempts = 1;
  job.limits.bad_records = job.limits.failed_inputs = kNoLimit;
}

TrialOptions trial_options(const CommandLine& line, const Job& job, std::uint64_t first_line) {
  const bool shows_records = !line.trial.profile;
  const Worker& mapper = job.steps.front().mapper;
  const bool is_program = mapper.module.has_value() && !is_function(mapper);
  const std::uint64_t usual = line.trial.profile ? kProfiledRecords : line.trial.at.empty() ? kRecords : 1;
  return {.records = line.trial.records.value_or(usual),
          .first_line = first_line,
          .seed = line.trial.seed,
          .one_by_one = shows_records && !is_program,
          .is_program = is_program,
          .shows_records = shows_records,
          .shows_early = line.trial.debug};
}

TrialText::Options text_options(const Job& job) {
  const Step& first = job.steps.front();
  const bool is_program = first.mapper.module.has_value() && !is_function(first.mapper);
  TrialText::Options options{
      .separator = job.separator,
      .has_pairs = !is_program && (first.reducer.has_value() || job.steps.size() > 1 || !last_output(job).is_text)};
  if (first.mapper.builtin.has_value()) {
    for (const Column& column : first.mapper.builtin->columns) options.columns_of_pairs.push_back(column.name);
  }
  const auto terminal = view::choose_terminal_options(STDOUT_FILENO, ::isatty(STDOUT_FILENO) == 1, std::getenv);
  if (!terminal.is_terminal) return options;
  options.columns = view::screen_size(terminal, Fd(::dup(STDOUT_FILENO))).columns;
  options.color = terminal.style.color;
  return options;
}

// Keeps as many inputs as records are wanted, drawn with the seed, in their order.
void draw_inputs(InputList& list, std::uint64_t records, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::vector<InputOrdinal> all(list.inputs.size());
  std::iota(all.begin(), all.end(), InputOrdinal{0});
  std::vector<InputOrdinal> drawn;
  std::sample(all.begin(), all.end(), std::back_inserter(drawn), records, random);
  PackedInputs kept;
  for (InputOrdinal input : drawn) kept.append(list.inputs[input]);
  list.inputs = std::move(kept);
}

std::string reducer_name(const Job& job) {
  const Step& last = job.steps.back();
  if (!job.aggregate.empty() && job.steps.size() == 1) return "aggregate";
  const Worker& worker = last.reducer.has_value() ? *last.reducer : last.mapper;
  return worker.module.has_value() ? worker.module->name() : fmt::format("{{builtin: {}}}", worker.builtin->name);
}

// Finds out whether `where` keeps a record. Keeps lines that are not valid records, too, because quern try shows them.
class WhereReader {
 public:
  WhereReader(json::Selection selection, RecordKind kind)
      : where_(std::move(selection.where)), plan_(json::wanted_of({.where = where_})), lines_(plan_, kind) {}
  bool has_conditions() const { return !where_.empty(); }
  bool keeps(std::string_view line) {
    using Outcome = json::RecordLineReader::Outcome;
    return where_.empty() || lines_.read(line, nothing_) != Outcome::kRecord ||
           json::all_hold(where_, lines_.captures(), scratch_);
  }

 private:
  const std::vector<json::Condition> where_;
  const json::Plan plan_;
  json::RecordLineReader lines_;
  Buffer nothing_;
  std::string scratch_;
};

Error no_records(const std::optional<Place>& place, const Trial::Seen& seen, bool is_drawn_by_where) {
  if (seen.dropped > 0) {
    return bad_input(fmt::format("none of the first {} records passes `where`", seen.dropped));
  }
  if (place.has_value()) {
    return bad_input(fmt::format("there is no record at line {} of {}", place->line, shown_url(place->file)));
  }
  if (is_drawn_by_where) {
    return bad_input("no record at the beginning of the inputs that were drawn passes `where`");
  }
  return bad_input("the inputs have no records");
}

// With `where`, so many times as many inputs are drawn, because some may have no record that it keeps.
constexpr std::uint64_t kDrawnForWhere = 10;

Result<int> try_job(const CommandLine& line, Job job, const std::optional<Place>& place) {
  // The trial writes nothing there, but the job's own results are never its inputs.
  const ResultFolder results(result_paths(job.output, run_results(job)));
  TRY_ASSIGN(const auto scratch, disk::ScratchFolder::make(line.scratch));
  const Job as_written = job;
  prepare(job, scratch.path());
  TRY(attend(line, job));
  const bool reads_whole =
      job.steps.front().mapper.module.has_value() && job.steps.front().mapper.module->interface == Interface::kFiles;
  const TrialOptions options = trial_options(line, job, place.has_value() ? place->line : 1);
  const TrialText text(text_options(job));
  RunSession* running = nullptr;
  auto input_name = [&running](InputOrdinal input) { return running->input_name()(input); };
  Signals::block();  // because views have threads
  auto others = view::make_terminal_view({.style = terminal_options(line).style, .input_name = input_name});
  Trial trial(options, text, input_name, print, *others);
  TRY_ASSIGN(json::Selection selection, selection_of(job));
  WhereReader where(std::move(selection), job.record);
  RunSession session(line, job, &trial);
  running = &session;
  TRY(session.open());
  auto list = [&]() -> Result<InputList> {
    TRY_ASSIGN(InputList listed, list_run_inputs(as_written, line, session.remote().peers(session.events()),
                                                 &results.own_files(), session.stop()));
    const std::uint64_t drawn_inputs = options.records * (where.has_conditions() ? kDrawnForWhere : 1);
    if (options.seed.has_value()) draw_inputs(listed, drawn_inputs, *options.seed);
    if (reads_whole && !listed.inputs.empty()) listed.inputs = std::vector{listed.inputs[0]};
    trial.draw_from(std::max<std::size_t>(1, listed.inputs.size()),
                    [&where](std::string_view record) { return where.keeps(record); });
    return listed;
  };
  auto was_stopped = [&session](const auto& result) {
    return !result.ok() && result.error().kind == ErrorKind::kStopped && session.stopped_by() != 0;
  };
  auto listed = session.list_inputs(list, [&] { return std::filesystem::path(job.folder).filename().string(); });
  if (was_stopped(listed)) return 128 + session.stopped_by();
  TRY(std::move(listed));
  auto result = session.work([&](Run run) {
    if (!reads_whole) run.sample = &trial;
    run.folder = nullptr;
    run.watch_output = [&](std::unique_ptr<BlockSink> sink) { return trial.showing(std::move(sink)); };
    return run_job(run);
  });
  if (line.trial.debug) process::take_terminal_back();
  const Accounting accounting = session.close(result);
  others.reset();
  if (was_stopped(result)) return 128 + session.stopped_by();
  if (auto failure = trial.failure()) return *std::move(failure);
  if (!result.ok()) return std::move(result).error();
  const Trial::Seen seen = trial.seen();
  if (seen.records == 0 && !reads_whole && accounting.inputs_failed == 0) {
    return no_records(place, seen, options.seed.has_value() && where.has_conditions());
  }
  if (seen.records < options.records && seen.dropped >= Trial::kMostDropped) {
    print_to_stderr(fmt::format("stopped after {} records that `where` dropped; {} of {} found\n", seen.dropped,
                                seen.records, options.records));
  }
  const bool has_result = job.steps.size() > 1 || job.steps.back().reducer.has_value();
  if (has_result && !line.trial.profile) {
    TRY_ASSIGN(const std::string lines, read_file(job.output, kMostResultBytes));
    TRY(print(text.result(reducer_name(job), lines)));
  }
  const bool has_failures = accounting.records_bad + accounting.groups_bad + accounting.inputs_failed > 0;
  return has_failures ? 3 : 0;
}

Result<int> load_and_try(const CommandLine& line) {
  CommandLine own = line;
  std::optional<Place> place;
  if (!line.trial.at.empty()) {
    TRY_ASSIGN(place, place_of(line.trial.at));
    own.inputs = {place->file};
  }
  TRY_ASSIGN(const LoadedJob loaded, load_job(line));
  TRY(check_job(loaded.file.job));
  return try_job(own, loaded.file.job, place);
}

}  // namespace

int try_command(const CommandLine& line) {
  std::optional<credentials::NoCoreDumps> no_core_dumps;
  if (process::environment_has_secrets()) no_core_dumps.emplace();
  auto status = load_and_try(line);
  return status.ok() ? status.value() : print_error(status.error());
}

}  // namespace quern::app
