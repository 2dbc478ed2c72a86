#include <fmt/format.h>

#include <utility>

#include "base/regex.h"
#include "services/formats/line_reader.h"

// {regex: ...}: a line becomes a map from the names of the expression's groups to what they matched, or null for a
// group that took no part.

namespace quern::formats {
namespace {

class RegexParser final : public LineParser {
 public:
  explicit RegexParser(Regex regex) : regex_(std::move(regex)) {
    // Names of groups consist of letters, digits and _.
    for (const std::string& name : regex_.names()) {
      prefixes_.push_back(fmt::format("{}\"{}\":", prefixes_.empty() ? "{" : ",", name));
    }
  }

  std::string parse(std::string_view line, JsonWriter& out) override {
    const auto* groups = regex_.find(line);
    if (groups == nullptr) return "the line does not match the regular expression of the job file";
    for (std::size_t i = 0; i < prefixes_.size(); ++i) {
      out.add(prefixes_[i]);
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
  std::vector<std::string> prefixes_;
};

}  // namespace

std::unique_ptr<RecordReader> make_regex_reader(const RecordFormat& format) {
  return make_line_reader(std::make_unique<RegexParser>(Regex::make(format.regex).value()));
}

}  // namespace quern::formats
