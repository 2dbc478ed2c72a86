#include "views/terminal/narrator.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <variant>

#include "base/bytes.h"
#include "model/limits.h"
#include "views/terminal/accounting_text.h"

namespace quern::view {
namespace {

// "mapper 0": numbered as in messages and events.
std::string child_name(event::Role role, std::size_t child) { return fmt::format("{} {}", name_of(role), child); }

std::string run_line(const event::RunStarted& run) {
  const std::string stored = run.stored_bytes == 0 ? "" : fmt::format("{} stored, ", format_bytes(run.stored_bytes));
  return fmt::format("{}: {}, {}{}", clean(run.job), format_count(run.inputs, "input"), stored,
                     format_count(run.processes, "process", "processes"));
}

std::string map_figures(const Progress& progress, std::chrono::nanoseconds elapsed) {
  std::string text = fmt::format("{} of {}, {}", format_count(progress.inputs_mapped + progress.inputs_failed),
                                 format_count(progress.inputs_found, "input"),
                                 format_count(progress.records_mapped + progress.records_bad, "record"));
  if (progress.inputs_fetched > 0) text += fmt::format(", {} fetched", format_bytes(progress.fetched_bytes));
  if (std::string rate = format_rate(progress.decoded_bytes, elapsed); !rate.empty()) text += ", " + rate;
  if (progress.records_bad > 0) text += fmt::format(", {} bad", format_count(progress.records_bad));
  if (progress.inputs_failed > 0) text += fmt::format(", {} failed", format_count(progress.inputs_failed, "input"));
  return text;
}

std::string reduce_figures(const Progress& progress) {
  std::string text =
      fmt::format("{}, {}", format_count(progress.groups_reduced + progress.in_work(event::Role::kReducer), "group"),
                  format_count(progress.values_reduced, "value"));
  if (progress.groups_bad > 0) text += fmt::format(", {} bad", format_count(progress.groups_bad));
  return text;
}

// How many different reasons are counted separately; the rest are counted together.
constexpr std::size_t kMostReasons = 100;
constexpr std::string_view kOtherReasons = "of other reasons";
constexpr std::size_t kNamedReasons = 3;

std::size_t shown_most(bool is_module_line) {
  return is_module_line ? limits::kShownModuleLines : limits::kShownFailures;
}

// "7,000 bad records, all KeyError: 'info'", or the most frequent reasons.
std::string counted_reasons(std::uint64_t count, std::string_view what,
                            const std::map<std::string, std::uint64_t, std::less<>>& reasons) {
  std::string text = format_count(count, what);
  if (reasons.size() == 1) return fmt::format("{}, all {}", text, reasons.begin()->first);
  std::vector<std::pair<std::uint64_t, std::string_view>> ranked;
  for (const auto& [reason, number] : reasons) ranked.emplace_back(number, reason);
  std::stable_sort(ranked.begin(), ranked.end(), [](auto& one, auto& other) { return one.first > other.first; });
  for (std::size_t i = 0; i < std::min(ranked.size(), kNamedReasons); ++i) {
    text += fmt::format("{}{}: {}", i == 0 ? " (" : "; ", format_count(ranked[i].first), ranked[i].second);
  }
  return text + (ranked.size() > kNamedReasons ? "; and others)" : ")");
}

}  // namespace

std::string phase_line(std::string_view label, const PhaseProgress& phase, const Progress& progress, ClockTime now) {
  std::chrono::nanoseconds elapsed = phase.elapsed.value_or(now - phase.started);
  switch (phase.phase) {
    case event::Phase::kMap:
      return fmt::format("{}: {}", label, map_figures(progress, elapsed));
    case event::Phase::kReduce:
      return fmt::format("{}: {}", label, reduce_figures(progress));
    case event::Phase::kInputs:
    case event::Phase::kOutput:
      return fmt::format("{}: {}", label, phase.elapsed ? "done" : "going on for " + format_duration(elapsed));
  }
  return "";
}

bool Narrator::is_shown(Kind kind) {
  ++counts_[kind];
  bool is_shown = options_.verbose || shown_[kind] < shown_most(kind == kModuleLines);
  if (is_shown) ++shown_[kind];
  return is_shown;
}

bool Narrator::is_shown(Kind kind, std::string_view reason) {
  Reasons& reasons = reasons_[kind];
  auto found = reasons.find(reason);
  bool is_new = found == reasons.end();
  if (is_new) found = reasons.try_emplace(std::string(reasons.size() < kMostReasons ? reason : kOtherReasons)).first;
  ++found->second;
  if (is_new || options_.verbose) return is_shown(kind);
  ++counts_[kind];
  return false;
}

std::string Narrator::name(InputOrdinal input) const {
  return options_.input_name ? options_.input_name(input) : fmt::format("input {}", input + 1);
}

void Narrator::add(std::vector<std::string>& lines, std::string_view label, Ink ink, std::string_view text) const {
  lines.push_back(fmt::format("{} {}", inked(fmt::format("{}:", label), ink, options_.style.color), clean(text)));
}

void Narrator::add_details(std::vector<std::string>& lines, std::string_view details) const {
  if (!options_.verbose) return;
  while (!details.empty()) {
    std::size_t end = details.find('\n');
    lines.push_back("    " + clean(details.substr(0, end)));
    details.remove_prefix(end == std::string_view::npos ? details.size() : end + 1);
  }
}

void Narrator::tell(const event::Event& event, const Progress& progress, std::vector<std::string>& lines) {
  tell_failure(event, lines);
  tell_warning(event, lines);
  if (options_.quiet) return;
  tell_module(event, lines);
  if (options_.phases) tell_phase(event, progress, lines);
}

void Narrator::tell_failure(const event::Event& event, std::vector<std::string>& lines) {
  if (const auto* failed = std::get_if<event::InputFailed>(&event)) {
    if (!is_shown(kFailedInputs)) return;
    add(lines, "failed input", Ink::kRed, describe_failed_input(name(failed->input), failed->error));
    add_details(lines, failed->error.details);
  } else if (const auto* bad = std::get_if<event::RecordBad>(&event)) {
    if (!is_shown(kBadRecords, bad->reason)) return;
    std::string line = bad->line == 0 ? "" : fmt::format(":{}", bad->line);
    add(lines, "bad record", Ink::kRed, fmt::format("{}{}: {}", name(bad->input), line, bad->reason));
    add_details(lines, bad->details);
  } else if (const auto* group = std::get_if<event::GroupBad>(&event)) {
    if (!is_shown(kBadGroups, group->reason)) return;
    add(lines, "bad group", Ink::kRed, fmt::format("key '{}': {}", group->key, group->reason));
    add_details(lines, group->details);
  } else if (const auto* note = std::get_if<event::Note>(&event); note && note->level == event::Level::kError) {
    add(lines, "error", Ink::kRed, note->text);
  }
}

void Narrator::tell_warning(const event::Event& event, std::vector<std::string>& lines) {
  if (const auto* died = std::get_if<event::ChildDied>(&event)) {
    if (!is_shown(kDeaths)) return;
    add(lines, "warning", Ink::kYellow,
        fmt::format("{} died: {}; {}", child_name(died->role, died->child), died->cause, died->action));
  } else if (const auto* note = std::get_if<event::Note>(&event); note && note->level == event::Level::kWarning) {
    if (is_shown(kWarnings)) add(lines, "warning", Ink::kYellow, note->text);
  }
}

void Narrator::tell_module(const event::Event& event, std::vector<std::string>& lines) {
  if (const auto* line = std::get_if<event::ModuleLine>(&event)) {
    if (is_shown(kModuleLines)) add(lines, child_name(line->role, line->child), Ink::kDim, line->line);
    if (!options_.verbose && counts_[kModuleLines] == limits::kShownModuleLines + 1) {
      add(lines, "note", Ink::kCyan, "what the modules print further is not shown; --verbose shows it all");
    }
  } else if (const auto* note = std::get_if<event::Note>(&event)) {
    if (note->level == event::Level::kInfo && is_shown(kNotes)) add(lines, "note", Ink::kCyan, note->text);
  } else if (const auto* status = std::get_if<event::Status>(&event); status && options_.verbose) {
    add(lines, fmt::format("status of child {}", status->child), Ink::kDim, status->text);
  }
}

void Narrator::tell_phase(const event::Event& event, const Progress& progress, std::vector<std::string>& lines) const {
  if (const auto* run = std::get_if<event::RunStarted>(&event)) {
    lines.push_back(run_line(*run));
  } else if (const auto* started = std::get_if<event::PhaseStarted>(&event)) {
    // Other phases are short: the line for their end is enough.
    if (started->phase == event::Phase::kMap || started->phase == event::Phase::kReduce) {
      lines.push_back(fmt::format("{}: started", name_of(started->phase)));
    }
  } else if (const auto* ended = std::get_if<event::PhaseEnded>(&event)) {
    std::string label = fmt::format("{}: took {}", name_of(ended->phase), format_duration(ended->elapsed));
    bool has_figures = ended->phase == event::Phase::kMap || ended->phase == event::Phase::kReduce;
    PhaseProgress phase{.phase = ended->phase, .elapsed = ended->elapsed};
    lines.push_back(has_figures ? phase_line(label, phase, progress, {}) : label);
  }
}

void Narrator::finish(std::vector<std::string>& lines) const {
  struct Row {
    Kind kind;
    std::string_view singular;
    std::string_view plural;
    std::string_view where;
  };
  if (options_.verbose) return;
  for (const Row& row :
       {Row{kFailedInputs, "failed input", "", "; result.json has them all"},
        Row{kBadRecords, "bad record", "", "; bad_records.txt has them all"}, Row{kBadGroups, "bad group", "", ""},
        Row{kDeaths, "death of a child", "deaths of children", ""}, Row{kWarnings, "warning", "", ""},
        Row{kNotes, "note", "", ""},
        Row{kModuleLines, "line that modules printed", "lines that modules printed", ""}}) {
    const std::size_t left = counts_[row.kind] - shown_[row.kind];
    if (left == 0) continue;
    std::string text = reasons_[row.kind].empty()
                           ? "not shown: " + format_count(left, row.singular, row.plural)
                           : counted_reasons(counts_[row.kind], row.singular, reasons_[row.kind]);
    add(lines, "note", Ink::kCyan, text + std::string(row.where));
  }
}

}  // namespace quern::view
