#pragma once

#include <stop_token>
#include <string>

#include "app/cli/command_line.h"
#include "base/result.h"
#include "model/input.h"
#include "model/job.h"
#include "model/packed_inputs.h"
#include "stages/inputs/inputs.h"

namespace quern::app {

// What names the inputs: the command line, or else (except for map) the job. Without peers and standard input.
Result<inputs::InputRequest> input_request(const Job& job, const CommandLine& line);

// The bucket of bare keys: from --bucket, or else QUERN_BUCKET; "" if there is none.
std::string bucket_of(const CommandLine& line);

// Returns the inputs of quern run, map and reduce: those named on the command line, or else, for run, in the job.
// Inputs of reduce stay in the order in which they are named, which becomes the order of a key's values; all others are
// sorted. Blocks. `own_files` is as in InputRequest.
Result<InputList> list_run_inputs(const Job& job, const CommandLine& line, inputs::RemotePeers peers,
                                  const inputs::OwnFiles* own_files, const std::stop_token& stop);

// Returns the inputs of a plan: those that quern run would have. Requests unknown sizes, because loads are cut by size.
Result<InputList> list_planned_inputs(const Job& job, const CommandLine& line, inputs::RemotePeers peers,
                                      const std::stop_token& stop);

}  // namespace quern::app
