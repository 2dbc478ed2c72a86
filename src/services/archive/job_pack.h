#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

// The folder of a job as text that fits into a task's environment (docs/formats/job-pack.md). The only user of
// libarchive.

namespace quern::archive {

struct PackOptions {
  // Paths relative to the folder that are left out, with what is below them. Hidden files, __pycache__ and *.pyc are
  // always left out.
  std::vector<std::string> left_out;
  std::size_t most_text_bytes = 0;    // of the text
  std::size_t most_folder_bytes = 0;  // of all files together, with about 1 KiB for each, before they are compressed
};

// A tar archive of the regular files and folders (links to files within the folder as these files), in order of their
// names, with neither times nor owners, and modes 0644 or 0755; zstd; base64. The same files give the same text on any
// machine. kBadInput: it is longer than allowed, naming the largest files, a link leaves the folder, or a file holds a
// secret (secret_marks.h). Blocks.
Result<std::string> pack_folder(const std::string& folder, const PackOptions& options);

// Makes the files below `folder`, which must exist. kBadInput: the text is no pack, is damaged, larger than
// `most_folder_bytes`, or names a path outside of the folder, a link or a device; then files that were made before
// stay.
Result<void> unpack_folder(std::string_view text, const std::string& folder, std::size_t most_folder_bytes);

}  // namespace quern::archive
