#pragma once

#include <string>
#include <unordered_set>
#include <vector>

#include "base/result.h"

namespace quern::fetch {

// The folders that files go into: made when the first one comes, gone with this object if they are empty again. Folders
// that were there before stay. One thread.
class Folders {
 public:
  Folders() = default;
  ~Folders();
  Folders(const Folders&) = delete;
  Folders& operator=(const Folders&) = delete;

  // An absolute path. kBadInput: a file is where a folder should be.
  Result<void> make(const std::string& folder);

 private:
  std::unordered_set<std::string> known_;
  std::vector<std::string> made_;  // outer ones first
};

}  // namespace quern::fetch
