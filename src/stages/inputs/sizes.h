#pragma once

#include <cstddef>
#include <stop_token>
#include <vector>

#include "base/result.h"
#include "model/input.h"
#include "stages/inputs/inputs.h"

namespace quern::inputs {

// Requests the sizes (and ETags) of those remote inputs that have none, peers.parallel at once. If a server does not
// send or refuses a size, it stays unknown: fetching the object will show why. Web hosts that do not answer are not
// asked again. If an S3 server does not answer, that is an error, as is kStopped. Blocks.
Result<void> ask_sizes(const RemotePeers& peers, std::vector<Input>& inputs, const std::stop_token& stop);

}  // namespace quern::inputs
