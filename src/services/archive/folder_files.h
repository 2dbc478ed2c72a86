#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace quern::archive {

struct FolderEntry {
  std::string name;  // relative to the folder, with / between its parts
  std::string path;  // of the file itself, after following a link
  bool is_folder = false;
  bool is_executable = false;
  std::uint64_t bytes = 0;
};

// Lists a folder recursively, each folder before its contents, names in byte order, as pack_folder() includes them.
// `left_out` is that of PackOptions. kBadInput, naming the entry, for a link that leaves the folder or leads to a
// folder, and for anything that is neither a file nor a folder.
Result<std::vector<FolderEntry>> list_folder(const std::string& folder, const std::vector<std::string>& left_out);

// Returns what kind of secret a file contains: "a private key" (PEM, OpenSSH, PGP, PuTTY, age) or "a secret key of
// AWS"; "" if none is found. Finds only plain text: not what is compressed, encrypted or split. Pure.
std::string_view secret_in(std::string_view content);

}  // namespace quern::archive
