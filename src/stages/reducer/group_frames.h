#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "model/groups.h"

namespace quern::reducer {

// One GROUPS frame (docs/formats/child-protocol.md), kept until it is answered because the keys of its groups are
// needed then. Its buffers are reused for later frames.
struct GroupsFrame {
  std::uint64_t id = 0;
  Buffer head;  // the frame's header, its flags and the number of values of each group
  Buffer body;  // keys and values
  std::vector<std::pair<std::size_t, std::size_t>> keys;  // where each group's key stands in the body, and its length
  std::uint64_t values = 0;
  bool continues = false;  // the first group's values began in an earlier frame
  bool goes_on = false;    // the last group's values go on in the next frame, which then answers for that group

  std::string_view key(std::size_t group) const { return body.view().substr(keys[group].first, keys[group].second); }
  std::size_t answered_groups() const { return keys.size() - (goes_on ? 1 : 0); }
  std::size_t size_bytes() const { return head.size() + body.size(); }
  // Asks the child to say STARTING before each group.
  void make_careful();
};

// Cuts groups into frames of about `frame_bytes`. Owned by one thread.
class GroupsEncoder {
 public:
  GroupsEncoder(GroupSource& groups, std::size_t frame_bytes) : groups_(groups), frame_bytes_(frame_bytes) {}
  // Makes the next frame. False: there are no more groups, and no frame.
  Result<bool> next(GroupsFrame& frame);
  // The next frame will continue a group.
  bool is_in_group() const { return in_group_; }

 private:
  Result<void> add_group(GroupsFrame& frame);

  GroupSource& groups_;
  const std::size_t frame_bytes_;
  std::uint64_t next_id_ = 1;
  bool in_group_ = false;  // the last frame was full before its last group was: the source stands at the next value
  std::vector<std::uint32_t> counts_;
};

// The head of an OUTPUT frame of a reducer: how many lines each group of the frame gave, and the lines.
struct GroupsOutput {
  std::vector<std::uint32_t> line_counts;
  std::string_view lines;
};
// An error: the counts do not fit the payload, or `most_groups`. Whether the lines do is for the caller to see.
Result<void> parse_output(std::string_view payload, std::size_t most_groups, GroupsOutput& output);

// Takes the first `count` lines off `lines`; an error if there are fewer.
Result<std::string_view> take_lines(std::string_view& lines, std::size_t count);

}  // namespace quern::reducer
