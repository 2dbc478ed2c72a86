#include <fmt/format.h>

#include <utility>

#include "base/regex.h"
#include "base/utf8.h"
#include "services/formats/line_reader.h"

// {regex: ...}: a line becomes a map from the names of the expression's groups to what they matched, or null for a
// group that took no part.

namespace quern::formats {
namespace {

class RegexParser final : public LineParser {
 public:
  // Names of groups consist of letters, digits and _.
  RegexParser(Regex regex, const WantedMembers& wanted)
      : regex_(std::move(regex)),
        wanted_(member_prefixes(regex_.names(), wanted)),
        whole_(member_prefixes(regex_.names(), {})) {}

  std::string parse(std::string_view line, bool is_whole, JsonWriter& out) override {
    if (!utf8::is_valid(line)) return not_utf8(line, 0);
    const auto* groups = regex_.find(line);
    if (groups == nullptr) return "the line does not match the regular expression of the job file";
    const std::vector<std::string>& prefixes = is_whole ? whole_ : wanted_;
    for (std::size_t i = 0; i < prefixes.size(); ++i) {
      if (prefixes[i].empty()) continue;
      out.add(prefixes[i]);
      const std::optional<std::string_view>& group = (*groups)[i];
      if (!group.has_value()) {
        out.add("null");
        continue;
      }
      out.add('"');
      out.add_text(*group);
      out.add('"');
    }
    out.add('}');
    return "";
  }

 private:
  Regex regex_;
  // What precedes the value of each member: of the wanted ones, or of all.
  const std::vector<std::string> wanted_;
  const std::vector<std::string> whole_;
};

}  // namespace

std::unique_ptr<RecordReader> make_regex_reader(const RecordFormat& format, const WantedMembers& wanted) {
  return make_line_reader(std::make_unique<RegexParser>(Regex::make(format.regex).value(), wanted));
}

}  // namespace quern::formats
