#pragma once

#include <functional>
#include <map>
#include <memory>
#include <stop_token>
#include <vector>

#include "base/result.h"
#include "model/block.h"
#include "model/event.h"
#include "model/input.h"
#include "stages/decode/stored_source.h"
#include "stages/fetch/fetch.h"

namespace quern::app {

// Where the stored bytes of a run's inputs are: on this machine, or on their way to it. Any thread may call.
class InputSupply {
 public:
  virtual ~InputSupply() = default;
  // Brings what is not here yet. Blocks until every input is here or has failed; one thread runs it beside the mappers.
  virtual Result<void> run(const std::stop_token& stop) = 0;
  // Of an input, one of the list itself, whose piece a queue has dealt out. The error of one that could not be fetched
  // says why.
  virtual Result<std::unique_ptr<decode::StoredSource>> open(const Input& input) = 0;
  // The supply must outlive the queue. Pieces are dealt out in their order as far as their inputs are here.
  virtual std::unique_ptr<WorkQueue> queue(std::vector<InputRun> pieces) = 0;
  // Hears what becomes of the inputs, so that what is mapped need not be kept.
  virtual EventSink& listener() = 0;
};

// All inputs are files that are here.
std::unique_ptr<InputSupply> make_local_supply();

// Makes the fetcher of this run's remote inputs; `on_settled` as in fetch::FetchPeers.
using MakeFetch = std::function<std::unique_ptr<fetch::Fetch>(std::function<void(InputOrdinal)> on_settled)>;

// Inputs of which some are remote. Says which have come, from any thread. `inputs` and `events` are borrowed. Those
// that are `refused` are not fetched, for that reason.
std::unique_ptr<InputSupply> make_fetching_supply(const InputList& inputs, std::map<InputOrdinal, Error> refused,
                                                  EventSink& events, const MakeFetch& make_fetch);

}  // namespace quern::app
