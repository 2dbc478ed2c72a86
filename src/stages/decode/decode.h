#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/fd.h"
#include "base/stream.h"
#include "model/block.h"
#include "model/event.h"
#include "model/job.h"
#include "model/limits.h"
#include "model/packed_inputs.h"
#include "stages/decode/stored_source.h"

// From stored bytes to records: decompresses as a stream, verifies, and cuts at record boundaries. Nothing here is
// thread-safe; everything blocks on the disk. A block source may use threads internally.

namespace quern::limits {

// The most a decoder may require for its window or dictionary: enough for zstd --ultra --long=31 and xz with a
// dictionary of 1.5 GiB.
inline constexpr std::size_t kDecodeWindowBytes = 2 * kGiB;

}  // namespace quern::limits

namespace quern::decode {

// Determines the format from the first bytes of a file or, if they are not those of a known format, from its name
// (model/compression.h). Otherwise kNone. Of Brotli, which has no magic bytes, the name decides alone.
Compression detect(std::string_view first_bytes, std::string_view name);

// A stream of decoded bytes. Reading from the result fails with kBadInput, the reason and the offset in the stored
// file, unless the stream is complete and verified. Concatenated members are read one after another; trailing garbage
// is an error, except zeros after the last member of a gzip file. Like the programs of these formats, it refuses a
// stored file of no bytes, except for lz4. The old .lzma form has no checksum: only its length and its end mark can be
// verified. Memory is bounded by limits::kDecodeWindowBytes.
Result<std::unique_ptr<ByteSource>> make_decoder(Compression compression, std::unique_ptr<ByteSource> stored);

// Reads a file from the local disk, or a pipe. Errors name the path; if it is a folder, the first read fails. A file
// that ends before `listed_bytes` has been truncated since it was listed, which is kBadInput.
// Reading a pipe or a terminal ends with kStopped once `stop` is requested.
Result<std::unique_ptr<StoredSource>> open_stored_file(const std::string& path, std::uint64_t listed_bytes,
                                                       const std::stop_token& stop = {});
// The same for a file that is already open; `path` is for messages.
std::unique_ptr<StoredSource> make_stored_file(Fd fd, const std::string& path, std::uint64_t listed_bytes,
                                               const std::stop_token& stop = {});

// What the content of an input is checked for before its first record: kLines checks that it is lines of text, kJson
// that each line is a JSON record (stages/decode/foreign.h). If the compression is given as none, archives are not
// searched for.
enum class Content { kAny, kLines, kJson };

struct DecodeOptions {
  std::optional<Compression> compression;  // absent: detect it
  RecordKind record = RecordKind::kKeyedJson;
  // If set, records are read as this says, and come as lines of JSON; `record` is then kJson.
  std::optional<RecordFormat> format;
  std::vector<std::string> wanted_members = {};  // of such records (formats::WantedMembers)
  std::string separator;                         // between key and value of a pair, in text for programs
  Content content = Content::kAny;
  std::size_t block_bytes = 0;       // at least 3
  std::size_t max_record_bytes = 0;  // at least 3
  // If above 1, large inputs whose format allows it (docs/job-file.md) are decoded by this many threads. The output is
  // the same.
  std::size_t threads = 1;
  // Whether an input that does not fit into a block is read to its verified end before its first block is returned, and
  // then once more. Then no block of a failed input is ever returned, unless the stored file changes meanwhile.
  bool verifies_first = false;
  // Whether the records of a pipe are returned as soon as they are there, in blocks of any size.
  bool is_prompt = false;
  std::stop_token stop = {};  // ends that reading with kStopped, which is returned, but not reported
};

// Cuts the list, in order, into runs of inputs whose stored sizes add up to less than `run_bytes`, and of at most
// limits::kBatchInputs inputs. Every larger input is a run of its own. The result depends only on the list.
std::vector<InputRun> plan_runs(const PackedInputs& inputs, std::uint64_t run_bytes);

}  // namespace quern::decode
