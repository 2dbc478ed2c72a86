#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>

#include "base/result.h"
#include "model/input.h"

namespace quern::inputs {

// Gathers the files that were found, and makes one sorted list of them in which each file stands once. Owned by one
// thread; does not block.
class Collector {
 public:
  // `path` has no link in its folders. `target` is what it points to if it is a link itself, else "".
  void add(std::string name, std::string path, std::string target, std::uint64_t size_bytes);
  // A socket, a pipe or a device that a pattern met.
  void leave_out() { ++left_out_; }
  std::size_t count() const { return inputs_.size(); }
  Result<InputList> finish();

 private:
  const std::string& identity_of(const Input& input) const;
  std::vector<bool> find_repeated(InputList& list) const;
  void add_notes(InputList& list, std::size_t named_twice, const std::string& twice, std::size_t linked,
                 const std::string& link) const;

  std::vector<Input> inputs_;
  std::unordered_map<std::string, std::string> targets_;  // of links, by path
  std::uint64_t left_out_ = 0;
};

}  // namespace quern::inputs
