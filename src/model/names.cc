#include <string>
#include <string_view>

#include "base/shown_url.h"
#include "base/text.h"
#include "model/accounting.h"
#include "model/event.h"
#include "model/job.h"

namespace quern {

std::string_view name_of(Language language) {
  switch (language) {
    case Language::kPython:
      return "python";
    case Language::kJavascript:
      return "javascript";
    case Language::kBinary:
      return "binary";
  }
  return "";
}

std::string_view name_of(Interface interface) {
  switch (interface) {
    case Interface::kFunction:
      return "function";
    case Interface::kLines:
      return "lines";
    case Interface::kFiles:
      return "files";
  }
  return "";
}

std::string_view name_of(ResultFormat format) {
  switch (format) {
    case ResultFormat::kText:
      return "text";
    case ResultFormat::kCsv:
      return "csv";
    case ResultFormat::kTsv:
      return "tsv";
    case ResultFormat::kJsonl:
      return "jsonl";
  }
  return "";
}

std::string_view name_of(RecordKind record) {
  switch (record) {
    case RecordKind::kKeyedJson:
      return "keyed-json";
    case RecordKind::kJson:
      return "json";
    case RecordKind::kText:
      return "text";
    case RecordKind::kPairs:
      return "pairs";
  }
  return "";
}

std::string_view event::name_of(Phase phase) {
  switch (phase) {
    case Phase::kInputs:
      return "inputs";
    case Phase::kMap:
      return "map";
    case Phase::kReduce:
      return "reduce";
    case Phase::kOutput:
      return "output";
  }
  return "";
}

std::string_view event::name_of(Role role) {
  switch (role) {
    case Role::kMapper:
      return "mapper";
    case Role::kCombiner:
      return "combiner";
    case Role::kReducer:
      return "reducer";
  }
  return "";
}

std::string_view event::name_of(Level level) {
  switch (level) {
    case Level::kInfo:
      return "info";
    case Level::kWarning:
      return "warning";
    case Level::kError:
      return "error";
  }
  return "";
}

std::string_view event::name_of(ChildState state) {
  switch (state) {
    case ChildState::kStarting:
      return "starting";
    case ChildState::kWaiting:
      return "waiting";
    case ChildState::kWorking:
      return "working";
    case ChildState::kLeaving:
      return "leaving";
    case ChildState::kGone:
      return "gone";
  }
  return "";
}

bool has_losses(const Accounting& accounting) {
  const std::uint64_t skipped = accounting.is_sample_full ? 0 : accounting.inputs_skipped;
  return accounting.inputs_failed + skipped + accounting.records_bad + accounting.groups_bad > 0;
}

int exit_status(const Accounting& accounting) {
  if (accounting.ended_with.has_value()) return *accounting.ended_with;
  switch (accounting.outcome) {
    case Outcome::kDone:
      return 0;
    case Outcome::kDoneWithLosses:
      return 3;
    case Outcome::kFailed:
      return 1;
    case Outcome::kStopped:
      return 130;
  }
  return 1;
}

std::string_view counted_word(const Job& job) {
  if (job.record == RecordKind::kPairs) return "pair";
  return job.format.has_value() && job.format->kind == RecordFormat::Kind::kJsonDocument ? "record" : "line";
}

std::string Module::name() const { return expression.empty() ? script : in_quotes(with_shown_urls(expression)); }

}  // namespace quern
