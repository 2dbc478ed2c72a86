#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "services/json/path.h"

namespace quern::json {

// What is wanted from every record: parts that are copied into a reduced record, and parts whose bytes are examined.
struct Wanted {
  std::vector<Path> copied;
  std::vector<Path> captured;  // a path's index is the number of its captures
};

// The wanted paths as one tree, so that each record is walked only once. Immutable, so thread-safe.
class Plan {
 public:
  static constexpr std::uint32_t kNone = UINT32_MAX;

  struct Node {
    bool is_copied = false;                                         // the whole value
    bool leads_to_copied = false;                                   // this node or one below it
    std::vector<std::uint32_t> captures;                            // of this value
    std::vector<std::uint32_t> captures_below;                      // of this value and those below it
    std::vector<std::pair<std::string, std::uint32_t>> members;     // name and node
    std::vector<std::pair<std::uint64_t, std::uint32_t>> elements;  // index and node, by index
    std::uint32_t every = kNone;                                    // the node for elements without one of their own
    std::uint64_t copied_elements = 0;  // this many elements from the first on are copied, unless `every` is copied
    bool has_elements() const { return every != kNone || !elements.empty(); }
  };

  explicit Plan(const Wanted& wanted);
  // Node 0 is the record itself.
  const std::vector<Node>& nodes() const { return nodes_; }
  bool copies() const { return nodes_.front().leads_to_copied; }

 private:
  struct Rest;
  std::uint32_t add(const std::vector<Rest>& rests);

  std::vector<Node> nodes_;
};

}  // namespace quern::json
