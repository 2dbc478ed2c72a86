#include "views/terminal/live.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

#include "base/bytes.h"
#include "views/terminal/terminal_text.h"

namespace quern::view {
namespace {

constexpr std::size_t kShortestBar = 10;
constexpr std::size_t kLongestBar = 40;
// Until this much time has passed, no useful estimate is possible.
constexpr std::chrono::seconds kShortestPace{2};

Line labelled(std::string_view label, Ink ink = Ink::kBold) {
  Line line;
  line.add(fmt::format("{:<{}}", label, kLabelColumns), ink);
  return line;
}

void add_bar(Line& line, double share, std::size_t columns, const Style& style) {
  auto full = static_cast<std::size_t>(share * static_cast<double>(columns));
  std::string done;
  std::string open;
  for (std::size_t i = 0; i < columns; ++i) {
    if (i < full) {
      done += style.utf8 ? "━" : "#";
    } else {
      open += style.utf8 ? "─" : ".";
    }
  }
  line.add(style.utf8 ? "" : "[").add(done, Ink::kGreen).add(open, Ink::kDim).add(style.utf8 ? " " : "] ");
}

// Whole seconds: ongoing work is not known more exactly, and tenths would flicker.
std::string coarse_duration(std::chrono::seconds duration) {
  auto seconds = duration.count();
  if (seconds < 60) return fmt::format("{} s", seconds);
  if (seconds < 3600) return fmt::format("{}:{:02} min", seconds / 60, seconds % 60);
  return fmt::format("{} h {} min", seconds / 3600, seconds % 3600 / 60);
}

// Returns "" if no useful estimate is possible yet.
std::string time_left(const Pace& pace) {
  constexpr std::chrono::hours kTooLongToSay{100};
  if (!pace.left.has_value() || *pace.left > kTooLongToSay) return "";
  return coarse_duration(std::chrono::ceil<std::chrono::seconds>(*pace.left)) + " left";
}

std::optional<Line> trouble_line(const Progress& progress) {
  Line line = labelled("trouble");
  std::size_t empty_width = line.width();
  auto add = [&](std::uint64_t number, const std::string& text, Ink ink) {
    if (number == 0) return;
    line.add(line.width() > empty_width ? "  " : "").add(text, ink);
  };
  add(progress.inputs_failed, format_count(progress.inputs_failed, "failed input"), Ink::kRed);
  add(progress.records_bad, format_count(progress.records_bad, "bad record"), Ink::kRed);
  add(progress.groups_bad, format_count(progress.groups_bad, "bad group"), Ink::kRed);
  add(progress.children_replaced, format_count(progress.children_replaced, "child died", "children died"),
      Ink::kYellow);
  if (line.width() == empty_width) return std::nullopt;
  return line;
}

// On a narrow screen, the bar is left out first, then the inputs, the time that is gone, and the share.
Line map_line(const PhaseProgress& phase, const LiveState& state, const Style& style, std::size_t columns) {
  const Progress& progress = state.progress;
  const double share = progress.mapped_share();
  const std::string percent = fmt::format("{:3.0f}%", share * 100);
  const std::string inputs = fmt::format("  {} of {}", format_count(progress.inputs_mapped + progress.inputs_failed),
                                         format_count(progress.inputs_found, "input"));
  const std::string gone =
      fmt::format("  {} gone", coarse_duration(std::chrono::floor<std::chrono::seconds>(state.now - phase.started)));
  const std::string left = time_left(state.pace);
  const std::string more = left.empty() ? "" : ", " + left;
  // The bar keeps its length while the figures next to it grow.
  constexpr std::size_t kFigures = 42;
  const std::string figures = percent + inputs + gone + more;
  const std::size_t around = kLabelColumns + 3 + std::max(kFigures, figures.size());
  Line line = labelled("map");
  if (columns >= kLabelColumns + 3 + kShortestBar + figures.size()) {
    add_bar(line, share, std::clamp(columns > around ? columns - around : 0, kShortestBar, kLongestBar), style);
    return line.add(figures);
  }
  for (const std::string& shorter : {figures, percent + gone + more, percent + (left.empty() ? "" : "  " + left)}) {
    if (kLabelColumns + shorter.size() <= columns) return line.add(shorter);
  }
  return line.add(left.empty() ? percent : left);
}

std::vector<Line> map_lines(const PhaseProgress& phase, const LiveState& state, const Style& style,
                            std::size_t columns) {
  const Progress& progress = state.progress;
  Line first = map_line(phase, state, style, columns);
  Line second = labelled("");
  second.add(
      format_count(progress.records_mapped + progress.records_bad + progress.in_work(event::Role::kMapper), "record"));
  std::string rate = format_rate(state.pace.decoded_bytes, state.pace.over);
  if (!rate.empty()) second.add(fmt::format("  {} decoded", rate));
  second.add(fmt::format("  {}", format_bytes(progress.stored_bytes)));
  if (progress.stored_bytes_found > 0) second.add(fmt::format(" of {}", format_bytes(progress.stored_bytes_found)));
  second.add(" read");
  if (progress.inputs_fetched > 0) second.add(fmt::format("  {} fetched", format_bytes(progress.fetched_bytes)));
  std::vector<Line> lines = {std::move(first), std::move(second)};
  if (std::string part = slowest_part(state.pace); !part.empty()) lines.push_back(labelled("slowest").add(part));
  return lines;
}

std::string figures_of(event::Phase phase, const Progress& progress) {
  switch (phase) {
    case event::Phase::kInputs:
      return progress.inputs_found > 0 ? format_count(progress.inputs_found, "input") : "";
    case event::Phase::kMap:
      return fmt::format("{}, {}", format_count(progress.inputs_mapped + progress.inputs_failed, "input"),
                         format_count(progress.records_mapped + progress.records_bad, "record"));
    case event::Phase::kReduce:
      return fmt::format("{}, {}",
                         format_count(progress.groups_reduced + progress.in_work(event::Role::kReducer), "group"),
                         format_count(progress.values_reduced, "value"));
    case event::Phase::kOutput:
      return "";
  }
  return "";
}

// For a phase without a known end, or one that is over.
Line short_phase_line(const PhaseProgress& phase, const LiveState& state) {
  std::chrono::nanoseconds elapsed = phase.elapsed.value_or(state.now - phase.started);
  Line line = labelled(name_of(phase.phase), phase.elapsed ? Ink::kDim : Ink::kBold);
  line.add(fmt::format("{} {:<10}", phase.elapsed ? "done in" : "for", format_duration(elapsed)), Ink::kDim);
  line.add(figures_of(phase.phase, state.progress), phase.elapsed ? Ink::kDim : Ink::kPlain);
  return line;
}

Ink ink_of(event::ChildState child_state) {
  switch (child_state) {
    case event::ChildState::kWorking:
      return Ink::kGreen;
    case event::ChildState::kStarting:
      return Ink::kYellow;
    default:
      return Ink::kDim;
  }
}

bool is_there(const ChildProgress& child) { return child.state != event::ChildState::kGone; }

// "#0 working   #1 waiting", or, if that is too long, in sums: "14 working  2 waiting".
Line child_line(event::Role role, const std::vector<ChildProgress>& children, std::size_t columns) {
  std::string label = fmt::format("{}s", name_of(role));
  Line each = labelled(label);
  std::array<std::size_t, 5> sums{};
  for (std::size_t child = 0; child < children.size(); ++child) {
    if (!is_there(children[child])) continue;
    event::ChildState child_state = children[child].state;
    each.add(fmt::format("#{} ", child), Ink::kDim)
        .add(fmt::format("{:<10}", name_of(child_state)), ink_of(child_state));
    ++sums[static_cast<std::size_t>(child_state)];
  }
  if (each.width() <= columns) return each;
  Line summed = labelled(label);
  for (event::ChildState child_state : {event::ChildState::kWorking, event::ChildState::kWaiting,
                                        event::ChildState::kStarting, event::ChildState::kLeaving}) {
    std::size_t sum = sums[static_cast<std::size_t>(child_state)];
    if (sum > 0) summed.add(fmt::format("{} {}  ", format_count(sum), name_of(child_state)), ink_of(child_state));
  }
  return summed;
}

}  // namespace

Pace PaceMeter::pace(const Progress& progress, ClockTime now) {
  bool is_mapping =
      !progress.phases.empty() && progress.phases.back().phase == event::Phase::kMap && !progress.phases.back().elapsed;
  if (!is_mapping) {
    steps_.clear();
    share_ = 0;
    return {};
  }
  Step current{now, progress.decoded_bytes, child_times(progress.children_of(event::Role::kMapper), now)};
  if (steps_.empty()) steps_.push_back(current);
  // One step a second is precise enough and keeps their number low.
  if (now - steps_.back().time >= std::chrono::seconds(1)) steps_.push_back(current);
  while (steps_.size() > 1 && now - steps_[1].time >= limits::kRateWindow) steps_.pop_front();
  const Step& oldest = steps_.front();
  return {.over = now - oldest.time,
          .decoded_bytes = current.decoded_bytes - oldest.decoded_bytes,
          .mappers = {.working = current.mappers.working - oldest.mappers.working,
                      .waiting = current.mappers.waiting - oldest.mappers.waiting},
          .left = left(progress.phases.back().started, progress.mapped_share(), now)};
}

// By the whole phase, because units that take long come in waves, which would be all that a short window sees. For the
// same reason by the time of the last change: until the next one, the time left goes down with the clock.
std::optional<std::chrono::nanoseconds> PaceMeter::left(ClockTime started, double share, ClockTime now) {
  if (share > share_) {
    share_ = share;
    changed_ = now;
  }
  if (now - started < kShortestPace || share_ <= 0 || share_ >= 1) return std::nullopt;
  using Seconds = std::chrono::duration<double>;
  const Seconds whole = Seconds(changed_ - started) / share_;
  Seconds left = whole - Seconds(now - started);
  // The change that was expected is late.
  if (left <= Seconds(0)) left = Seconds(now - started) / share_ * (1 - share_);
  return std::chrono::duration_cast<std::chrono::nanoseconds>(left);
}

std::string slowest_part(const Pace& pace) {
  auto all = pace.mappers.working + pace.mappers.waiting;
  if (pace.over < kShortestPace || all < std::chrono::seconds(1)) return "";
  double working =
      std::chrono::duration<double>(pace.mappers.working).count() / std::chrono::duration<double>(all).count();
  constexpr double kModulesAbove = 0.8;
  constexpr double kReadingBelow = 0.6;
  if (working >= kModulesAbove) return fmt::format("the modules (at work {:.0f}% of the time)", working * 100);
  if (working <= kReadingBelow) {
    return fmt::format("reading and decoding (the modules wait {:.0f}% of the time)", (1 - working) * 100);
  }
  return "none: reading and modules keep pace";
}

std::vector<std::string> render_live(const LiveState& state, const Style& style, std::size_t columns) {
  // The last column stays free: after a character there, the cursor's position depends on the terminal.
  std::size_t usable = columns > 1 ? columns - 1 : 1;
  std::vector<Line> lines;
  for (const PhaseProgress& phase : state.progress.phases) {
    if (phase.phase != event::Phase::kMap || phase.elapsed) {
      lines.push_back(short_phase_line(phase, state));
      continue;
    }
    for (Line& line : map_lines(phase, state, style, usable)) lines.push_back(std::move(line));
  }
  if (lines.empty()) return {};
  if (std::optional<Line> trouble = trouble_line(state.progress)) lines.push_back(std::move(*trouble));
  for (event::Role role : {event::Role::kMapper, event::Role::kCombiner, event::Role::kReducer}) {
    const auto& children = state.progress.children_of(role);
    if (std::any_of(children.begin(), children.end(), is_there)) lines.push_back(child_line(role, children, usable));
  }
  if (!state.progress.status.empty()) lines.push_back(labelled("status").add(clean(state.progress.status)));
  std::vector<std::string> texts;
  texts.reserve(lines.size());
  for (const Line& line : lines) texts.push_back(line.text(style, usable));
  return texts;
}

namespace {

// The width of one of quern's own lines, which may contain escape codes for colors.
std::size_t inked_width(const std::string& line) { return display_width(clean(line)); }

}  // namespace

std::string Screen::redraw(const std::vector<std::string>& staying, const std::vector<std::string>& live,
                           ScreenSize size) {
  std::string bytes;
  // A terminal that was made narrower since the last time has wrapped the lines of the display.
  std::size_t columns = std::max<std::size_t>(size.columns, 1);
  std::size_t rows_up = 0;
  for (std::size_t width : drawn_widths_) rows_up += std::max<std::size_t>(1, (width + columns - 1) / columns);
  if (rows_up > 0) {
    bytes += fmt::format("\x1b[{}A\r", rows_up);
    bool leaves_rests = !staying.empty() || live.size() < drawn_widths_.size() || rows_up > drawn_widths_.size();
    if (leaves_rests) bytes += "\x1b[J";
  }
  for (const std::string& line : staying) bytes.append(line).append("\n");

  drawn_widths_.clear();
  std::size_t shown = std::min(live.size(), size.rows > 1 ? size.rows - 1 : 0);
  for (std::size_t i = 0; i < shown; ++i) {
    bytes.append(live[i]).append("\x1b[K\n");
    drawn_widths_.push_back(inked_width(live[i]));
  }
  return bytes;
}

}  // namespace quern::view
