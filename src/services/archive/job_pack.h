#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

// Packs the folder of a job into text that fits into a task's environment (docs/formats/job-pack.md). Only this folder
// uses libarchive.

namespace quern::archive {

struct PackOptions {
  // Paths relative to the folder that are left out together with their contents. Hidden files, __pycache__ and *.pyc
  // are always left out.
  std::vector<std::string> left_out;
  std::size_t most_text_bytes = 0;    // the most bytes of the text
  std::size_t most_folder_bytes = 0;  // the most bytes of all files, plus about 1 KiB for each, before compression
};

// Returns a tar archive of the regular files and folders, compressed with zstd, in base64. Links to files within the
// folder are stored as those files. Entries are in order of their names, without times or owners, and with modes 0644
// or 0755, so that the same files result in the same text on any machine. kBadInput if the text or the folder is too
// large (the message names the largest files), a link leaves the folder, or a file contains a secret (folder_files.h).
// Blocks on the disk.
Result<std::string> pack_folder(const std::string& folder, const PackOptions& options);

// Creates the files below `folder`, which must exist. kBadInput if the text is not a pack, is damaged, exceeds
// `most_folder_bytes`, or contains a path outside of the folder, a link or a device. Files that were created before the
// error remain. Blocks on the disk.
Result<void> unpack_folder(std::string_view text, const std::string& folder, std::size_t most_folder_bytes);

// Encodes bytes as one word of text: compressed with zstd, with a checksum, in base64. Pure functions.

std::string text_of(std::string_view bytes);

// kBadInput if the text does not have this form, is damaged, or decodes to more than `most_bytes`.
Result<std::string> bytes_of(std::string_view text, std::size_t most_bytes);

}  // namespace quern::archive
