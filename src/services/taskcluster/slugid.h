#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>

// The ids of tasks and task groups: UUIDs of version 4 in 22 characters (https://github.com/taskcluster/slugid).

namespace quern::taskcluster {

// Fills the bytes with random values.
using Random = std::function<void(std::span<unsigned char>)>;
// The random source of the operating system. Thread-safe.
void system_random(std::span<unsigned char> bytes);

// Makes a new id, in the form that begins with a letter: A to Z or a to f.
std::string make_slugid(const Random& random);
// Whether the queue accepts the text as a slugid, with any valid first character.
bool is_slugid(std::string_view text);

}  // namespace quern::taskcluster
