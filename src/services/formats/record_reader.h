#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "model/limits.h"
#include "model/record_format.h"

// Reads records that are not simply lines, and writes each as a line of JSON. A format is one file here. Nothing here
// is thread-safe, and nothing blocks.

namespace quern::formats {

// A record that is left out.
struct BadRecord {
  std::uint64_t line = 0;
  std::string record;  // without line breaks
  std::string reason;
};

struct Records {
  Buffer lines;
  std::vector<BadRecord> bad;
};

// Reads the records of one input after another. A record becomes a line of JSON, followed by an empty line for each
// further line that it had in the input; so does every line that is not a record, or a bad one. The line numbers of
// what is written are thus those of the input. The records of a document have no lines; they are numbered.
class RecordReader {
 public:
  virtual ~RecordReader() = default;

  // Must be called before each input.
  virtual void begin() = 0;

  // Takes whole records from the beginning of `bytes`, which continue where the last call stopped, and returns how many
  // bytes it took: 0 if the first record is not whole yet. Stops early once it has written kEnoughBytes, so memory does
  // not grow with what a few bytes may expand to. The last call of an input has `is_end`, maybe without bytes; if there
  // are bytes, it takes some. An error concerns the whole input.
  virtual Result<std::size_t> take(std::string_view bytes, bool is_end, Records& records) = 0;

  // Called if `bytes`, none of which take() took, begin with a record that is too long. It is left out: drop() takes as
  // much of it as there is, at least one byte, and further calls of take() the rest. `reason` is for the bad record.
  virtual std::size_t drop(std::string_view bytes, std::string reason, Records& records) = 0;
};

inline constexpr std::size_t kEnoughBytes = 256 * limits::kKiB;

// The names of the members that anything reads, without escapes; an empty list means all. Records that are maps of
// texts (is_flat in model/record_format.h) are written without the others then, but for the first record of each input,
// which messages show.
using WantedMembers = std::vector<std::string>;

std::unique_ptr<RecordReader> make_record_reader(const RecordFormat& format, const WantedMembers& wanted = {});

// One for each format, in a file that explains it.
#define QUERN_READER(kind, word, settings, records, delimiter, reader) \
  std::unique_ptr<RecordReader> make_##reader##_reader(const RecordFormat& format, const WantedMembers& wanted);
QUERN_RECORD_FORMATS(QUERN_READER)
#undef QUERN_READER

// Returns what precedes the value of each member: {"name": or ,"name":, and "" before one that is left out. All members
// are there if none is wanted. `names` are as JSON writes them.
std::vector<std::string> member_prefixes(const std::vector<std::string>& names, const WantedMembers& wanted);

// The texts as they are in JSON, without quotes.
std::vector<std::string> as_json(const std::vector<std::string>& texts);

// Returns why a record is bad that begins in this line and is not UTF-8, with the place of the first wrong byte. In
// tables a carriage return alone ends a line, too.
std::string not_utf8(std::string_view record, std::uint64_t line, bool is_table = false);

// Returns the record, or the beginning of a very long one, as one line: line breaks become spaces.
std::string as_one_line(std::string_view record);

}  // namespace quern::formats
