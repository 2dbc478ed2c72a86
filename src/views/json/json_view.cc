#include "views/json/json_view.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <variant>

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

namespace {

Json error_json(const Error& error) {
  Json object = {{"kind", name_of(error.kind)}, {"message", error.message}};
  if (error.code != 0) object["code"] = error.code;
  if (!error.details.empty()) object["details"] = error.details;
  return object;
}

Json children_json(const Progress& progress) {
  Json all = Json::object();
  for (event::Role role : {event::Role::kMapper, event::Role::kCombiner, event::Role::kReducer}) {
    const auto& children = progress.children_of(role);
    Json states = Json::object();
    for (std::size_t child = 0; child < children.size(); ++child) {
      if (children[child].state != event::ChildState::kGone)
        states[std::to_string(child)] = name_of(children[child].state);
    }
    if (!states.empty()) all[std::string(name_of(role))] = std::move(states);
  }
  return all;
}

Json progress_json(const Progress& progress) {
  return {{"event", "progress"},
          {"inputs_found", progress.inputs_found},
          {"inputs_mapped", progress.inputs_mapped},
          {"inputs_failed", progress.inputs_failed},
          {"records_mapped", progress.records_mapped},
          {"records_bad", progress.records_bad},
          {"inputs_fetched", progress.inputs_fetched},
          {"fetched_bytes", progress.fetched_bytes},
          {"stored_bytes_found", progress.stored_bytes_found},
          {"stored_bytes", progress.stored_bytes},
          {"decoded_bytes", progress.decoded_bytes},
          {"mapped_share", std::round(progress.mapped_share() * 1e4) / 1e4},
          {"mapped_output_bytes", progress.mapped_output_bytes},
          {"groups_reduced", progress.groups_reduced},
          {"values_reduced", progress.values_reduced},
          {"children", children_json(progress)}};
}

// Whether events of this kind occur for every block or more often.
bool is_summed_up(const event::Event& event) {
  return std::holds_alternative<event::InputFetched>(event) || std::holds_alternative<event::InputUnverified>(event) ||
         std::holds_alternative<event::InputProgress>(event) || std::holds_alternative<event::InputDecoded>(event) ||
         std::holds_alternative<event::BlockMapped>(event) || std::holds_alternative<event::BlockProgress>(event) ||
         std::holds_alternative<event::GroupsReduced>(event) || std::holds_alternative<event::ChildChanged>(event) ||
         std::holds_alternative<event::ChildEnded>(event);
}

// Makes the object of each event that is written on its own.
struct ToJson {
  const std::function<std::string(InputOrdinal)>& input_name;

  void add_input(Json& object, InputOrdinal input) const {
    object["input"] = input;
    if (input_name) object["name"] = input_name(input);
  }
  Json operator()(const event::RunStarted& e) const {
    return {{"event", "run_started"},
            {"job", e.job},
            {"inputs", e.inputs},
            {"stored_bytes", e.stored_bytes},
            {"processes", e.processes}};
  }
  Json operator()(const event::PhaseStarted& e) const {
    return {{"event", "phase_started"}, {"phase", name_of(e.phase)}};
  }
  Json operator()(const event::PhaseEnded& e) const {
    return {{"event", "phase_ended"}, {"phase", name_of(e.phase)}, {"seconds", seconds_of(e.elapsed)}};
  }
  Json operator()(const event::InputFailed& e) const {
    Json object = {{"event", "input_failed"}};
    add_input(object, e.input);
    object["error"] = error_json(e.error);
    return object;
  }
  Json operator()(const event::RecordBad& e) const {
    Json object = {{"event", "record_bad"}};
    add_input(object, e.input);
    object["line"] = e.line;
    object["reason"] = e.reason;
    if (!e.details.empty()) object["details"] = e.details;
    return object;
  }
  Json operator()(const event::PathsLooked& e) const {
    Json paths = Json::array();
    for (const WantedPath& path : e.paths) {
      paths.push_back({{"setting", path.setting}, {"path", path.path}, {"found", path.is_found}});
    }
    return {{"event", "paths"}, {"paths", std::move(paths)}};
  }
  Json operator()(const event::ComparedAsText& e) const {
    return {{"event", "compared_as_text"}, {"keys", e.keys}, {"first_key", e.first_key}};
  }
  Json operator()(const event::GroupBad& e) const {
    Json object = {{"event", "group_bad"}, {"key", e.key}, {"reason", e.reason}};
    if (!e.details.empty()) object["details"] = e.details;
    return object;
  }
  Json operator()(const event::ChildDied& e) const {
    return {{"event", "child_died"},
            {"role", name_of(e.role)},
            {"child", e.child},
            {"cause", e.cause},
            {"action", e.action}};
  }
  Json operator()(const event::ModuleLine& e) const {
    return {{"event", "module_line"}, {"role", name_of(e.role)}, {"child", e.child}, {"line", e.line}};
  }
  Json operator()(const event::Counted& e) const {
    return {{"event", "counted"}, {"group", e.group}, {"name", e.name}, {"amount", e.amount}};
  }
  Json operator()(const event::Status& e) const { return {{"event", "status"}, {"child", e.child}, {"text", e.text}}; }
  Json operator()(const event::Note& e) const {
    return {{"event", "note"}, {"level", name_of(e.level)}, {"text", e.text}};
  }
  // All other events are summed up.
  template <typename Other>
  Json operator()(const Other&) const {
    return {};
  }
};

}  // namespace

JsonView::~JsonView() {
  std::lock_guard lock(mutex_);
  write_progress_if_any();
}

void JsonView::emit(const event::Event& event) {
  std::lock_guard lock(mutex_);
  ClockTime now = options_.clock();
  tally_.add(event, now);
  note_times(event, now);
  write_mapped_inputs();
  if (is_summed_up(event)) {
    has_news_ = true;
    if (!last_progress_ || now - *last_progress_ >= options_.progress_interval) write_progress_if_any();
    return;
  }
  // The figures before the end of a phase must cover the whole phase.
  if (std::holds_alternative<event::PhaseEnded>(event)) write_progress_if_any();
  writer_.write(std::visit(ToJson{options_.input_name}, event));
}

void JsonView::note_times(const event::Event& event, ClockTime now) {
  if (const auto* read = std::get_if<event::InputProgress>(&event)) {
    InputTimes& times = times_[read->input];
    if (!times.began.has_value()) times.began = now;
  } else if (const auto* fetched = std::get_if<event::InputFetched>(&event)) {
    times_[fetched->input].fetched = now;
  } else if (const auto* decoded = std::get_if<event::InputDecoded>(&event)) {
    times_[decoded->input].decoded = now;
  } else if (const auto* failed = std::get_if<event::InputFailed>(&event)) {
    times_.erase(failed->input);
  }
}

void JsonView::write_mapped_inputs() {
  for (InputOrdinal input : tally_.take_mapped()) {
    Json object = {{"event", "input_mapped"}};
    ToJson{options_.input_name}.add_input(object, input);
    const auto found = times_.extract(input);
    const InputTimes times = found ? found.mapped() : InputTimes();
    for (const auto& [name, time] :
         {std::pair("fetched", times.fetched), std::pair("began", times.began), std::pair("decoded", times.decoded)}) {
      if (time.has_value()) object[name] = seconds_of(*time - writer_.started());
    }
    writer_.write(std::move(object));
  }
}

void JsonView::finish(std::string_view accounting_json) {
  std::lock_guard lock(mutex_);
  write_progress_if_any();
  writer_.write_accounting(accounting_json);
}

Result<void> JsonView::outcome() {
  std::lock_guard lock(mutex_);
  return writer_.outcome();
}

void JsonView::write_progress_if_any() {
  if (!std::exchange(has_news_, false)) return;
  last_progress_ = options_.clock();
  writer_.write(progress_json(tally_.progress()));
}

}  // namespace quern::view
