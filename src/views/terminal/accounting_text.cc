#include "views/terminal/accounting_text.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/bytes.h"
#include "base/shown_url.h"
#include "model/accounting.h"
#include "model/limits.h"
#include "views/terminal/terminal_text.h"

namespace quern::view {
namespace {

void add_line(std::string& text, std::string_view label, std::string_view rest) {
  text += fmt::format("  {:<10}{}\n", label, rest);
}

std::string headline(const Accounting& accounting, bool color) {
  std::string elapsed = format_duration(accounting.elapsed);
  std::string result;
  if (!accounting.result.empty()) {
    std::string where = accounting.result == "-" ? "standard output" : clean(accounting.result);
    result = fmt::format(": {} ({})", where, format_bytes(accounting.result_bytes));
  }
  std::string why = accounting.failure.empty() ? "" : ": " + clean(without_passwords(accounting.failure));
  switch (accounting.outcome) {
    case Outcome::kDone:
      return inked(fmt::format("done in {}", elapsed), Ink::kGreen, color) + result;
    case Outcome::kDoneWithLosses:
      return inked(fmt::format("done in {}, with losses within the limits", elapsed), Ink::kYellow, color) + result;
    case Outcome::kFailed:
      // The preceding error message has the reason.
      return inked(fmt::format("failed after {}", elapsed), Ink::kRed, color);
    case Outcome::kStopped:
      return inked(fmt::format("stopped after {}", elapsed), Ink::kRed, color) + why;
  }
  return "";
}

// Losses are red unless they are zero.
std::string loss(std::uint64_t number, std::string_view what, bool color) {
  std::string text = fmt::format("{} {}", format_count(number), what);
  return number == 0 ? text : inked(text, Ink::kRed, color);
}

// The number of mapped records that emitted nothing.
std::string without_effect(const Accounting& accounting) {
  std::string parts;
  auto add = [&parts](std::uint64_t records, std::string_view what) {
    if (records > 0) parts += fmt::format("{}{} {}", parts.empty() ? " (" : ", ", format_count(records), what);
  };
  add(accounting.records_dropped, "dropped by where");
  add(accounting.records_without_key, "without key");
  add(accounting.records_without_value, "without value");
  return parts.empty() ? parts : parts + ")";
}

void add_balances(std::string& text, const Accounting& accounting, bool color) {
  add_line(text, "inputs",
           fmt::format("{} found = {} mapped + {} + {}", format_count(accounting.inputs_found),
                       format_count(accounting.inputs_mapped), loss(accounting.inputs_failed, "failed", color),
                       loss(accounting.inputs_skipped, "skipped", color && !accounting.is_sample_full)));
  if (accounting.is_sample_full) {
    add_line(
        text, "sample",
        fmt::format("the first {} only (limits.records); what follows was not read",
                    accounting.sample_records == 1 ? "record" : format_count(*accounting.sample_records) + " records"));
  }
  if (accounting.inputs_unverified > 0) {
    add_line(text, "",
             fmt::format("{} of {} inputs had nothing to verify them by", format_count(accounting.inputs_unverified),
                         format_count(accounting.inputs_found)));
  }
  add_line(text, "records",
           fmt::format("{} read = {} mapped{} + {}", format_count(accounting.records_read),
                       format_count(accounting.records_mapped), without_effect(accounting),
                       loss(accounting.records_bad, "bad", color)));
  if (accounting.groups_reduced + accounting.groups_bad > 0) {
    std::string bad = accounting.groups_bad > 0 ? ", " + loss(accounting.groups_bad, "bad", color) : "";
    add_line(text, "groups", fmt::format("{} reduced{}", format_count(accounting.groups_reduced), bad));
  }
}

void add_bytes(std::string& text, const Accounting& accounting) {
  std::string bytes;
  if (accounting.fetched_bytes > 0) bytes = format_bytes(accounting.fetched_bytes) + " fetched, ";
  bytes += fmt::format("{} stored, {} decoded", format_bytes(accounting.stored_bytes),
                       format_bytes(accounting.decoded_bytes));
  auto is_map = [](const auto& phase) { return phase.first == "map"; };
  auto map = std::find_if(accounting.phases.begin(), accounting.phases.end(), is_map);
  if (map != accounting.phases.end() && accounting.decoded_bytes > 0) {
    if (std::string rate = format_rate(accounting.decoded_bytes, map->second); !rate.empty())
      bytes += " (" + rate + ")";
  }
  if (!accounting.result.empty()) bytes += fmt::format(", {} result", format_bytes(accounting.result_bytes));
  add_line(text, "bytes", bytes);
}

void add_times(std::string& text, const Accounting& accounting) {
  std::string times;
  for (const auto& [phase, elapsed] : accounting.phases) {
    if (!times.empty()) times += ", ";
    times += fmt::format("{} {}", phase, format_duration(elapsed));
  }
  if (!times.empty()) add_line(text, "time", times);
  if (accounting.children_replaced > 0) {
    add_line(text, "children", fmt::format("{} died", format_count(accounting.children_replaced)));
  }
}

void add_counters(std::string& text, const Accounting& accounting) {
  std::size_t widest = 0;
  std::size_t listed = 0;
  for (const auto& [name, amount] : accounting.counters) {
    if (++listed > limits::kListedCounters) break;
    widest = std::max(widest, display_width(clean(name.first + "." + name.second)));
  }
  std::string_view label = "counters";
  listed = 0;
  for (const auto& [name, amount] : accounting.counters) {
    if (++listed > limits::kListedCounters) {
      std::size_t more = accounting.counters.size() - limits::kListedCounters;
      return add_line(text, "", fmt::format("and {} more; result.json has all", format_count(more)));
    }
    std::string counter = clean(name.first + "." + name.second);
    std::uint64_t size = amount < 0 ? 0 - static_cast<std::uint64_t>(amount) : static_cast<std::uint64_t>(amount);
    std::string number = fmt::format("{}{}", amount < 0 ? "-" : "", format_count(size));
    add_line(text, label, fmt::format("{}{} {}", counter, std::string(widest - display_width(counter), ' '), number));
    label = "";
  }
}

void add_failed_inputs(std::string& text, const Accounting& accounting) {
  std::size_t shown = std::min(accounting.failed_inputs.size(), limits::kListedFailures);
  for (std::size_t i = 0; i < shown; ++i) {
    const FailedInput& failed = accounting.failed_inputs[i];
    add_line(text, i == 0 ? "failed" : "", clean(describe_failed_input(failed.name, failed.error)));
  }
  if (accounting.failed_inputs.size() > shown) {
    add_line(text, "",
             fmt::format("and {} more; result.json has all", format_count(accounting.failed_inputs.size() - shown)));
  }
}

}  // namespace

std::string describe_failed_input(std::string_view name, const Error& error) {
  if (error.message.starts_with(name)) return error.message;
  return fmt::format("{}: {}", name, error.message);
}

std::string accounting_text(const Accounting& accounting, const AccountingTextOptions& options) {
  const bool color = options.color;
  std::string text = options.quiet ? "" : headline(accounting, color) + "\n";
  for (const std::string& warning : warnings_of(accounting)) {
    text += fmt::format("{}{} {}\n", options.quiet ? "" : "  ", inked("warning:", Ink::kYellow, color), clean(warning));
  }
  if (options.quiet) return text;
  add_balances(text, accounting, color);
  add_bytes(text, accounting);
  add_times(text, accounting);
  add_counters(text, accounting);
  add_failed_inputs(text, accounting);
  return text;
}

std::string error_text(const Error& error, bool color) {
  std::string text = inked("quern:", Ink::kRed, color) + " " + clean(error.message) + "\n";
  std::string_view details = error.details;
  while (!details.empty()) {
    std::size_t end = details.find('\n');
    std::string line = clean(details.substr(0, end));
    text += line.empty() ? "\n" : "  " + line + "\n";
    details.remove_prefix(end == std::string_view::npos ? details.size() : end + 1);
  }
  return text;
}

}  // namespace quern::view
