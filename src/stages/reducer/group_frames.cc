#include "stages/reducer/group_frames.h"

#include <cstring>
#include <utility>

#include "base/coding.h"
#include "model/protocol.h"

namespace quern::reducer {
namespace {

constexpr std::uint32_t kCareful = 1;
constexpr std::uint32_t kContinues = 2;
constexpr std::uint32_t kGoesOn = 4;

Error broken(std::string_view message) {
  return Error{.kind = ErrorKind::kChildFailed, .message = std::string(message)};
}

void append_line(Buffer& target, std::string_view line) {
  std::size_t used = target.size();
  target.resize(used + line.size() + 1);
  if (!line.empty()) std::memcpy(target.data() + used, line.data(), line.size());
  target.data()[used + line.size()] = '\n';
}

}  // namespace

void GroupsFrame::make_careful() { head.data()[protocol::kHeaderBytes] |= static_cast<char>(kCareful); }

Result<bool> GroupsEncoder::next(GroupsFrame& frame) {
  frame.body.clear();
  frame.head.clear();
  frame.keys.clear();
  frame.values = 0;
  counts_.clear();
  std::uint32_t flags = in_group_ ? kContinues : 0;
  frame.continues = in_group_;
  if (in_group_) TRY(add_group(frame));
  while (!in_group_ && frame.body.size() < frame_bytes_) {
    TRY_ASSIGN(bool found, groups_.next_group());
    if (!found) break;
    TRY(add_group(frame));
  }
  if (frame.keys.empty()) return false;
  frame.goes_on = in_group_;
  if (in_group_) flags |= kGoesOn;
  frame.id = next_id_++;
  std::uint64_t payload_bytes = 8 + 4 * counts_.size() + frame.body.size();
  protocol::append_header(frame.head,
                          {.type = protocol::FrameType::kGroups, .id = frame.id, .payload_bytes = payload_bytes});
  append_number(frame.head, flags);
  append_number(frame.head, static_cast<std::uint32_t>(counts_.size()));
  frame.head.append({reinterpret_cast<const char*>(counts_.data()), 4 * counts_.size()});
  return true;
}

// Adds the key and as many values as fit. If in_group_ is set, the source is at a value that is not sent yet.
Result<void> GroupsEncoder::add_group(GroupsFrame& frame) {
  std::string_view key = groups_.key();
  frame.keys.emplace_back(frame.body.size(), key.size());
  append_line(frame.body, key);
  std::uint32_t count = 0;
  bool has_value = in_group_;
  in_group_ = false;
  while (true) {
    if (!has_value) {
      TRY_ASSIGN(has_value, groups_.next_value());
      if (!has_value) break;
      if (count > 0 && frame.body.size() >= frame_bytes_) {
        in_group_ = true;
        break;
      }
    }
    append_line(frame.body, groups_.value());
    has_value = false;
    ++count;
  }
  counts_.push_back(count);
  frame.values += count;
  return {};
}

Result<void> parse_output(std::string_view payload, std::size_t most_groups, GroupsOutput& output) {
  if (payload.size() < 4) return broken("it wrote an OUTPUT frame that is too short");
  std::size_t groups = number_at<std::uint32_t>(payload, 0);
  if (groups > most_groups) return broken("it wrote an OUTPUT frame about more groups than it was given");
  if (payload.size() < 4 + 4 * groups) return broken("it wrote an OUTPUT frame that is too short");
  output.line_counts.resize(groups);
  if (groups > 0) std::memcpy(output.line_counts.data(), payload.data() + 4, 4 * groups);
  output.lines = payload.substr(4 + 4 * groups);
  return {};
}

Result<std::string_view> take_lines(std::string_view& lines, std::size_t count) {
  std::size_t end = 0;
  for (std::size_t i = 0; i < count; ++i) {
    std::size_t line_end = lines.find('\n', end);
    if (line_end == std::string_view::npos)
      return broken("it wrote an OUTPUT frame with fewer lines than it announced");
    end = line_end + 1;
  }
  std::string_view taken = lines.substr(0, end);
  lines.remove_prefix(end);
  return taken;
}

Result<void> GroupLines::fill(Buffer& lines, std::size_t size_bytes) {
  lines.clear();
  while (lines.size() < size_bytes) {
    if (!in_group_) {
      TRY_ASSIGN(in_group_, groups_.next_group());
      if (!in_group_) return {};
      start_.assign(groups_.key()).append(separator_);
      ++counts_.groups;
    }
    TRY_ASSIGN(in_group_, groups_.next_value());
    if (!in_group_) continue;
    std::string_view value = groups_.value();
    std::size_t used = lines.size();
    lines.resize(used + start_.size() + value.size() + 1);
    char* target = lines.data() + used;
    std::memcpy(target, start_.data(), start_.size());
    if (!value.empty()) std::memcpy(target + start_.size(), value.data(), value.size());
    target[start_.size() + value.size()] = '\n';
    ++counts_.values;
  }
  return {};
}

GroupLines::Counts GroupLines::take_counts() { return std::exchange(counts_, {}); }

}  // namespace quern::reducer
