#include "stages/inputs/index.h"

#include <nlohmann/json.hpp>
#include <utility>

namespace quern::inputs {
namespace {

using Json = nlohmann::json;

Error bad_answer(std::string message) { return bad_input("the index's answer " + std::move(message)); }

Result<IndexEntry> parse_entry(const Json& json, std::size_t number) {
  std::string where = "has, as its entry " + std::to_string(number) + ", ";
  if (!json.is_object()) return bad_answer(where + "no object");
  auto name = json.find("file_name");
  if (name == json.end() || !name->is_string() || name->get_ref<const std::string&>().empty()) {
    return bad_answer(where + "one without a \"file_name\" that is a string");
  }
  IndexEntry entry{.name = name->get<std::string>()};
  if (entry.name.find('\0') != std::string::npos) return bad_answer(where + "a name with a zero byte");
  auto size = json.find("size");
  if (size == json.end() || size->is_null()) return entry;
  if (!size->is_number_unsigned()) return bad_answer(where + "a \"size\" that is not a number of bytes");
  entry.size_bytes = size->get<std::uint64_t>();
  return entry;
}

}  // namespace

Result<void> parse_index(std::string_view json, const std::function<Result<void>(const IndexEntry&)>& take) {
  Json list = Json::parse(json, nullptr, false);
  if (list.is_discarded()) return bad_answer("is not JSON");
  if (!list.is_array()) return bad_answer("is not a list");
  std::size_t number = 0;
  for (const Json& each : list) {
    TRY_ASSIGN(IndexEntry entry, parse_entry(each, ++number));
    TRY(take(entry));
  }
  return {};
}

Result<void> ask_index(http::Client& client, const std::string& url, std::string_view filter_json,
                       const std::function<Result<void>(const IndexEntry&)>& take, const std::stop_token& stop) {
  http::Request request{.method = "POST",
                        .url = url,
                        .headers = {{.name = "Content-Type", .value = "application/json"}},
                        .body = std::string("{\"filter\":").append(filter_json).append("}")};
  TRY_ASSIGN(http::Response response, client.call(request, nullptr, stop));
  return parse_index(response.body, take);
}

}  // namespace quern::inputs
