#include "app/run/bad_records.h"

#include <utility>

namespace quern::app {

void BadRecords::emit(const event::Event& event) {
  if (const auto* bad = std::get_if<event::RecordBad>(&event)) {
    add(*held_.lock(), *bad);
  } else if (const auto* decoded = std::get_if<event::InputDecoded>(&event)) {
    held_.lock()->open.erase(decoded->input);
  } else if (const auto* failed = std::get_if<event::InputFailed>(&event)) {
    leave_out(*held_.lock(), failed->input);
  } else if (const auto* group = std::get_if<event::GroupBad>(&event)) {
    auto added = file_.add("reducer", 0, group->reason, group->key);
    if (!added.ok()) policy_.fail(std::move(added).error());
  }
}

Result<void> BadRecords::commit() { return file_.commit(held_.lock()->left_out); }

void BadRecords::add(Held& held, const event::RecordBad& bad) {
  // Its block was being processed when the input turned out to be damaged.
  if (held.failed.contains(bad.input)) return;
  auto added = file_.add(inputs_.inputs[bad.input].name, bad.line, bad.reason, bad.record);
  if (!added.ok()) return policy_.fail(std::move(added).error());
  held.open[bad.input].push_back(added.value());
}

void BadRecords::leave_out(Held& held, InputOrdinal input) {
  held.failed.insert(input);
  auto open = held.open.extract(input);
  if (!open.empty()) held.left_out.insert(held.left_out.end(), open.mapped().begin(), open.mapped().end());
}

}  // namespace quern::app
