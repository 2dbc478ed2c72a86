#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace quern::process {

// Returns the text of a small file in /proc or /sys; "" if it cannot be read.
std::string kernel_text(const std::string& path);
// Returns the number at the beginning of the text, after optional white space.
std::optional<std::uint64_t> number_in(std::string_view text);
// Returns the number that follows `name` at the start of a line.
std::optional<std::uint64_t> number_of_line(std::string_view text, std::string_view name);
// Returns the path of this process's control group ("/a/b") from the text of /proc/self/cgroup, whose lines are
// "number:controllers:path"; the controller "" means version 2.
std::optional<std::string> control_group_in(std::string_view text, std::string_view controller);

// Returns how many processes the kernel's out-of-memory killer has killed so far, in the whole system and in this
// control group. If the number grows while a child dies of SIGKILL, that is the cause. Returns 0 if the kernel does not
// report it. Thread-safe.
std::uint64_t out_of_memory_kills();

}  // namespace quern::process
