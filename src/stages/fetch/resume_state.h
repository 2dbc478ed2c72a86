#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace quern::fetch {

// How much of an object an earlier run has left in its part file: docs/formats/fetched-files.md.
struct ResumeState {
  struct Range {
    std::uint64_t first = 0;
    std::uint64_t count = 0;
  };
  // Which start of the machine wrote it: bytes that were not synced are only trusted while it runs.
  std::string boot;
  std::string etag;  // strong, with its quotes
  std::uint64_t size_bytes = 0;
  std::vector<Range> taken;  // in order, apart from each other
};

std::string to_text(const ResumeState& state);
// None: it is not such a text, or its ranges are not in order within the size.
std::optional<ResumeState> parse_resume_state(std::string_view text);

// Of this start of the machine; "" if the kernel does not say, and then nothing is resumed.
std::string boot_of_machine();

}  // namespace quern::fetch
