#include "app/doctor/findings.h"

#include <string_view>
#include <utility>

namespace quern::app::doctor {

Finding ok(std::string what, std::string found) {
  return {.state = Finding::State::kOk, .what = std::move(what), .found = std::move(found)};
}

Finding note(std::string what, std::string found, std::string fix) {
  return {.state = Finding::State::kNote, .what = std::move(what), .found = std::move(found), .fix = std::move(fix)};
}

Finding lacking(Need need, std::string what, std::string found, std::string fix) {
  const auto state = need == Need::kNeeded ? Finding::State::kMissing : Finding::State::kNote;
  return {.state = state, .what = std::move(what), .found = std::move(found), .fix = std::move(fix)};
}

Finding lacking(Need need, std::string what, const Error& error, std::string fix) {
  const std::string_view message = error.message;
  const std::size_t advice = message.find("; ");
  if (!fix.empty() || advice == std::string_view::npos) {
    return lacking(need, std::move(what), error.message, std::move(fix));
  }
  return lacking(need, std::move(what), std::string(message.substr(0, advice)),
                 std::string(message.substr(advice + 2)));
}

}  // namespace quern::app::doctor
