#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "model/packed_inputs.h"
#include "stages/inputs/filter.h"

namespace quern::inputs {

// Collects what was found and makes a sorted list of it, in which each file and each object appears once. Not
// thread-safe; does not block.
class Collector {
 public:
  // After this many, inputs are sorted and packed; the packed runs are merged at the end.
  static constexpr std::size_t kMostPending = std::size_t{1} << 18;
  explicit Collector(std::size_t most_pending = kMostPending) : most_pending_(most_pending) {}

  // Accepts only inputs that match `filter` from now on. Borrowed; nullptr accepts all.
  void use_filter(const Filter* filter) { filter_ = filter; }
  // The filter ignores this many bytes at the beginning of names, and the slashes that follow.
  void begin_pattern(std::size_t prefix_bytes) { prefix_bytes_ = prefix_bytes; }

  // `path` must not contain links in its folders. `target` is where it points to if it is a link itself, else "".
  void add(const std::string& name, const std::string& path, std::string target, std::uint64_t size_bytes);
  // Adds an object or a file behind HTTP.
  void add_remote(Input input);
  // Counts a socket, a pipe or a device that a pattern matched.
  void leave_out() { ++left_out_; }
  // Counts a file that quern has written.
  void leave_out_own(const std::string& name) { own_.push_back(name); }
  // Counts a file that Hadoop writes next to data.
  void leave_out_bookkeeping(const std::string& name) { bookkeeping_.push_back(name); }
  // Counts an object that would be an input if no part of its key began with a dot.
  void leave_out_hidden(const std::string& name) {
    if (hidden_++ == 0) first_hidden_ = name;
  }
  const Filter* filter() const { return filter_; }
  std::size_t own_left_out() const { return own_.size(); }
  // For the error of a pattern that matched nothing: what was left out since `own` files had been; "" if nothing was.
  std::string left_out_since(std::size_t own) const;
  // The number of inputs found, including those that the filter then left out.
  std::size_t count() const { return kept_ + filtered_out_; }
  std::size_t filtered_out() const { return filtered_out_; }
  // Must be called once, at the end.
  Result<InputList> finish();

 private:
  bool is_wanted(std::string_view name);
  std::string_view identity_of(const InputView& input) const;
  void keep(Input input);
  void pack_pending();
  Result<void> check_count() const;
  class Repeated;
  void add_notes(std::vector<std::string>& notes, const Repeated& repeated) const;

  const std::size_t most_pending_;
  std::vector<Input> pending_;
  std::size_t pending_bytes_ = 0;
  std::vector<PackedInputs> runs_;                        // each sorted
  std::size_t kept_ = 0;                                  // in pending_ and runs_ together
  std::unordered_map<std::string, std::string> targets_;  // targets of links, by path
  std::uint64_t left_out_ = 0;
  std::vector<std::string> own_;
  std::vector<std::string> bookkeeping_;
  std::size_t hidden_ = 0;
  std::string first_hidden_;
  const Filter* filter_ = nullptr;
  std::size_t prefix_bytes_ = 0;
  std::size_t filtered_out_ = 0;
};

}  // namespace quern::inputs
