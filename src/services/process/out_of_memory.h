#pragma once

#include <cstdint>
#include <string_view>

namespace quern::process {

// How many processes the kernel's out-of-memory killer has ended up to now, in the whole system and in our control
// group: a child that died of SIGKILL while this grew died of it. 0 where the kernel does not say. Any thread may call.
std::uint64_t out_of_memory_kills();

// The number behind "oom_kill " in a file of "name number" lines, as /proc/vmstat and memory.events are; 0 without one.
std::uint64_t parse_out_of_memory_kills(std::string_view text);
// The path of our group in version 2 of control groups ("/a/b"), from the text of /proc/self/cgroup; "" without one.
std::string_view parse_control_group(std::string_view text);

}  // namespace quern::process
