#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>

// The names of tasks and task groups: UUIDs of version 4 in 22 letters (https://github.com/taskcluster/slugid).

namespace quern::taskcluster {

// Fills the bytes with random ones.
using Random = std::function<void(std::span<unsigned char>)>;
// The operating system's. Any thread.
void system_random(std::span<unsigned char> bytes);

// A new one, of the form that begins with a letter: A to Z or a to f.
std::string make_slugid(const Random& random);
// What the queue takes as one, whatever it begins with.
bool is_slugid(std::string_view text);

}  // namespace quern::taskcluster
