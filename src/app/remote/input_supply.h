#pragma once

#include <functional>
#include <map>
#include <memory>
#include <stop_token>
#include <vector>

#include "base/result.h"
#include "model/block.h"
#include "model/event.h"
#include "model/packed_inputs.h"
#include "stages/decode/stored_source.h"
#include "stages/fetch/fetch.h"

namespace quern::app {

// Provides the stored bytes of a run's inputs, which are local or being fetched. Thread-safe.
class InputSupply {
 public:
  virtual ~InputSupply() = default;
  // Fetches what is not local. Blocks until every input is there or has failed; one thread runs it next to the mappers.
  virtual Result<void> run(const std::stop_token& stop) = 0;
  // Opens an input of a piece that a queue has handed out. If it could not be fetched, the error explains why.
  virtual Result<std::unique_ptr<decode::StoredSource>> open(InputOrdinal ordinal, const InputView& input,
                                                             const std::stop_token& stop = {}) = 0;
  // Returns a queue that hands out the pieces in order, as far as their inputs have arrived. It must not outlive the
  // supply.
  virtual std::unique_ptr<WorkQueue> queue(std::vector<InputRun> pieces) = 0;
  // Receives the events about inputs, so that the files of mapped inputs need not be kept.
  virtual EventSink& listener() = 0;
};

// A supply for inputs that are all local files.
std::unique_ptr<InputSupply> make_local_supply();

// Makes the fetcher of this run's remote inputs; `on_settled` is as in fetch::FetchPeers.
using MakeFetch = std::function<std::unique_ptr<fetch::Fetch>(std::function<void(InputOrdinal)> on_settled)>;

// A supply for inputs of which some are remote. Emits an event for each that has arrived, from any thread. `inputs` and
// `events` are borrowed. Inputs in `refused` are not fetched, for the given reason.
std::unique_ptr<InputSupply> make_fetching_supply(const InputList& inputs, std::map<InputOrdinal, Error> refused,
                                                  EventSink& events, const MakeFetch& make_fetch);

}  // namespace quern::app
