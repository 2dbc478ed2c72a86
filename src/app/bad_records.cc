#include "app/bad_records.h"

#include <algorithm>
#include <utility>

#include "model/limits.h"

namespace quern::app {
namespace {

bool is_verified(const std::vector<bool>& verified, InputOrdinal input) {
  return input < verified.size() && verified[input];
}

}  // namespace

void BadRecords::emit(const event::Event& event) {
  if (const auto* bad = std::get_if<event::RecordBad>(&event)) {
    auto held = held_.lock();
    std::size_t bytes = bad->record.size() + bad->reason.size();
    if (is_verified(held->is_verified, bad->input) || held->bytes + bytes > limits::kHeldBadRecordBytes) {
      return write(*bad);
    }
    held->waiting[bad->input].push_back(*bad);
    held->bytes += bytes;
  } else if (const auto* decoded = std::get_if<event::InputDecoded>(&event)) {
    auto held = held_.lock();
    if (held->is_verified.size() <= decoded->input) {
      held->is_verified.resize(std::max<std::size_t>(decoded->input + 1, held->is_verified.size() * 2));
    }
    held->is_verified[decoded->input] = true;
    release(*held, decoded->input, true);
  } else if (const auto* failed = std::get_if<event::InputFailed>(&event)) {
    release(*held_.lock(), failed->input, false);
  } else if (const auto* group = std::get_if<event::GroupBad>(&event)) {
    auto added = file_.add("reducer", 0, group->reason, group->key);
    if (!added.ok()) policy_.fail(std::move(added).error());
  }
}

void BadRecords::flush() {
  auto held = held_.lock();
  while (!held->waiting.empty()) release(*held, held->waiting.begin()->first, true);
}

void BadRecords::release(Held& held, InputOrdinal input, bool keep) {
  auto found = held.waiting.find(input);
  if (found == held.waiting.end()) return;
  for (const event::RecordBad& bad : found->second) {
    held.bytes -= bad.record.size() + bad.reason.size();
    if (keep) write(bad);
  }
  held.waiting.erase(found);
}

void BadRecords::write(const event::RecordBad& bad) {
  auto added = file_.add(inputs_.inputs[bad.input].name, bad.line, bad.reason, bad.record);
  if (!added.ok()) policy_.fail(std::move(added).error());
}

}  // namespace quern::app
