#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/stream.h"
#include "model/packed_inputs.h"
#include "stages/inputs/own_files.h"

namespace quern::http {
class Client;
}
namespace quern::s3 {
class Store;
}

namespace quern::inputs {

// One thing that names inputs: a file, a folder (everything below it except dot files), a glob with *, ?, [], {a,b} and
// **, or with s3:// the same for the objects of a bucket; or an http:// or https:// URL. A trailing / means everything
// below. A file or folder with exactly this name takes precedence over any other meaning.
struct Pattern {
  std::string text;    // as written; the names of its inputs begin with it
  std::string folder;  // absolute; relative patterns are relative to it
  std::string origin;  // "analysis-tools.yml:7" or "-i", for messages
};

// What is needed to ask about remote inputs. Each function is called when the first remote input is found and must
// always return the same: a run over local files needs neither credentials nor a network. Used only on the calling
// thread. If a function is missing, remote inputs are refused.
struct RemotePeers {
  std::function<Result<s3::Store*>()> store = {};
  std::function<Result<http::Client*>()> client = {};
  std::size_t parallel = 8;  // for how many inputs sizes are requested at once
  // Whether to request the sizes of URLs and of names that a list has no size for. Otherwise the fetch finds them out.
  bool asks_sizes = false;
};

struct InputRequest {
  std::vector<Pattern> patterns;
  std::optional<Pattern>
      manifest;  // file with one path or URL a line, optionally TAB and its size; "-" is standard input
  ByteSource* standard_input = nullptr;  // has names like a manifest (the pattern "-"); borrowed
  // If not empty, patterns and names without a scheme are keys in this bucket, not files.
  std::string bucket = {};
  std::optional<Pattern> filter = {};  // a Filter.json; not applied to inputs from the index, which applies it itself
  std::optional<Pattern> index = {};   // the URL of a server that is asked for inputs
  bool shows_query = false;            // names of URLs include their queries
  RemotePeers peers = {};
  // Files that quern writes or has written where this run writes. Patterns and folders do not include them, and it is
  // an error if one is named and would be replaced. Borrowed; may be nullptr.
  const OwnFiles* own_files = nullptr;
  // Whether a shell may have expanded a pattern to these names. Then files that every run leaves (is_left_by_a_run) are
  // left out even if named.
  bool names_may_be_expanded = false;
};

// Returns all inputs, sorted by name in byte order, with their sizes as far as they are known. Each appears once, and a
// note says how many were named more than once; the same file under two names is one input. Files that Hadoop writes
// next to data (is_bookkeeping) and that runs leave next to results (is_left_by_a_run) are left out with a note, unless
// a pattern has exactly that name.
// Errors name the pattern and its origin: a pattern that matches nothing, a file or an object that does not exist or is
// not readable, and an empty list. If a manifest or an index names something that does not exist, it stays in the list,
// as does a URL: it fails when it is opened or fetched, and counts as a failed input. Objects are named
// s3://bucket/key, or by their key if `bucket` is set, and URLs as in shown_url, unless `shows_query` is set.
// Blocks on the disk, and on the network if something remote is named.
Result<InputList> list_inputs(const InputRequest& request, const std::stop_token& stop = {});

}  // namespace quern::inputs
