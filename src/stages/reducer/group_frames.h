#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "model/groups.h"

namespace quern::reducer {

// One GROUPS frame (docs/formats/child-protocol.md), kept until it is answered, because the answer refers to its keys.
// Its buffers are reused for later frames.
struct GroupsFrame {
  std::uint64_t id = 0;
  Buffer head;  // the frame's header, its flags and the number of values of each group
  Buffer body;  // keys and values
  std::vector<std::pair<std::size_t, std::size_t>> keys;  // offset and length of each group's key in the body
  std::uint64_t values = 0;
  bool continues = false;  // the first group's values began in an earlier frame
  bool goes_on = false;    // the last group's values continue in the next frame, whose answer covers that group

  std::string_view key(std::size_t group) const { return body.view().substr(keys[group].first, keys[group].second); }
  std::size_t answered_groups() const { return keys.size() - (goes_on ? 1 : 0); }
  std::size_t size_bytes() const { return head.size() + body.size(); }
  // Asks the child to send STARTING before each group.
  void make_careful();
};

// Encodes groups as frames of about `frame_bytes`. Not thread-safe.
class GroupsEncoder {
 public:
  GroupsEncoder(GroupSource& groups, std::size_t frame_bytes) : groups_(groups), frame_bytes_(frame_bytes) {}
  // Makes the next frame. Returns false, without a frame, if there are no more groups.
  Result<bool> next(GroupsFrame& frame);
  // Whether the next frame will continue a group.
  bool is_in_group() const { return in_group_; }

 private:
  Result<void> add_group(GroupsFrame& frame);

  GroupSource& groups_;
  const std::size_t frame_bytes_;
  std::uint64_t next_id_ = 1;
  bool in_group_ = false;  // the last frame was full before the end of its last group: the source is at the next value
  std::vector<std::uint32_t> counts_;
};

// The head of an OUTPUT frame of a reducer: the number of lines of each group in the frame, and the lines.
struct GroupsOutput {
  std::vector<std::uint32_t> line_counts;
  std::string_view lines;
};
// Fails if the counts do not fit into the payload, or exceed `most_groups`. The caller must check the lines.
Result<void> parse_output(std::string_view payload, std::size_t most_groups, GroupsOutput& output);

// Removes the first `count` lines from `lines` and returns them; fails if there are fewer.
Result<std::string_view> take_lines(std::string_view& lines, std::size_t count);

// Writes groups as sorted lines "key<separator>value\n", which `lines` and `files` reducers read.
class GroupLines {
 public:
  GroupLines(GroupSource& groups, std::string_view separator) : groups_(groups), separator_(separator) {}
  // Clears the buffer and fills it with about `size_bytes` of whole lines. It is empty at the end.
  Result<void> fill(Buffer& lines, std::size_t size_bytes);

  // What was written since the last call.
  struct Counts {
    std::uint64_t groups = 0;
    std::uint64_t values = 0;
  };
  Counts take_counts();

 private:
  GroupSource& groups_;
  std::string_view separator_;
  bool in_group_ = false;
  std::string start_;  // the beginning of each line of this group
  Counts counts_;
};

}  // namespace quern::reducer
