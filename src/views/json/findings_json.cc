#include "views/json/findings_json.h"

#include <nlohmann/json.hpp>

namespace quern::view {
namespace {

const char* state_name(Finding::State state) {
  switch (state) {
    case Finding::State::kOk:
      return "ok";
    case Finding::State::kNote:
      return "note";
    case Finding::State::kMissing:
      break;
  }
  return "missing";
}

}  // namespace

std::string findings_json(std::span<const Finding> findings) {
  using Json = nlohmann::ordered_json;
  std::string text = "[";
  for (const Finding& finding : findings) {
    const Json object = {
        {"state", state_name(finding.state)}, {"what", finding.what}, {"found", finding.found}, {"fix", finding.fix}};
    text += text.size() > 1 ? ",\n " : "\n ";
    // File names need not be UTF-8, but JSON must be.
    text += object.dump(-1, ' ', false, Json::error_handler_t::replace);
  }
  return text + (findings.empty() ? "]\n" : "\n]\n");
}

}  // namespace quern::view
