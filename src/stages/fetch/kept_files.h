#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "model/limits.h"
#include "stages/fetch/download_folder.h"

namespace quern::limits {

// The largest list of kept files that is read.
inline constexpr std::size_t kMaxKeptFilesBytes = 1 * kGiB;

}  // namespace quern::limits

namespace quern::fetch {

// A line of .quern-kept or .quern-lock: docs/formats/fetched-files.md.
struct KeptFile {
  std::string name;
  std::string etag = {};  // "" if the server sent none
  FileMark mark = {};     // without the inode in a file's line
};
std::string to_line(const KeptFile& file);
// Parses one line without its '\n'. Returns nothing if it is not such a line.
std::optional<KeptFile> parse_kept_line(std::string_view line);
// Parses a whole file and ignores other lines.
std::vector<KeptFile> parse_kept_files(std::string_view text);

// The complete files that earlier runs left (downloads.keep), folder by folder. Used by the thread of the folder.
class KeptFiles {
 public:
  // `folder` is borrowed.
  explicit KeptFiles(DownloadFolder& folder) : folder_(folder) {}
  // Returns the complete file of this name with its inode, if it is unchanged since it was written.
  std::optional<KeptFile> find(const std::string& name);
  // Records, for later runs, the object from which the file of this name, which does not exist yet, is made.
  Result<void> add(const std::string& name, const std::string& etag, const FileMark& mark);

 private:
  using Files = std::unordered_map<std::string, KeptFile>;
  Files& load(const std::string& folder);

  DownloadFolder& folder_;
  std::unordered_map<std::string, Files> loaded_;
};

// Which bytes of an object an earlier run left in its part file: docs/formats/fetched-files.md.
struct ResumeState {
  struct Range {
    std::uint64_t first = 0;
    std::uint64_t count = 0;
  };
  // The boot id of the machine that wrote it: bytes that were not synced are trusted only until the machine restarts.
  std::string boot;
  std::string etag;  // strong, with its quotes
  std::uint64_t size_bytes = 0;
  std::vector<Range> taken;  // in order, not adjacent
};

std::string to_text(const ResumeState& state);
// Returns nothing if `text` is not a state, or its ranges are not in order and within the size.
std::optional<ResumeState> parse_resume_state(std::string_view text);

// The boot id of this machine; "" if the kernel does not provide it, and then nothing is resumed.
std::string boot_of_machine();

}  // namespace quern::fetch
