#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace quern::fetch {

// Which bytes of an object an earlier run left in its part file: docs/formats/fetched-files.md.
struct ResumeState {
  struct Range {
    std::uint64_t first = 0;
    std::uint64_t count = 0;
  };
  // The boot id of the machine that wrote it: bytes that were not synced are trusted only until the machine restarts.
  std::string boot;
  std::string etag;  // strong, with its quotes
  std::uint64_t size_bytes = 0;
  std::vector<Range> taken;  // in order, not adjacent
};

std::string to_text(const ResumeState& state);
// Returns nothing if `text` is not a state, or its ranges are not in order and within the size.
std::optional<ResumeState> parse_resume_state(std::string_view text);

// The boot id of this machine; "" if the kernel does not provide it, and then nothing is resumed.
std::string boot_of_machine();

}  // namespace quern::fetch
