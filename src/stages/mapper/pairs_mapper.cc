#include "stages/mapper/pairs_mapper.h"

#include <fmt/format.h>

#include <algorithm>
#include <condition_variable>
#include <cstring>
#include <memory>
#include <mutex>
#include <string_view>
#include <utility>

#include "arithmetic/number.h"
#include "base/task_group.h"
#include "base/utf8.h"
#include "model/column_value.h"
#include "model/limits.h"
#include "services/json/record_line.h"
#include "services/json/value_text.h"
#include "services/json/walk_plan.h"

namespace quern::mapper {
namespace {

// The initial size of a block's output.
constexpr std::size_t kOutputBytes = 16 * limits::kKiB;

// The values of a record that are longer together become several pairs: all 60 columns may have the longest text.
constexpr std::size_t kLongValuesBytes = limits::kMiB;

constexpr std::size_t kShownCharacters = 60;

// As JSON, shortened: the modules' harness shows a key in the same way.
std::string shown(std::string_view text) {
  constexpr std::string_view kLetters = "\"\\\b\f\n\r\t";
  constexpr std::string_view kEscapes = "\"\\bfnrt";
  std::string quoted = "\"";
  std::size_t characters = 0;
  for (char c : text) {
    if (!utf8::continues_character(c) && ++characters > kShownCharacters) return quoted + "…\"";
    if (std::size_t escape = kLetters.find(c); escape != std::string_view::npos) {
      quoted += '\\';
      quoted += kEscapes[escape];
    } else if (static_cast<unsigned char>(c) < 0x20) {
      quoted += fmt::format("\\u{:04x}", static_cast<int>(c));
    } else {
      quoted += c;
    }
  }
  return quoted + '"';
}

// In the order in which PairsWorker numbers the captures.
json::Wanted wanted_of(const PairsOptions& options) {
  json::Wanted wanted = json::wanted_of({.where = options.where});
  for (const json::Path& key : options.pairs.keys) wanted.captured.push_back(key);
  if (options.pairs.value.has_value()) wanted.captured.push_back(*options.pairs.value);
  for (const PairsColumn& column : options.pairs.columns) {
    if (column.path.has_value()) wanted.captured.push_back(*column.path);
    if (column.label.has_value()) wanted.captured.push_back(*column.label);
  }
  return wanted;
}

// A run of inputs whose blocks are shared out to any number of threads. Thread-safe.
class SharedRun {
 public:
  SharedRun(InputOpener& opener, const InputRun& run, EventSink& events, std::stop_token stop)
      : stop_(std::move(stop)), source_(opener.open_run(run, events, stop_)) {}

  // Returns false when all blocks have been taken, or the input has failed. A failure has been reported already, and
  // only the policy for losses may end the job.
  bool next(Block& block) {
    std::lock_guard lock(mutex_);
    if (source_ == nullptr) return false;
    auto more = source_->next(block);
    if (more.ok() && more.value()) return true;
    source_.reset();
    return false;
  }

 private:
  const std::stop_token stop_;
  std::mutex mutex_;
  std::unique_ptr<BlockSource> source_;  // nullptr after its end
};

// Work sharing: each thread opens runs of its own while the queue has any, and then takes blocks of the runs that other
// threads have open. So one large input uses all processors: one thread at a time decodes it, and all map its blocks.
// Thread-safe.
class SharedRuns {
 public:
  SharedRuns(InputOpener& opener, EventSink& events)
      : opener_(opener), events_(events), runs_(opener.runs()), queue_(opener.queue(runs_)) {}

  // Returns nullptr if nothing is left, or `stop` was requested.
  std::shared_ptr<SharedRun> next(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    ++opening_;
    lock.unlock();
    const auto own = queue_->next(stop);
    std::shared_ptr<SharedRun> opened;
    if (own.has_value()) opened = std::make_shared<SharedRun>(opener_, runs_[*own], events_, stop);
    lock.lock();
    --opening_;
    if (opened != nullptr) open_.push_back(opened);
    changed_.notify_all();
    if (opened != nullptr || stop.stop_requested()) return opened;
    // Another thread may have taken the last run and not opened it yet.
    changed_.wait(lock, [this] { return opening_ == 0 || !open_.empty(); });
    auto has_fewer = [](const auto& left, const auto& right) { return left.use_count() < right.use_count(); };
    const auto found = std::min_element(open_.begin(), open_.end(), has_fewer);
    return found == open_.end() ? nullptr : *found;
  }
  void end(const std::shared_ptr<SharedRun>& run) {
    std::lock_guard lock(mutex_);
    std::erase(open_, run);
  }

 private:
  InputOpener& opener_;
  EventSink& events_;
  const std::vector<InputRun> runs_;
  const std::unique_ptr<WorkQueue> queue_;
  std::mutex mutex_;  // guards everything below
  std::condition_variable changed_;
  std::size_t opening_ = 0;  // threads that may still add a run
  std::vector<std::shared_ptr<SharedRun>> open_;
};

// The work of one thread.
class PairsWorker {
 public:
  PairsWorker(std::size_t number, const PairsOptions& options, const PairsPeers& peers, const json::Plan& plan)
      : number_(number),
        options_(options),
        peers_(peers),
        lines_(plan, options.record, options.are_flat),
        key_number_(static_cast<std::uint32_t>(options.where.size())),
        value_number_(key_number_ + static_cast<std::uint32_t>(options.pairs.keys.size())),
        between_(options.output.between(options.separator)),
        value_(options.pairs.constant) {}

  Result<void> map_run(SharedRun& run, BlockSink& sink, const std::stop_token& stop) {
    Block block;
    while (!stop.stop_requested() && run.next(block)) TRY(map_block(block, sink));
    peers_.pool.give(std::move(block.bytes));
    return {};
  }

 private:
  Result<void> map_block(const Block& block, BlockSink& sink) {
    mapped_ = {.child = number_, .first_input = block.address.input, .last_input = block.segments.back().input};
    Buffer output(kOutputBytes);
    const char* at = block.bytes.data();
    const char* end = at + block.bytes.size();
    for (const Segment& segment : block.segments) {
      for (std::uint64_t i = 0; i < segment.lines; ++i) {
        const auto* stop = static_cast<const char*>(std::memchr(at, '\n', static_cast<std::size_t>(end - at)));
        std::string_view line(at, static_cast<std::size_t>(stop - at));
        map_line(line, segment.input, segment.first_line + i, output);
        at = stop + 1;
      }
    }
    mapped_.decoded_bytes = block.decoded_bytes();
    mapped_.output_bytes = output.size();
    BlockOutput given{.address = block.address, .last_input = mapped_.last_input};
    if (!output.empty()) given.lines.push_back(std::move(output));
    TRY(sink.commit(std::move(given)));
    peers_.events.emit(mapped_);
    return {};
  }

  void map_line(std::string_view line, InputOrdinal input, std::uint64_t number, Buffer& output) {
    using Outcome = json::RecordLineReader::Outcome;
    Outcome outcome = lines_.read(line, nothing_);
    if (outcome == Outcome::kBlank) return;
    std::string reason;
    bool is_watched = outcome == Outcome::kRecord && options_.watch != nullptr && !options_.watch->is_over();
    if (is_watched) options_.watch->look(lines_.captures(), {input, number}, line);
    if (outcome == Outcome::kBad) {
      reason = lines_.reason();
    } else if (!json::all_hold(options_.where, lines_.captures(), scratch_)) {
      ++mapped_.dropped;
    } else {
      reason = give_pairs(output);
    }
    if (reason.empty()) {
      ++mapped_.records;
      return;
    }
    ++mapped_.bad;
    peers_.events.emit(
        event::RecordBad{.input = input, .line = number, .record = std::string(line), .reason = std::move(reason)});
  }

  // Returns why the record is bad, or "". A bad record emits nothing.
  std::string give_pairs(Buffer& output) {
    const std::size_t before = output.size();
    std::string problem;
    if (!options_.pairs.columns.empty()) {
      problem = give_columns(output);
    } else if (options_.pairs.keys.size() > 1) {
      problem = give_pair(output);
    } else {
      problem = give_pair_for_each_key(output);
    }
    if (!problem.empty()) output.resize(before);
    return problem;
  }

  std::string give_pair_for_each_key(Buffer& output) {
    const std::vector<json::Capture>& captures = lines_.captures();
    auto is_key = [this](const json::Capture& capture) { return is_there(capture, key_number_); };
    if (std::none_of(captures.begin(), captures.end(), is_key)) return ++mapped_.without_key, std::string();
    if (options_.pairs.value.has_value() && !take_value(value_number_)) return ++mapped_.without_value, std::string();
    for (const json::Capture& capture : captures) {
      if (!is_key(capture)) continue;
      key_.clear();
      json::append_text(capture.text, key_);
      if (std::string problem = problem_of_pair(); !problem.empty()) return problem;
      append_pair(key_, between_, value_, output);
    }
    return {};
  }

  std::string give_pair(Buffer& output) {
    if (std::string problem = join_key(options_.separator, "the separator"); !problem.empty()) return problem;
    if (!has_key_) return ++mapped_.without_key, std::string();
    if (options_.pairs.value.has_value() && !take_value(value_number_)) return ++mapped_.without_value, std::string();
    if (std::string problem = problem_of_pair(); !problem.empty()) return problem;
    append_pair(key_, between_, value_, output);
    return {};
  }

  std::string give_columns(Buffer& output) {
    constexpr std::string_view kBetween(&kBetweenParts, 1);
    if (std::string problem = join_key(kBetween, "a zero byte"); !problem.empty()) return problem;
    if (!has_key_) return ++mapped_.without_key, std::string();
    hide_line_feeds(key_);
    if (std::string problem = problem_of_plain_key(); !problem.empty()) return problem;
    column_values_.clear();
    bool has_value = false;
    std::uint32_t number = value_number_;
    for (std::size_t i = 0; i < options_.pairs.columns.size(); ++i) {
      const PairsColumn& column = options_.pairs.columns[i];
      value_.clear();
      const std::uint32_t of_column = number;
      number += (column.path.has_value() ? 1 : 0) + (column.label.has_value() ? 1 : 0);
      if (column.label.has_value()) {
        if (!take_value(of_column + 1)) continue;
        hide_line_feeds(value_);
        label_ = value_;
      }
      if (column.path.has_value() && !take_value(of_column)) continue;
      if (column.path.has_value() && !is_number_) {
        if (std::string problem = problem_of_column(column); !problem.empty()) return problem;
        hide_line_feeds(value_);
      }
      if (column.label.has_value()) value_.append(1, kBeforeLabel).append(label_);
      if (!column_values_.empty()) column_values_ += kBetweenColumns;
      column_values_.append(1, letter_of_column(i)).append(value_);
      has_value = true;
      if (options_.output.joins_columns && column_values_.size() < kLongValuesBytes) continue;
      append_pair(key_, between_, column_values_, output);
      column_values_.clear();
    }
    if (!has_value) {
      ++mapped_.without_value;
      column_values_ = kWithoutValues;
    }
    if (!column_values_.empty()) append_pair(key_, between_, column_values_, output);
    return {};
  }

  std::string problem_of_column(const PairsColumn& column) const {
    std::int64_t integer = 0;
    if (!needs_numbers(column.kind) || parse_short_integer(value_, integer)) return {};
    if (takes_number(column.kind, parse_number(value_))) return {};
    return fmt::format("the value {} is not a number, which aggregate.{} needs", shown(value_), column.name);
  }

  // null counts as absent.
  static bool is_there(const json::Capture& capture, std::uint32_t number) {
    return capture.number == number && capture.text != "null";
  }

  const json::Capture* find(std::uint32_t number) const {
    const std::vector<json::Capture>& captures = lines_.captures();
    auto found = std::find_if(captures.begin(), captures.end(),
                              [number](const json::Capture& capture) { return is_there(capture, number); });
    return found == captures.end() ? nullptr : &*found;
  }

  // Joins the values of all keys, which must be told apart, so none may contain what is between them: returns why if
  // one does. Sets has_key_.
  std::string join_key(std::string_view between, std::string_view name) {
    key_.clear();
    has_key_ = true;
    for (std::uint32_t number = key_number_; number < value_number_; ++number) {
      const json::Capture* part = find(number);
      if (part == nullptr) {
        has_key_ = false;
        continue;
      }
      if (number > key_number_) key_ += between;
      const std::size_t begin = key_.size();
      json::append_text(part->text, key_);
      if (key_.find(between, begin) == std::string::npos) continue;
      return fmt::format("the value {} of {} contains {}, which divides the parts of a key", shown(key_.substr(begin)),
                         options_.pairs.key_names[number - key_number_], name);
    }
    return {};
  }

  bool take_value(std::uint32_t number) {
    const json::Capture* found = find(number);
    if (found == nullptr) return false;
    value_.clear();
    json::append_text(found->text, value_);
    is_number_ = found->text[0] == '-' || (found->text[0] >= '0' && found->text[0] <= '9');
    return !(options_.empty_is_missing && value_.empty());
  }

  std::string problem_of_pair() const {
    if (std::string problem = problem_of_key(); !problem.empty()) return problem;
    if (std::string problem = problem_of_value(); !problem.empty()) return problem;
    return is_number_ ? std::string() : options_.rule.problem(key_, value_);
  }

  // Both use the same words as the modules' harness.
  std::string problem_of_key() const {
    if (key_.find('\n') != std::string::npos) {
      return fmt::format("the key {} contains a line break; replace it before returning it", shown(key_));
    }
    return problem_of_plain_key();
  }
  std::string problem_of_plain_key() const {
    if (options_.output.only_plain && !is_plain_key(key_, options_.separator)) {
      return fmt::format(
          "the key {} contains the separator {}, alone or with the one that follows it, and text is cut there; set "
          "another one in the job file, say `separator: \"\\t\"`, or replace it in the key",
          shown(key_), shown(options_.separator));
    }
    return {};
  }
  std::string problem_of_value() const {
    if (value_.find('\n') != std::string::npos) {
      return fmt::format("the value {} contains a line break; replace it, or return json.dumps(value)", shown(value_));
    }
    return {};
  }

  const std::size_t number_;
  const PairsOptions& options_;
  const PairsPeers& peers_;
  json::RecordLineReader lines_;
  const std::uint32_t key_number_;    // of the captures of the first key
  const std::uint32_t value_number_;  // of those of the value, or of the first column's
  const std::string_view between_;
  std::string key_;
  bool has_key_ = false;
  std::string value_;
  std::string label_;
  std::string column_values_;
  bool is_number_ = false;  // the value comes from the record and is a JSON number
  std::string scratch_;
  Buffer nothing_;
  event::BlockMapped mapped_;
};

}  // namespace

namespace {

Result<json::Path> parse_setting(std::string_view setting, const std::string& text) {
  auto path = json::parse_path(text);
  if (!path.ok()) return std::move(path).error().with_context(setting);
  return path;
}

Result<json::Path> parse_single(std::string_view setting, const std::string& text, std::string_view why) {
  TRY_ASSIGN(json::Path path, parse_setting(setting, text));
  if (json::has_every(path)) return bad_config(fmt::format("{}: '{}' has [*] in it, and {}", setting, text, why));
  return path;
}

}  // namespace

Result<Pairs> parse_pairs(const Builtin& builtin) {
  const bool has_columns = !builtin.columns.empty();
  const std::string_view setting = has_columns ? "group" : "mapper.key";
  Pairs pairs{.keys = {}, .key_names = builtin.keys, .value = {}, .constant = builtin.value, .columns = {}};
  for (const std::string& key : builtin.keys) {
    if (has_columns || builtin.keys.size() > 1) {
      TRY_ASSIGN(json::Path path,
                 parse_single(setting, key,
                              has_columns ? "a group has one value; {builtin: pairs} makes a pair of each element"
                                          : "a key of several paths has one value for each"));
      pairs.keys.push_back(std::move(path));
    } else {
      TRY_ASSIGN(json::Path path, parse_setting(setting, key));
      pairs.keys.push_back(std::move(path));
    }
  }
  if (builtin.value_is_path) {
    TRY_ASSIGN(pairs.value, parse_single("mapper.value", builtin.value,
                                         "a pair has one value; only mapper.key may be of every element"));
  }
  for (const Column& column : builtin.columns) {
    PairsColumn& made = pairs.columns.emplace_back(
        PairsColumn{.name = column.name, .kind = aggregation_of(column.aggregate).kind, .path = {}, .label = {}});
    if (column.path.empty()) continue;
    TRY_ASSIGN(made.path, parse_single("aggregate." + column.name, column.path, "a record has one value for a column"));
    if (column.label.empty()) continue;
    TRY_ASSIGN(made.label, parse_single("aggregate." + column.name, column.label, "a number has one label"));
  }
  return pairs;
}

Result<void> run_pairs_mappers(const PairsOptions& options, const PairsPeers& peers, InputOpener& opener,
                               const std::stop_token& stop) {
  const json::Plan plan(wanted_of(options));
  SharedRuns runs(opener, peers.events);
  TaskGroup workers(stop);
  for (std::size_t number = 1; number <= options.threads; ++number) {
    workers.spawn("mapper " + std::to_string(number), [&, number](const std::stop_token& stop_worker) -> Result<void> {
      PairsWorker worker(number, options, peers, plan);
      auto sink = peers.make_sink();
      while (auto run = runs.next(stop_worker)) {
        TRY(worker.map_run(*run, *sink, stop_worker));
        runs.end(run);
      }
      if (stop_worker.stop_requested()) return stopped();
      return {};
    });
  }
  return workers.wait();
}

}  // namespace quern::mapper
