#include "views/json/line_writer.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <string>
#include <utility>

namespace quern::view {
namespace {

// "2001-09-09T01:46:40.123Z"
std::string utc_text(std::chrono::system_clock::time_point time) {
  auto second = std::chrono::floor<std::chrono::seconds>(time);
  auto fraction = std::chrono::floor<std::chrono::milliseconds>(time - second);
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z", fmt::gmtime(second), fraction.count());
}

}  // namespace

double seconds_of(std::chrono::nanoseconds duration) {
  return static_cast<double>(std::chrono::round<std::chrono::microseconds>(duration).count()) / 1e6;
}

void LineWriter::write(const Json& object) {
  if (failure_) return;
  Json line = {
      {"event", object.at("event")}, {"time", utc_text(wall_clock_())}, {"elapsed", seconds_of(clock_() - started_)}};
  line.update(object);
  // Text from users and modules need not be UTF-8.
  std::string text = line.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
  auto written = write_all(fd_, text);
  if (!written.ok()) failure_ = std::move(written).error().with_context("writing events");
}

void LineWriter::write_accounting(std::string_view text) {
  Json accounting = Json::parse(text, nullptr, false);
  CHECK(!accounting.is_discarded());
  write({{"event", "accounting"}, {"accounting", std::move(accounting)}});
}

Result<void> LineWriter::outcome() const {
  if (failure_) return *failure_;
  return {};
}

}  // namespace quern::view
