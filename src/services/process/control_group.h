#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace quern::process {

// The text of a small file of /proc or /sys; "" if it cannot be read.
std::string kernel_text(const std::string& path);
// The number that the text begins with, after blanks.
std::optional<std::uint64_t> number_in(std::string_view text);
// The number behind `name` at the start of a line.
std::optional<std::uint64_t> number_of_line(std::string_view text, std::string_view name);
// The path of our control group ("/a/b") in the text of /proc/self/cgroup, whose lines are "number:controllers:path";
// for the controller "", that of version 2.
std::optional<std::string> control_group_in(std::string_view text, std::string_view controller);

// How many processes the kernel's out-of-memory killer has ended up to now, in the whole system and in our control
// group: a child that died of SIGKILL while this grew died of it. 0 where the kernel does not say. Any thread may call.
std::uint64_t out_of_memory_kills();

}  // namespace quern::process
