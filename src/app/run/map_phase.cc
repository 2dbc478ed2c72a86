#include "app/run/map_phase.h"

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "app/remote/input_supply.h"
#include "app/run/event_sinks.h"
#include "app/run/input_opener.h"
#include "app/run/reduce_phase.h"
#include "app/run/suggested_fields.h"
#include "base/task_group.h"
#include "model/limits.h"
#include "services/json/selection.h"
#include "services/process/guard.h"
#include "stages/decode/decode.h"
#include "stages/mapper/mapper.h"
#include "stages/mapper/pairs_mapper.h"
#include "stages/mapper/unit_queue.h"

namespace quern::app {
namespace {

// A longer record is a bad record. A block with one record may grow up to this size.
constexpr std::size_t kMaxRecordBytes = 64 * limits::kMiB;
// How many blocks may wait between the decoders and the children, for each child.
constexpr std::size_t kQueuedBlocksPerChild = 2;

// A sample is read by one thread, in the order of the inputs.
std::size_t readers(const Run& run) { return run.sample == nullptr ? run.processes : 1; }

// Reads one run of inputs after another, each as soon as it has arrived, until none is left. The last decoder to end
// closes the queue.
class Decoders {
 public:
  Decoders(const Run& run, const InputReading& reading, InputOpener& opener, mapper::UnitQueue& blocks)
      : run_(run), reading_(reading), blocks_(blocks), runs_(opener.runs()), queue_(opener.queue(runs_)) {}

  void spawn_in(TaskGroup& group) {
    std::size_t count = std::min(readers(run_), runs_.size());
    working_ = count;
    if (count == 0) blocks_.close();
    for (std::size_t i = 1; i <= count; ++i) {
      group.spawn("decoder " + std::to_string(i), [this](const std::stop_token& stop) { return decode_runs(stop); });
    }
  }

 private:
  Result<void> decode_runs(const std::stop_token& stop) {
    while (auto next = queue_->next(stop)) TRY(decode_run(runs_[*next], stop));
    if (stop.stop_requested()) return stopped();
    if (--working_ == 0) blocks_.close();
    return {};
  }

  Result<void> decode_run(const InputRun& run, const std::stop_token& stop) {
    auto source = open_selected(reading_, run, *run_.events, stop);
    while (true) {
      Block block;
      auto more = source->next(block);
      // A failed input does not end the run: it was reported, and the policy decides.
      if (!more.ok() || !more.value()) return {};
      if (!blocks_.push(std::move(block), stop)) return stopped();
    }
  }

  const Run& run_;
  const InputReading& reading_;
  mapper::UnitQueue& blocks_;
  const std::vector<InputRun> runs_;
  const std::unique_ptr<WorkQueue> queue_;
  std::atomic<std::size_t> working_ = 0;
};

mapper::MapperOptions mapper_options(const Run& run, PairOutput form) {
  return {.module = &*run.step().mapper.module,
          .job_folder = run.job->folder,
          .scratch_folder = run.scratch_folder,
          .record = run.job->record,
          .counted = counted_word(*run.job),
          .separator = run.job->separator,
          .output = form,
          .rule = ValueRule(run.step(), mapped_between(*run.job, run.step())),
          .processes = run.processes,
          .attempts = run.job->limits.attempts,
          .timeout = run.job->limits.timeout,
          .held_bytes = std::min<std::uint64_t>(held_output_bytes(*run.job) / run.processes, limits::kHeldLinesBytes)};
}

// The mapper is quern itself, so there are neither children nor a queue.
Result<void> run_pairs_mapper(const Run& run, const MapOutput& output, const json::Selection& selection,
                              InputOpener& opener, BufferPool& pool, const std::stop_token& stop) {
  TRY_ASSIGN(const mapper::Pairs pairs, mapper::parse_pairs(*run.step().mapper.builtin));
  mapper::PairsOptions options{.pairs = pairs,
                               .where = selection.where,
                               .record = run.job->record,
                               .are_flat = run.job->format.has_value() && is_flat(*run.job->format),
                               .separator = run.job->separator,
                               .output = output.form,
                               .rule = ValueRule(run.step(), kBetweenInside),
                               .empty_is_missing = run.job->format.has_value() && has_only_texts(*run.job->format),
                               .threads = readers(run),
                               .watch = selection.watch};
  mapper::PairsPeers peers{.pool = pool, .events = *run.events, .make_sink = output.make_sink};
  return mapper::run_pairs_mappers(options, peers, opener, stop);
}

// With fewer large inputs than processors, some processors would otherwise have nothing to decode.
std::size_t threads_per_input(const Run& run) {
  std::size_t large = 0;
  for (const InputView& input : run.inputs->inputs) {
    if (input.stored_bytes >= limits::kParallelStoredBytes) ++large;
  }
  return large == 0 ? 1 : std::max<std::size_t>(1, (run.processes + large - 1) / large);
}

// Only tests set this variable: the result must not depend on where blocks are cut.
std::size_t block_bytes() {
  const char* text = std::getenv("QUERN_TEST_BLOCK_BYTES");  // NOLINT(concurrency-mt-unsafe): nothing here calls setenv
  std::size_t bytes = text == nullptr ? 0 : std::strtoull(text, nullptr, 10);
  return bytes == 0 ? limits::kBlockBytes : std::clamp<std::size_t>(bytes, 16, limits::kBlockBytes);
}

// In the order in which a mapper captures them.
std::vector<WantedPath> wanted_paths(const Run& run, const json::Selection& selection) {
  std::vector<WantedPath> paths;
  auto add = [&paths](const char* setting, const std::string& path) {
    paths.push_back({.setting = setting, .path = path});
  };
  for (const json::Condition& condition : selection.where) add("where", condition.written);
  if (const auto& builtin = run.step().mapper.builtin; builtin.has_value()) {
    const bool has_columns = !builtin->columns.empty();
    for (const std::string& key : builtin->keys) add(has_columns ? "group" : "mapper.key", key);
    if (builtin->value_is_path) add("mapper.value", builtin->value);
    for (const Column& column : builtin->columns) {
      if (!column.path.empty()) add("aggregate", column.path);
      if (!column.label.empty()) add("aggregate", column.label);
    }
  } else if (!selection.fields.empty()) {
    for (const std::string& field : run.job->fields) add("fields", field);
  }
  return paths;
}

// The members of a record that the mapper, or `where`, reads; empty: all.
std::vector<std::string> wanted_members(const Run& run, const json::Selection& selection) {
  // A trial shows whole records.
  const bool reads_all = !run.step().mapper.builtin.has_value() && selection.fields.empty();
  if (reads_all || run.watch_output) return {};
  std::vector<std::string> names;
  for (const WantedPath& wanted : wanted_paths(run, selection)) {
    const json::PathStep first = json::parse_path(wanted.path).value().front();
    if (first.kind != json::PathStep::Kind::kName) return {};
    names.push_back(first.name);
  }
  return names;
}

// A `lines` program may read any text, so only content that cannot be split into lines is refused.
decode::Content content_of(const Job& job) {
  if (job.record == RecordKind::kPairs) return decode::Content::kAny;
  const auto& module = job.steps.front().mapper.module;
  const bool is_json = job.record == RecordKind::kJson || job.record == RecordKind::kKeyedJson;
  const bool is_parsed = !module.has_value() || module->interface == Interface::kFunction;
  return is_json && is_parsed && !job.format.has_value() ? decode::Content::kJson : decode::Content::kLines;
}

// How the inputs of this job are decoded.
decode::DecodeOptions decode_options(const Job& job) {
  return {.compression = job.decompress,
          .record = job.record,
          .format = job.format,
          .separator = job.separator,
          .content = content_of(job),
          .block_bytes = block_bytes(),
          .max_record_bytes = kMaxRecordBytes};
}

Result<void> map_selected(const Run& run, const MapOutput& output, const json::Selection& selection,
                          const std::stop_token& stop) {
  decode::DecodeOptions decode = decode_options(*run.job);
  decode.threads = run.sample == nullptr ? threads_per_input(run) : 1;
  decode.is_prompt = run.sample != nullptr && run.sample->is_prompt();
  decode.stop = stop;
  decode.wanted_members = wanted_members(run, selection);
  const auto& module = run.step().mapper.module;
  const bool is_function = module.has_value() && module->interface == Interface::kFunction;
  // A program's output counts only once its inputs have been read to their ends. If the file between two steps fails,
  // so does the run.
  const bool is_program = module.has_value() && !is_function;
  // Nor has a trial the time.
  decode.verifies_first =
      run.job->limits.failed_inputs > 0 && !is_program && run.job->record != RecordKind::kPairs && !run.watch_output;
  std::size_t queued_blocks = run.processes * kQueuedBlocksPerChild;
  std::size_t blocks_at_work = queued_blocks + run.processes * (limits::kFramesInFlight + 2);
  // A block of reduced records keeps its decoded bytes as well.
  std::size_t buffers = selection.fields.empty() ? blocks_at_work : 2 * blocks_at_work;
  BufferPool pool(buffers, 4 * limits::kBlockBytes);
  const InputReading reading{
      .supply = *run.supply,
      .inputs = *run.inputs,
      .selection = selection,
      .decode = decode,
      .pool = pool,
      .sample = run.sample,
      .blank_is_record = !run.job->format.has_value() && (run.job->record == RecordKind::kText || is_program)};
  auto opener = make_input_opener(reading);
  // The first child of a function loads its own module meanwhile.
  if (!is_function) TRY(output.begin(stop));
  if (run.step().mapper.builtin.has_value()) return run_pairs_mapper(run, output, selection, *opener, pool, stop);
  // The bad records of a program count with its batch, because until then its inputs may fail.
  const bool waits_for_batch = is_program && run.job->limits.failed_inputs > 0;
  auto would_end = [&](std::uint64_t bad) { return !waits_for_batch && run.policy->would_end(bad); };
  mapper::MapperOptions options = mapper_options(run, output.form);
  mapper::MapperPeers peers{.inputs = run.inputs->inputs,
                            .pool = pool,
                            .guard = *run.guard,
                            .events = *run.events,
                            .make_sink = output.make_sink,
                            .begin = output.begin,
                            .would_end = would_end};
  // Further steps map pairs.
  if (run.suggested_fields != nullptr && run.job->record != RecordKind::kPairs) {
    peers.take_fields = [&run](const process::FieldsRead& fields) { run.suggested_fields->add(fields); };
  }
  if (!is_function) {
    options.processes = readers(run);
    return mapper::run_batch_mappers(options, peers, *opener, stop);
  }
  TRY_ASSIGN(Fd event, make_event());
  mapper::UnitQueue blocks(
      {.blocks = queued_blocks, .processes = run.processes, .least_records = run.step().mapper.module->concurrency},
      std::move(event), pool);
  TaskGroup group(stop);
  Decoders decoders(run, reading, *opener, blocks);
  decoders.spawn_in(group);
  group.spawn("mappers", [&](const std::stop_token& stop_mappers) {
    return mapper::run_function_mappers(options, peers, blocks, stop_mappers);
  });
  return group.wait();
}

Result<void> map_inputs(const Run& run, const MapOutput& output, const std::stop_token& stop) {
  TRY_ASSIGN(json::Selection selection, selection_of(*run.job));
  std::vector<WantedPath> paths = wanted_paths(run, selection);
  if (paths.empty()) return map_selected(run, output, selection, stop);
  json::PathWatch watch(std::move(paths));
  selection.watch = &watch;
  TRY(map_selected(run, output, selection, stop));
  run.events->emit(event::PathsLooked{watch.outcome()});
  return {};
}

}  // namespace

Result<json::Selection> selection_of(const Job& job) {
  if (job.record != RecordKind::kJson && job.record != RecordKind::kKeyedJson) return json::Selection{};
  TRY_ASSIGN(json::Selection selection, json::parse_selection(job.fields, job.where_json));
  const bool reads_numbers = job.format.has_value() && has_only_texts(*job.format);
  for (json::Condition& condition : selection.where) condition.reads_numbers = reads_numbers;
  return selection;
}

std::uint64_t held_output_bytes(const Job& job) { return job.limits.memory_bytes / 16; }

std::size_t processes_of(const Job& job) {
  if (job.limits.processes.has_value()) return *job.limits.processes;
  return std::max<std::size_t>(1, std::thread::hardware_concurrency());
}

Result<void> run_map_phase(const Run& run, const MapOutput& output) {
  MapOutput watched = output;
  if (run.watch_output) watched.make_sink = [&] { return run.watch_output(output.make_sink()); };
  Tee events({run.events, &run.supply->listener()});
  Run heard = run;
  heard.events = &events;
  TaskGroup group(run.stop_token());
  std::stop_source has_enough;  // of a sample
  group.spawn("fetch", [&](const std::stop_token& stop) -> Result<void> {
    const std::stop_callback stop_as_well(stop, [&] { has_enough.request_stop(); });
    auto fetched = run.supply->run(has_enough.get_token());
    if (has_enough.stop_requested() && !stop.stop_requested()) return {};
    return fetched;
  });
  group.spawn("map", [&](const std::stop_token& stop) -> Result<void> {
    TRY(map_inputs(heard, watched, stop));
    if (run.sample != nullptr) has_enough.request_stop();
    return {};
  });
  return group.wait();
}

}  // namespace quern::app
