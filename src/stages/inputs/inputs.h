#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/stream.h"
#include "model/input.h"

namespace quern::inputs {

// One thing that names inputs: a file, a folder (everything below it, dot files aside), or a glob with *, ?, [], {a,b}
// and ** . A trailing / means everything below. A file or folder of exactly that name comes before any other meaning.
struct Pattern {
  std::string text;    // as written; the names of its inputs start as it does
  std::string folder;  // absolute; relative patterns are below it
  std::string origin;  // "analysis-tools.yml:7" or "-i", for messages
};

struct InputRequest {
  std::vector<Pattern> patterns;
  std::optional<Pattern> manifest;  // file with one path a line, optionally TAB and its size; "-" is standard input
  ByteSource* standard_input = nullptr;  // names as in a manifest (a pattern "-"); borrowed
};

// All inputs, sorted by name in byte order, each once (a note says how many were named twice; the same file under two
// names is one input), with their sizes. A pattern that matches nothing, a file that is not there or not readable, and
// an empty list are errors that name the pattern and its origin. A file of a manifest that is not there stays in the
// list: it fails when it is opened, and counts as a failed input.
Result<InputList> list_inputs(const InputRequest& request);

}  // namespace quern::inputs
