#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "stages/fetch/download_folder.h"
#include "stages/fetch/file_mark.h"

namespace quern::fetch {

// A line of .quern-kept or .quern-lock: docs/formats/fetched-files.md.
struct KeptFile {
  std::string name;
  std::string etag = {};  // "" if the server gave none
  FileMark mark = {};     // without the inode, in a line
};
std::string to_line(const KeptFile& file);
// Of one line without its '\n'. None: it is not such a line.
std::optional<KeptFile> parse_kept_line(std::string_view line);
// Those of a whole file; what is no such line is passed over.
std::vector<KeptFile> parse_kept_files(std::string_view text);

// What earlier runs left complete (downloads.keep), folder by folder. Belongs to the thread of the folder.
class KeptFiles {
 public:
  // The folder is borrowed.
  explicit KeptFiles(DownloadFolder& folder) : folder_(folder) {}
  // The complete file of this name, if it is still as it was written; with its inode.
  std::optional<KeptFile> find(const std::string& name);
  // Remembers for later runs what the file of this name is made of, which will appear.
  Result<void> add(const std::string& name, const std::string& etag, const FileMark& mark);

 private:
  using Files = std::unordered_map<std::string, KeptFile>;
  Files& load(const std::string& folder);

  DownloadFolder& folder_;
  std::unordered_map<std::string, Files> loaded_;
};

}  // namespace quern::fetch
