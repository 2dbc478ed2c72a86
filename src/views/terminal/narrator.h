#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "model/event.h"
#include "model/input.h"
#include "model/progress.h"
#include "views/terminal/terminal_text.h"

namespace quern::limits {

// How many lines printed by modules are shown as they come; --verbose shows all.
inline constexpr std::size_t kShownModuleLines = 20;

}  // namespace quern::limits

namespace quern::view {

struct NarratorOptions {
  bool quiet = false;    // errors and warnings only
  bool verbose = false;  // everything, with details, and no limits
  bool phases = false;   // also lines for the start and end of phases, if there is no live display
  Style style;
  std::function<std::string(InputOrdinal)> input_name = {};
};

// Chooses which events become permanent lines, and words them. Of each kind the first limits::kShownFailures are shown
// (of lines that modules print, limits::kShownModuleLines); of bad records and groups, the first with each reason. The
// rest is counted. Not thread-safe.
class Narrator {
 public:
  explicit Narrator(NarratorOptions options) : options_(std::move(options)) {}

  // Appends the lines for this event, if any. `progress` must already include the event.
  void tell(const event::Event& event, const Progress& progress, std::vector<std::string>& lines);
  // Appends lines for what was only counted.
  void finish(std::vector<std::string>& lines) const;

 private:
  enum Kind { kFailedInputs, kBadRecords, kBadGroups, kDeaths, kModuleLines, kNotes, kWarnings, kKinds };
  using Reasons = std::map<std::string, std::uint64_t, std::less<>>;
  // Counts one more event of this kind. Returns false if it exceeds the number to be shown.
  bool is_shown(Kind kind);
  // The same for a bad record or group: the first with each reason is shown.
  bool is_shown(Kind kind, std::string_view reason);
  std::string name(InputOrdinal input) const;
  void tell_failure(const event::Event& event, std::vector<std::string>& lines);
  void tell_warning(const event::Event& event, std::vector<std::string>& lines);
  void tell_module(const event::Event& event, std::vector<std::string>& lines);
  void tell_phase(const event::Event& event, const Progress& progress, std::vector<std::string>& lines) const;
  void add(std::vector<std::string>& lines, std::string_view label, Ink ink, std::string_view text) const;
  void add_details(std::vector<std::string>& lines, std::string_view details) const;

  const NarratorOptions options_;
  std::array<std::size_t, kKinds> counts_{};
  std::array<std::size_t, kKinds> shown_{};
  std::array<Reasons, kKinds> reasons_;  // how many bad records and groups have each reason
};

// Returns the state of a phase: "map: 12 of 40 inputs, 33,000 records, 210 MB/s, 3 bad". `label` is "map" or "map: done
// in 2.0 s".
std::string phase_line(std::string_view label, const PhaseProgress& phase, const Progress& progress, ClockTime now);

}  // namespace quern::view
