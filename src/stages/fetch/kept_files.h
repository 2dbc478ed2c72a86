#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/result.h"

namespace quern::fetch {

// A line of .quern-kept: docs/formats/fetched-files.md.
struct KeptFile {
  std::string name;
  std::string etag;
  std::uint64_t size_bytes = 0;
  std::int64_t changed_ns = 0;  // the file's time of last change; another one: somebody wrote to it since
};
std::string to_line(const KeptFile& file);
// Of one line without its '\n'. None: it is not such a line.
std::optional<KeptFile> parse_kept_line(std::string_view line);

// What earlier runs left complete (downloads.keep), folder by folder. One thread.
class KeptFiles {
 public:
  // The complete file at this path, if it is still as it was written.
  std::optional<KeptFile> find(const std::string& path);
  // Remembers for later runs what the file at this path was made of.
  Result<void> add(const std::string& path, const std::string& etag);

 private:
  using Folder = std::unordered_map<std::string, KeptFile>;
  Folder& load(const std::string& folder);
  std::unordered_map<std::string, Folder> folders_;
};

}  // namespace quern::fetch
