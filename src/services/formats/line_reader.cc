#include "services/formats/line_reader.h"

#include <utility>

namespace quern::formats {
namespace {

class LineReader final : public RecordReader {
 public:
  explicit LineReader(std::unique_ptr<LineParser> parser) : parser_(std::move(parser)) {}

  void begin() override {
    line_ = 1;
    is_dropping_ = false;
    is_first_ = true;
  }

  Result<std::size_t> take(std::string_view bytes, bool is_end, Records& records) override {
    JsonWriter out(records.lines);
    std::string_view rest = bytes;
    while (!rest.empty() && out.size() < kEnoughBytes) {
      const std::size_t end = rest.find('\n');
      const bool is_whole = end != std::string_view::npos || is_end;
      if (!is_whole && !is_dropping_) break;
      const std::string_view line = rest.substr(0, end == std::string_view::npos ? end : end + 1);
      rest.remove_prefix(line.size());
      if (!is_dropping_) take_line(without_line_end(line), out, records);
      if (is_whole) end_line(out);
    }
    return bytes.size() - rest.size();
  }

  std::size_t drop(std::string_view bytes, std::string reason, Records& records) override {
    records.bad.push_back({.line = line_, .record = as_one_line(bytes), .reason = std::move(reason)});
    is_dropping_ = true;
    return bytes.size();
  }

 private:
  void take_line(std::string_view line, JsonWriter& out, Records& records) {
    if (line.empty()) return;
    const std::size_t start = out.size();
    std::string reason = parser_->parse(line, is_first_, out);
    if (reason.empty()) {
      is_first_ = false;
      return;
    }
    out.cut(start);
    records.bad.push_back({.line = line_, .record = std::string(line), .reason = std::move(reason)});
  }

  void end_line(JsonWriter& out) {
    out.add('\n');
    ++line_;
    is_dropping_ = false;
  }

  const std::unique_ptr<LineParser> parser_;
  std::uint64_t line_ = 1;
  bool is_first_ = true;      // whether no record was given yet
  bool is_dropping_ = false;  // the rest of a line that is too long
};

}  // namespace

std::unique_ptr<RecordReader> make_line_reader(std::unique_ptr<LineParser> parser) {
  return std::make_unique<LineReader>(std::move(parser));
}

std::string_view without_line_end(std::string_view line) {
  if (line.ends_with('\n')) line.remove_suffix(1);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

}  // namespace quern::formats
