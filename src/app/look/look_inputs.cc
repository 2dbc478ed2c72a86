#include "app/look/look_inputs.h"

#include <fmt/format.h>
#include <algorithm>

#include <optional>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "app/cli/console.h"
#include "app/job/run_inputs.h"
#include "app/remote/input_supply.h"
#include "app/remote/remote_access.h"
#include "model/event.h"
#include "services/disk/files.h"
#include "views/terminal/terminal_text.h"

namespace quern::app {
namespace {

// Prints notes, such as that a server is waited for. A look is too short for anything else.
class NotePrinter final : public EventSink {
 public:
  void emit(const event::Event& event) override {
    if (const auto* note = std::get_if<event::Note>(&event)) say(note->text);
  }
  static void say(const std::string& text) { print_to_stderr(fmt::format("quern: {}\n", view::clean(text))); }
};

// The chosen inputs, once those that are remote have been fetched.
class ChosenInputs {
 public:
  // `downloads` is where `remote` looks for its folder.
  static Result<ChosenInputs> fetch(const InputList& all, const std::vector<std::size_t>& chosen, Downloads& downloads,
                                    RemoteAccess& remote, EventSink& events) {
    ChosenInputs fetched(chosen);
    for (std::size_t i : chosen) fetched.list_->inputs.append(all.inputs[i]);
    TRY_ASSIGN(fetched.scratch_, disk::ScratchFolder::make(""));
    downloads.directory = fetched.scratch_->path() + "/s3";
    TRY_ASSIGN(std::string folder, disk::working_folder());
    TRY_ASSIGN(fetched.supply_, remote.supply(*fetched.list_, folder, events, {}));
    std::vector<InputRun> pieces;
    for (InputOrdinal i = 0; i < chosen.size(); ++i) pieces.push_back({.first = i, .count = 1});
    fetched.queue_ = fetched.supply_->queue(std::move(pieces));
    TRY(fetched.supply_->run({}));
    while (fetched.queue_->next({}).has_value()) continue;
    return fetched;
  }

  Result<std::unique_ptr<decode::StoredSource>> open(std::size_t position) {
    const auto found = std::find(chosen_.begin(), chosen_.end(), position);
    CHECK(found != chosen_.end());
    const auto ordinal = static_cast<InputOrdinal>(found - chosen_.begin());
    return supply_->open(ordinal, list_->inputs[ordinal]);
  }

 private:
  explicit ChosenInputs(std::vector<std::size_t> chosen)
      : chosen_(std::move(chosen)), list_(std::make_unique<InputList>()) {}

  std::vector<std::size_t> chosen_;
  std::optional<disk::ScratchFolder> scratch_;
  std::unique_ptr<InputList> list_;  // which the supply borrows
  std::unique_ptr<InputSupply> supply_;
  std::unique_ptr<WorkQueue> queue_;
};

}  // namespace

Result<Look> look_at_inputs(const CommandLine& line, std::uint64_t most_records) {
  Job job;
  NotePrinter events;
  RemoteAccess remote(line, job.downloads);
  inputs::RemotePeers peers = remote.peers(events);
  peers.asks_sizes = true;
  TRY_ASSIGN(InputList list, list_run_inputs(job, line, std::move(peers), nullptr, {}));
  for (const std::string& note : list.notes) NotePrinter::say(note);
  const std::vector<std::size_t> chosen = inputs_to_read(list.inputs);
  if (chosen.empty()) {
    return bad_input(
        "look: each of these inputs is too large to be fetched for a look, or of unknown size; fetch the beginning of "
        "one of them, and look at that file");
  }
  const bool is_remote =
      std::any_of(chosen.begin(), chosen.end(), [&](std::size_t i) { return list.inputs[i].is_remote(); });
  if (!is_remote) {
    const auto local = make_local_supply();
    return look_at(
        list.inputs, chosen,
        [&](std::size_t position, const InputView& input) {
          return local->open(static_cast<InputOrdinal>(position), input);
        },
        most_records);
  }
  TRY_ASSIGN(ChosenInputs fetched, ChosenInputs::fetch(list, chosen, job.downloads, remote, events));
  return look_at(
      list.inputs, chosen, [&](std::size_t position, const InputView&) { return fetched.open(position); },
      most_records);
}

}  // namespace quern::app
