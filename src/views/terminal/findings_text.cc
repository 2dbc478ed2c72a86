#include "views/terminal/findings_text.h"

#include <fmt/format.h>

#include "views/terminal/terminal_text.h"

namespace quern::view {
namespace {

// Padded to the width of the longest state, so that the next column is aligned.
std::string state_text(Finding::State state, bool color) {
  switch (state) {
    case Finding::State::kOk:
      return inked("ok     ", Ink::kGreen, color);
    case Finding::State::kNote:
      return inked("note   ", Ink::kYellow, color);
    case Finding::State::kMissing:
      break;
  }
  return inked("missing", Ink::kRed, color);
}

}  // namespace

std::string finding_text(const Finding& finding, bool color) {
  std::string line = fmt::format("{}  {}: {}", state_text(finding.state, color),
                                 inked(clean(finding.what), Ink::kBold, color), clean(finding.found));
  if (!finding.fix.empty()) line += fmt::format("  -> {}", inked(clean(finding.fix), Ink::kCyan, color));
  return line + "\n";
}

}  // namespace quern::view
