#pragma once

#include <cstddef>
#include <stop_token>
#include <vector>

#include "base/result.h"
#include "model/input.h"
#include "stages/inputs/inputs.h"

namespace quern::inputs {

// Asks for the sizes (and ETags) of those remote inputs that have none, peers.parallel at once. What a server does not
// say, or refuses to say, stays unknown, as whoever fetches the object will see why; a host of the web that is silent
// is not asked again. An S3 server that does not answer, and kStopped, are errors. Blocks.
Result<void> ask_sizes(const RemotePeers& peers, std::vector<Input>& inputs, const std::stop_token& stop);

}  // namespace quern::inputs
