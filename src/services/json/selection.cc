#include "services/json/selection.h"

#include <utility>

namespace quern::json {

Result<Selection> parse_selection(const std::vector<std::string>& fields, std::string_view where_json) {
  Selection selection;
  for (const std::string& field : fields) {
    auto path = parse_path(field);
    if (!path.ok()) return std::move(path).error().with_context("fields");
    selection.fields.push_back(std::move(path).value());
  }
  TRY_ASSIGN(selection.where, parse_conditions(where_json));
  return selection;
}

}  // namespace quern::json
