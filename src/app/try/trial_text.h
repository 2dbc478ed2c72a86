#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "model/event.h"

namespace quern::app {

// How quern try shows records and what became of them. Pure functions.
class TrialText {
 public:
  struct Options {
    std::size_t columns = 0;  // of the terminal; 0: not a terminal, so only very long lines are cut
    bool color = false;
    std::string separator;                           // between a key and a value
    bool has_pairs = false;                          // the mapper emits pairs (model/pair.h); otherwise lines of text
    std::vector<std::string> columns_of_pairs = {};  // names of `aggregate`, whose pairs are those of columns
  };
  explicit TrialText(Options options) : options_(std::move(options)) {}

  // "data/a.json:3  {...}"
  std::string record(std::string_view input, std::uint64_t line, std::string_view record) const;
  // What a module printed.
  std::string printed(const event::ModuleLine& line) const;
  // Splits what a mapper gave into what is shown of it, an element for each pair or line.
  std::vector<std::string> split(std::string_view output) const;
  // What a record gave; `gave` is from split().
  std::string outcome(const std::vector<std::string>& gave) const;
  std::string bad(std::string_view reason, std::string_view details) const;
  // The first lines of a result, under a heading.
  std::string result(std::string_view of, std::string_view lines) const;

 private:
  std::string fitted(std::string line) const;
  std::string pair(std::string_view key, std::string_view value) const;

  const Options options_;
};

}  // namespace quern::app
