#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "app/look/format.h"
#include "app/look/sample.h"
#include "model/compression.h"
#include "model/packed_inputs.h"
#include "services/json/record_profile.h"

namespace quern::app {

// What a sample says about inputs. Numbers are estimates for all inputs, unless `is_exact`.
struct Look {
  std::uint64_t inputs = 0;
  std::uint64_t remote_inputs = 0;
  std::uint64_t unknown_sizes = 0;                    // of so many inputs
  std::uint64_t stored_bytes = 0;                     // of all others
  std::map<Compression, std::uint64_t> compressions;  // of how many inputs, judged by their names if they were not read
  Format format;  // of most inputs that were read; only these are counted and profiled
  std::uint64_t decoded_bytes = 0;
  std::uint64_t records = 0;
  bool is_exact = false;

  // What was read.
  std::uint64_t read_inputs = 0;  // that can be read
  std::uint64_t read_records = 0;
  std::uint64_t read_bytes = 0;  // decoded
  std::uint64_t bad_records = 0;
  std::string bad_reason;  // of the first one
  // Inputs that cannot be read or have another format, with what is the matter.
  struct Odd {
    std::string name;
    std::string reason;
  };
  std::vector<Odd> failed;
  std::vector<Odd> others;

  std::vector<json::ProfiledPath> paths;
  // The first records: JSON, as a run reads them, or lines of text.
  std::vector<std::string> examples;
};

// Returns the positions of the inputs to read.
std::vector<std::size_t> inputs_to_read(const PackedInputs& inputs);

// Reads a sample: some dozens of the inputs at most, and a few pieces of each. `chosen` are positions in the list.
// Blocks on the disk.
Look look_at(const PackedInputs& inputs, const std::vector<std::size_t>& chosen, const OpenInput& open,
             std::uint64_t most_records);

}  // namespace quern::app
