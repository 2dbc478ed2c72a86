#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/stream.h"
#include "model/input.h"
#include "model/packed_inputs.h"
#include "stages/inputs/own_files.h"

namespace quern::http {
class Client;
}
namespace quern::s3 {
class Store;
}

namespace quern::inputs {

// One thing that names inputs: a file, a folder (everything below it, dot files aside), a glob with *, ?, [], {a,b} and
// ** , or with s3:// the same for the objects of a bucket; or an http:// or https:// URL. A trailing / means everything
// below. A file or folder of exactly that name comes before any other meaning.
struct Pattern {
  std::string text;    // as written; the names of its inputs start as it does
  std::string folder;  // absolute; relative patterns are below it
  std::string origin;  // "analysis-tools.yml:7" or "-i", for messages
};

// Who is asked about remote inputs. Each is called when the first remote input is met, and has to give the same every
// time: a run over local files needs neither credentials nor a network. Used on the calling thread only. Where they are
// missing, remote inputs are refused.
struct RemotePeers {
  std::function<Result<s3::Store*>()> store = {};
  std::function<Result<http::Client*>()> client = {};
  std::size_t parallel = 8;  // sizes that are asked for at once
  // Whether the sizes of URLs and of what a list names without one are asked for, or left for the fetch to learn.
  bool asks_sizes = false;
};

struct InputRequest {
  std::vector<Pattern> patterns;
  std::optional<Pattern>
      manifest;  // file with one path or URL a line, optionally TAB and its size; "-" is standard input
  ByteSource* standard_input = nullptr;  // names as in a manifest (a pattern "-"); borrowed
  // If not "", patterns and names without a scheme are keys in this bucket instead of files.
  std::string bucket = {};
  std::optional<Pattern> filter = {};  // a Filter.json, for all but the index's inputs: the index has it already
  std::optional<Pattern> index = {};   // the URL of a server that is asked for inputs
  bool shows_query = false;            // names of URLs have their queries
  RemotePeers peers = {};
  // What quern writes, or has written, where this run writes: left out of patterns and folders. What is named and would
  // be replaced is refused. Borrowed; nullptr: nothing.
  const OwnFiles* own_files = nullptr;
  // A shell may have made the names of one pattern, so what every run leaves (is_left_by_a_run) is no input by its
  // name.
  bool names_may_be_expanded = false;
};

// All inputs, sorted by name in byte order, each once (a note says how many were named twice; the same file under two
// names is one input), with their sizes, where these are known. What Hadoop writes next to data (is_bookkeeping) and
// what runs leave next to results (is_left_by_a_run) is left out with a note, unless a pattern has that very name. A
// pattern that matches nothing, a file or an object that is not there or not readable, and an empty list are errors
// that name the pattern and its origin. What a manifest or an index names and is not there stays in the list, as a URL
// does: it fails when it is opened or fetched, and counts as a failed input. Objects are named s3://bucket/key, or by
// their key where `bucket` says where it is, and URLs as shown_url has them, unless `shows_query` says otherwise.
// Blocks on the disk, and on the network where something remote is named.
Result<InputList> list_inputs(const InputRequest& request, const std::stop_token& stop = {});
// The same list, for whoever reads it from its beginning to its end: it may have tens of millions of inputs.
Result<PackedInputList> pack_inputs(const InputRequest& request, const std::stop_token& stop = {});

}  // namespace quern::inputs
