#include "stages/mapper/pairs_mapper.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <string_view>
#include <utility>

#include "base/task_group.h"
#include "base/utf8.h"
#include "model/limits.h"
#include "services/json/record_line.h"
#include "services/json/value_text.h"
#include "services/json/walk_plan.h"

namespace quern::mapper {
namespace {

// The initial size of a block's output.
constexpr std::size_t kOutputBytes = 16 * limits::kKiB;

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

json::Wanted wanted_of(const PairsOptions& options) {
  json::Wanted wanted;
  for (const json::Condition& condition : options.where) wanted.captured.push_back(condition.path);
  wanted.captured.push_back(options.pairs.key);
  if (options.pairs.value.has_value()) wanted.captured.push_back(*options.pairs.value);
  return wanted;
}

// The work of one thread.
class PairsWorker {
 public:
  PairsWorker(std::size_t number, const PairsOptions& options, const PairsPeers& peers, const json::Plan& plan)
      : number_(number),
        options_(options),
        peers_(peers),
        lines_(plan, options.record),
        key_number_(static_cast<std::uint32_t>(options.where.size())),
        between_(options.output.between(options.separator)),
        value_(options.pairs.constant) {}

  Result<void> map_run(BlockSource& source, BlockSink& sink, const std::stop_token& stop) {
    Block block;
    while (true) {
      if (stop.stop_requested()) return stopped();
      auto more = source.next(block);
      // A failed input does not end the run: it was reported, and the policy decides.
      if (!more.ok() || !more.value()) break;
      TRY(map_block(block, sink));
    }
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
    mapped_.decoded_bytes = block.bytes.size();
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
    if (is_watched) options_.watch->look(lines_.captures(), input, line);
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
    const std::vector<json::Capture>& captures = lines_.captures();
    auto is_key = [this](const json::Capture& capture) { return is_there(capture, key_number_); };
    if (std::none_of(captures.begin(), captures.end(), is_key)) return ++mapped_.without_key, "";
    if (options_.pairs.value.has_value() && !take_value()) return ++mapped_.without_value, "";
    std::size_t before = output.size();
    for (const json::Capture& capture : captures) {
      if (!is_key(capture)) continue;
      key_.clear();
      json::append_text(capture.text, key_);
      if (std::string problem = problem_of_pair(); !problem.empty()) {
        output.resize(before);
        return problem;
      }
      append_pair(key_, between_, value_, output);
    }
    return "";
  }

  // null counts as absent.
  static bool is_there(const json::Capture& capture, std::uint32_t number) {
    return capture.number == number && capture.text != "null";
  }

  bool take_value() {
    for (const json::Capture& capture : lines_.captures()) {
      if (!is_there(capture, key_number_ + 1)) continue;
      value_.clear();
      json::append_text(capture.text, value_);
      is_number_ = capture.text[0] == '-' || (capture.text[0] >= '0' && capture.text[0] <= '9');
      return true;
    }
    return false;
  }

  // Uses the same words as the modules' harness.
  std::string problem_of_pair() const {
    if (key_.find('\n') != std::string::npos) {
      return fmt::format("the key {} contains a line break; replace it before returning it", shown(key_));
    }
    if (options_.output.only_plain && !is_plain_key(key_, options_.separator)) {
      return fmt::format(
          "the key {} contains the separator {}, alone or with the one that follows it, and text is cut there; set "
          "another one in the job file, say `separator: \"\\t\"`, or replace it in the key",
          shown(key_), shown(options_.separator));
    }
    if (value_.find('\n') != std::string::npos) {
      return fmt::format("the value {} contains a line break; replace it, or return json.dumps(value)", shown(value_));
    }
    return is_number_ ? "" : options_.rule.problem(key_, value_);
  }

  const std::size_t number_;
  const PairsOptions& options_;
  const PairsPeers& peers_;
  json::RecordLineReader lines_;
  const std::uint32_t key_number_;
  const std::string_view between_;
  std::string key_;
  std::string value_;
  bool is_number_ = false;  // the value comes from the record and is a JSON number
  std::string scratch_;
  Buffer nothing_;
  event::BlockMapped mapped_;
};

}  // namespace

Result<Pairs> parse_pairs(const Builtin& builtin) {
  Pairs pairs{.constant = builtin.value};
  auto key = json::parse_path(builtin.key);
  if (!key.ok()) return std::move(key).error().with_context("mapper.key");
  pairs.key = std::move(key).value();
  if (!builtin.value_is_path) return pairs;
  auto value = json::parse_path(builtin.value);
  if (!value.ok()) return std::move(value).error().with_context("mapper.value");
  if (json::has_every(value.value())) {
    return bad_config(
        fmt::format("mapper.value: '{}' has [*] in it, and a pair has one value; only mapper.key may "
                    "be of every element",
                    builtin.value));
  }
  pairs.value = std::move(value).value();
  return pairs;
}

Result<void> run_pairs_mappers(const PairsOptions& options, const PairsPeers& peers, InputOpener& opener,
                               const std::stop_token& stop) {
  const json::Plan plan(wanted_of(options));
  const std::vector<InputRun> runs = opener.runs();
  auto queue = opener.queue(runs);
  TaskGroup workers(stop);
  for (std::size_t number = 1; number <= std::min(options.threads, runs.size()); ++number) {
    workers.spawn("mapper " + std::to_string(number), [&, number](const std::stop_token& stop_worker) -> Result<void> {
      PairsWorker worker(number, options, peers, plan);
      auto sink = peers.make_sink();
      while (auto next = queue->next(stop_worker)) {
        auto source = opener.open_run(runs[*next], peers.events, stop_worker);
        TRY(worker.map_run(*source, *sink, stop_worker));
      }
      if (stop_worker.stop_requested()) return stopped();
      return {};
    });
  }
  return workers.wait();
}

}  // namespace quern::mapper
